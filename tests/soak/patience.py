"""For whoever looks into a database that is being crashed: ask again until it answers."""

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from showcase.errors import Unavailable

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.1

P = ParamSpec("P")
R = TypeVar("R")


def patiently(work: Callable[P, R]) -> Callable[P, R]:
    """``work`` may be made again: it is, for as long as it raises Unavailable, within bounds."""

    @wraps(work)
    def made_again(*arguments: P.args, **keywords: P.kwargs) -> R:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return work(*arguments, **keywords)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)

    return made_again
