"""A thread that repeats a piece of work, in the API and in the worker."""

import logging
import random
import threading
from collections.abc import Callable

from showcase.errors import Unavailable

log = logging.getLogger(__name__)


class Periodic:
    """Calls ``work`` about every ``interval_seconds``: each pause is random, so that processes do not act in step.

    ``work`` may raise Unavailable: it is logged, and ``work`` is called again after the next pause.
    """

    def __init__(self, name: str, interval_seconds: float, work: Callable[[], None]) -> None:
        self._name = name
        self._interval_seconds = interval_seconds
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and wait until a call of ``work`` that has begun ends."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_seconds * random.uniform(0.8, 1.2)):  # noqa: S311
            try:
                self._work()
            except Unavailable as error:
                log.warning("%s: %s", self._name, error)
