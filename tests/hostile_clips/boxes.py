"""An MP4 file as a tree of boxes that can be edited."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"edts", b"mvex", b"moof", b"traf"))


@dataclass(slots=True)
class Box:
    """One box. A leaf has a payload, a container has boxes. ``header``, if set, replaces the true header."""

    kind: bytes
    payload: bytes = b""
    boxes: list["Box"] = field(default_factory=list)
    header: bytes | None = None

    def __bytes__(self) -> bytes:
        body = self.payload + b"".join(map(bytes, self.boxes))
        header = struct.pack(">I4s", 8 + len(body), self.kind) if self.header is None else self.header
        return header + body

    def all(self, kind: bytes) -> list["Box"]:
        """Every box of a kind below this one, in file order."""
        return [box for box in self.walk() if box.kind == kind]

    def find(self, *path: bytes) -> "Box":
        """The first box at a path of kinds. Raises StopIteration if there is none."""
        box = self
        for kind in path:
            box = next(inner for inner in box.boxes if inner.kind == kind)
        return box

    def walk(self) -> Iterator["Box"]:
        for box in self.boxes:
            yield box
            yield from box.walk()

    def put(self, offset: int, layout: str, *values: int) -> None:
        """Write big-endian numbers into the payload."""
        data = bytearray(self.payload)
        struct.pack_into(f">{layout}", data, offset, *values)
        self.payload = bytes(data)

    def replace(self, old: bytes, new: bytes) -> None:
        """Replace bytes in the payload. Raises AssertionError if they do not occur in it."""
        assert old in self.payload, f"no {old!r} in {self.kind!r}"
        self.payload = self.payload.replace(old, new)


def parse(content: bytes) -> Box:
    """The whole file, as the boxes of a root box without a kind."""
    return Box(b"", boxes=list(_boxes(content)), header=b"")


def _boxes(content: bytes) -> Iterator[Box]:
    at = 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + size]
        yield Box(kind, boxes=list(_boxes(body))) if kind in _CONTAINERS else Box(kind, body)
        at += size


def full(kind: bytes, *numbers: int, flags: int = 0, rest: bytes = b"") -> Box:
    """A box with version 0, flags, and 32-bit numbers."""
    return Box(kind, struct.pack(f">{1 + len(numbers)}I", flags, *numbers) + rest)
