"""Reads the boxes of an MP4 file (ISO/IEC 14496-12) while its bytes arrive.

The scanner keeps only the boxes that describe the movie (``ftyp``, ``moov``, ``moof``) and skips the media. So a clip
can be judged during its upload, in bounded memory and without a decoder.
"""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from showcase.errors import ShowcaseError

MOOV_BYTES_MAX = 4 * 1024 * 1024
MOOF_BYTES_MAX = 256 * 1024
FTYP_BYTES_MAX = 4096
BOXES_MAX = 20_000
CHILDREN_MAX = 500  # in one box: a hostile file has a million, and looking at each takes a second
KEPT_BYTES_MAX = 8 * 1024 * 1024  # of all kept boxes together
READ_BYTES = 64 * 1024

_KEPT = {b"ftyp": FTYP_BYTES_MAX, b"moov": MOOV_BYTES_MAX, b"moof": MOOF_BYTES_MAX}
# Boxes that an MP4 file may have before its first ftyp box, and ftyp itself.
_FIRST_BOXES = frozenset({b"ftyp", b"free", b"skip", b"wide"})
_TO_THE_END = 1 << 62  # stands for size 0: the box ends with the file
_SIZE_MAX = 1 << 61


class BadBoxes(ShowcaseError):
    """The bytes are not a whole MP4 file. ``code`` is the ClipFault of a clip with these bytes."""

    def __init__(self, code: Literal["not_mp4", "truncated", "damaged"], detail: str) -> None:
        super().__init__(detail)
        self.code = code


class BoxScanner:
    """Takes the bytes of a file in order: ``feed`` all of them, then ``finish``.

    Afterwards ``kept`` has the type and the payload of each ftyp, moov and moof box, in file order.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[bytes, bytes]] = []
        self._kept_bytes = 0
        self._header = bytearray()
        self._type = b""
        self._left = 0  # bytes of the current box that are still to come
        self._payload: bytearray | None = None  # the payload of the current box, if it is kept
        self._boxes = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises BadBoxes as soon as they cannot belong to an MP4."""
        view = memoryview(data)
        while view:
            view = view[self._take_payload(view) :] if self._left else view[self._take_header(view) :]

    @property
    def skippable(self) -> int:
        """How many of the next bytes are not needed. A reader that can seek may skip them."""
        return self._left if self._payload is None and self._left < _TO_THE_END else 0

    def skip(self, count: int) -> None:
        """Skip ``count`` bytes, at most ``skippable``."""
        self._left -= count

    def finish(self) -> None:
        """Note the end of the file. Raises BadBoxes when the file is not complete."""
        if not self._boxes:
            raise BadBoxes("not_mp4", "the file is empty or too short for an MP4")
        if self._header or 0 < self._left < _SIZE_MAX:
            raise BadBoxes("truncated", f"the file ends inside its {self._type!r} box")
        self._close_box()
        if not any(kind == b"moov" for kind, _ in self.kept):
            raise BadBoxes("truncated", "the file has no moov box")

    def _take_header(self, view: memoryview) -> int:
        """Take bytes of a box header; return how many were taken."""
        size = 16 if self._header[:4] == b"\0\0\0\1" else 8
        taken = bytes(view[: size - len(self._header)])
        self._header += taken
        if len(self._header) == 8 and self._header[:4] == b"\0\0\0\1":
            return len(taken)  # a 64-bit size follows
        if len(self._header) == size:
            self._open_box()
        return len(taken)

    def _open_box(self) -> None:
        size, self._type = struct.unpack_from(">I4s", self._header)
        header_bytes = len(self._header)
        if size == 1:
            (size,) = struct.unpack_from(">Q", self._header, 8)
        self._header.clear()
        self._boxes += 1
        self._check_box(size, header_bytes)
        self._left = size - header_bytes if size else _TO_THE_END
        self._payload = bytearray() if self._type in _KEPT else None
        if not self._left:
            self._close_box()

    def _check_box(self, size: int, header_bytes: int) -> None:
        if not any(kind == b"ftyp" for kind, _ in self.kept) and self._type not in _FIRST_BOXES:
            raise BadBoxes("not_mp4", "the file does not begin like an MP4")
        is_possible = size == 0 or header_bytes <= size < _SIZE_MAX
        if not is_possible or not self._type.isascii() or self._boxes > BOXES_MAX:
            raise BadBoxes("damaged", f"box {self._boxes} has an impossible header")
        if self._type in _KEPT and (size > _KEPT[self._type] or self._kept_bytes + size > KEPT_BYTES_MAX):
            raise BadBoxes("damaged", f"the {self._type!r} box has {size} bytes")

    def _take_payload(self, view: memoryview) -> int:
        """Take bytes of the current box; return how many were taken."""
        taken = view[: self._left]
        if self._payload is not None:
            self._payload += taken
            if len(self._payload) > _KEPT[self._type]:
                raise BadBoxes("damaged", f"the {self._type!r} box is too large")
        self._left -= len(taken)
        if not self._left:
            self._close_box()
        return len(taken)

    def _close_box(self) -> None:
        self._left = 0
        if self._payload is not None:
            self.kept.append((self._type, bytes(self._payload)))
            self._kept_bytes += len(self._payload)
            self._payload = None


def scan_file(path: Path) -> BoxScanner:
    """Scan a whole file, and skip its media by seeking. Raises BadBoxes."""
    with path.open("rb") as file:
        return scan_pieces(lambda start, count: os.pread(file.fileno(), count, start), path.stat().st_size)


def scan_pieces(read: Callable[[int, int], bytes], size: int) -> BoxScanner:
    """Scan ``size`` bytes that ``read(start, count)`` returns in pieces, without the media. Raises BadBoxes."""
    scanner = BoxScanner()
    position = 0
    while position < size and (data := read(position, READ_BYTES)):
        scanner.feed(data)
        position += len(data)
        jump = min(scanner.skippable, size - position)
        scanner.skip(jump)
        position += jump
    scanner.finish()
    return scanner


def children(payload: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes inside a container box, as (type, payload). Raises BadBoxes."""
    view = memoryview(payload)
    count = 0
    while len(view) >= 8:
        count += 1
        if count > CHILDREN_MAX:
            raise BadBoxes("damaged", f"a box contains more than {CHILDREN_MAX} others")
        size, kind = struct.unpack_from(">I4s", view)
        header_bytes = 8
        if size == 1:
            if len(view) < 16:
                raise BadBoxes("damaged", "a box inside another is cut off")
            (size,) = struct.unpack_from(">Q", view, 8)
            header_bytes = 16
        size = size or len(view)
        if not header_bytes <= size <= len(view):
            raise BadBoxes("damaged", f"a {kind!r} box is larger than the box around it")
        yield kind, view[header_bytes:size]
        view = view[size:]


def child(payload: bytes | memoryview, *path: bytes) -> memoryview | None:
    """The first box at a path of types below ``payload``, or None."""
    found = memoryview(payload)
    for wanted in path:
        inner = next((box for kind, box in children(found) if kind == wanted), None)
        if inner is None:
            return None
        found = inner
    return found


def boxes_at(payload: bytes | memoryview, *path: bytes) -> Iterator[memoryview]:
    """All boxes at a path of types below ``payload``. Raises BadBoxes."""
    wanted, *deeper = path
    for kind, box in children(payload):
        if kind == wanted:
            yield from boxes_at(box, *deeper) if deeper else (box,)
