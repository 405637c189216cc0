"""How many videos may be in work at once."""

import threading


class Slots:
    """Places for jobs. Taking waits for one; closing wakes whoever waits."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = count
        self._closed = False
        self._changed = threading.Condition()

    def take(self, most: int, seconds: float) -> int:
        """Wait up to ``seconds`` for a free place, take up to ``most``; return how many. 0: none, or closed."""
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
        """Places that are taken."""
        with self._changed:
            return self._count - self._free

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float) -> bool:
        """True if all places are free within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._free == self._count, seconds)
