"""A thread that repeats a piece of work, in the API and in the worker."""

import logging
import random
import threading
from collections.abc import Callable

from showcase.errors import Unavailable

STOP_SECONDS = 20.0  # longer than any call of the work may take: a thread that runs longer hangs

log = logging.getLogger(__name__)


class Periodic:
    """Calls ``work`` about every ``interval_seconds``: each pause is random, so that processes do not act in step.

    ``work`` gets a function that tells whether the thread must end, and asks it between two calls of a dependency.
    ``work`` may raise Unavailable: it is logged, and ``work`` is called again after the next pause.
    """

    def __init__(self, name: str, interval_seconds: float, work: Callable[[Callable[[], bool]], None]) -> None:
        self._name = name
        self._interval_seconds = interval_seconds
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def begin_stop(self) -> None:
        """Make the thread end after the call that it makes now, without waiting for that."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop the thread, and wait for its end. A thread that hangs is left behind, and ends with the process."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            log.error("%s hangs and is left behind", self._name)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_seconds * random.uniform(0.8, 1.2)):  # noqa: S311
            try:
                self._work(self._stopping.is_set)
            except Unavailable as error:
                log.warning("%s: %s", self._name, error)
