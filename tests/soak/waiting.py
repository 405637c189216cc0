"""Waits for conditions, and repeats queries: the soak crashes the database, and its own queries must survive that."""

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from showcase.errors import Unavailable

RETRY_SECONDS_MAX = 120.0
POLL_SECONDS = 0.1

P = ParamSpec("P")
R = TypeVar("R")


def retry_while_unavailable(query: Callable[P, R]) -> Callable[P, R]:
    """Repeat a repeatable function while it raises Unavailable, for RETRY_SECONDS_MAX; then raise it."""

    @wraps(query)
    def repeated(*arguments: P.args, **keywords: P.kwargs) -> R:
        deadline = time.monotonic() + RETRY_SECONDS_MAX
        while True:
            try:
                return query(*arguments, **keywords)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    return repeated


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition became true within ``seconds``. It is checked at least once."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
