"""A file of lines that are made while PostgreSQL's COPY reads them."""

from collections.abc import Iterator
from io import BufferedIOBase
from itertools import islice

LINES_AT_ONCE = 2000


class CopyStream(BufferedIOBase):
    """The file for ``copy_expert``. At most a few thousand lines are in memory."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._left = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most ``size`` bytes, and none at the end. PostgreSQL's driver always gives a size."""
        assert size is not None and size >= 0
        while len(self._left) < size and (more := "".join(islice(self._lines, LINES_AT_ONCE))):
            self._left += more.encode()
        data, self._left = self._left[:size], self._left[size:]
        return data
