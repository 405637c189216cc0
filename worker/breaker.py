"""The circuit breaker: no message is received while the infrastructure is away.

Without it, an outage would hand out every message again and again until it is dead-lettered.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

from showcase.dependencies import Dependency
from showcase.errors import Unavailable

PAUSE_SECONDS_MIN = 1.0
PAUSE_SECONDS_MAX = 30.0
CALM_SECONDS = 60.0  # a trip within this time after it has closed belongs to the same outage

log = logging.getLogger(__name__)


class Breaker:
    """The breaker. ``trip`` opens it. It closes when all dependencies answer a ping. The pauses between the pings grow.

    A ping may succeed although the work does not, for example without a permission. So the pauses go on growing if the
    breaker is tripped soon after it has closed, unless a job succeeded in between. ``on_turn`` is called before each
    pause.
    """

    def __init__(self, dependencies: Sequence[Dependency], on_turn: Callable[[], None]) -> None:
        self._dependencies = dependencies
        self._on_turn = on_turn
        self._open = threading.Event()
        self._pause_seconds = PAUSE_SECONDS_MIN
        self._closed_at = 0.0  # monotonic

    def trip(self) -> None:
        self._open.set()

    def note_success(self) -> None:
        """A job succeeded, so every dependency works."""
        self._pause_seconds = PAUSE_SECONDS_MIN

    def wait_until_closed(self, stopping: threading.Event) -> bool:
        """Wait while it is open. False if ``stopping`` was set meanwhile."""
        if self._open.is_set() and time.monotonic() > self._closed_at + CALM_SECONDS:
            self._pause_seconds = PAUSE_SECONDS_MIN
        while self._open.is_set():
            self._on_turn()
            pause = self._pause_seconds
            log.warning("infrastructure away: polling pauses for %.0f s", pause)
            if stopping.wait(pause * random.uniform(0.5, 1.0)):  # noqa: S311
                return False
            self._pause_seconds = min(2 * pause, PAUSE_SECONDS_MAX)
            self._close_if_all_answer()
        return True

    def _close_if_all_answer(self) -> None:
        self._open.clear()  # before the pings, so that a trip during them is kept
        try:
            for dependency in self._dependencies:
                dependency.ping()
        except Unavailable as error:
            log.warning("%s", error)
            self._open.set()
        else:
            self._closed_at = time.monotonic()
            log.info("infrastructure answers again")
