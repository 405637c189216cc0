"""Reads the new lines of live EMF logs, again and again: they may be rotated, cut short, or not exist yet."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloudwatch.emf import EmfReader
from cloudwatch.emf.metadata import Record
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX

READ_BYTES = 1 << 20
REMEMBERED_BYTES = 1_024  # more than a line, so that they hold a timestamp


@dataclass
class LogFollower:
    """One log. The rest of a file that was renamed is read before the new file of the same name.

    A file that was cut is read from its beginning. It is recognised by the last bytes that were read, which are not
    there any more. Lines that were written between the last reading and the cut are lost, as for every reader.
    """

    path: Path
    reader: EmfReader
    _descriptor: int | None = None
    _offset: int = 0
    _last_read: bytes = b""  # the bytes before the offset
    _rest: bytes = b""  # of a line that is not complete

    def new_records(self) -> Iterator[Record]:
        """The documents of all complete lines that were written since the last call. Raises OSError."""
        if self._descriptor is not None:
            yield from self._read_on(self._descriptor)
            if self._is_replaced(self._descriptor):
                self.close()
        if self._descriptor is None and self.path.exists():
            self._descriptor = os.open(self.path, os.O_RDONLY)
            self._go_to_the_beginning()
            yield from self._read_on(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _go_to_the_beginning(self) -> None:
        self._offset, self._last_read, self._rest = 0, b"", b""

    def _is_replaced(self, descriptor: int) -> bool:
        """Whether another file has the name now. After a renaming, there may be no such file yet."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        opened = os.fstat(descriptor)
        return (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino)

    def _read_on(self, descriptor: int) -> Iterator[Record]:
        known = len(self._last_read)
        if os.pread(descriptor, known, self._offset - known) != self._last_read:
            self._go_to_the_beginning()
        while chunk := os.pread(descriptor, READ_BYTES, self._offset):
            self._offset += len(chunk)
            self._last_read = chunk[-REMEMBERED_BYTES:]
            complete, newline, rest = (self._rest + chunk).rpartition(b"\n")
            self._rest = rest[: DOCUMENT_BYTES_MAX + 2]  # longer lines are refused; this bounds the memory
            if newline:
                lines = complete.decode("utf-8", "surrogateescape").split("\n")
                yield from self.reader.scan(lines, str(self.path))
