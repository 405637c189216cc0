"""How many videos the worker processes at once."""

import threading


class Slots:
    """A fixed number of places for jobs. ``close`` wakes a thread that waits in ``take``."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = count
        self._closed = False
        self._changed = threading.Condition()

    def take(self, most: int, seconds: float) -> int:
        """Wait up to ``seconds`` for a free place, then take up to ``most`` places.

        Returns how many were taken: 0 if none became free, or after ``close``.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._closed, seconds)
            taken = 0 if self._closed else min(self._free, most)
            self._free -= taken
            return taken

    def give_back(self, count: int = 1) -> None:
        with self._changed:
            self._free += count
            self._changed.notify_all()

    def in_use(self) -> int:
        """How many places are taken."""
        with self._changed:
            return self._count - self._free

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float) -> bool:
        """True if all places are free within ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: self._free == self._count, seconds)
