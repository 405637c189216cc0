"""Edits of sample tables, times, offsets and header fields to values that cannot be true."""

import struct
from collections.abc import Callable
from random import Random

from tests.hostile_clips.boxes import Box
from tests.hostile_clips.structure import BoxEdit

_UINT32_MAX = 0xFFFFFFFF
_TRACKS = {"video": 0, "audio": 1}
_TABLES = {
    "video": (b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"elst", b"dref"),
    "audio": (b"stts", b"stsz"),
}
_WRONG_TABLES: dict[str, Callable[[bytes, int], bytes]] = {
    "of 2^32 - 1 entries": lambda table, at: table[:at] + b"\xff\xff\xff\xff" + table[at + 4 :],
    "of 0 entries": lambda table, at: table[:at] + bytes(4) + table[at + 4 :],
    "cut in half": lambda table, _: table[: len(table) // 2],
    "full of ones": lambda table, at: table[: at + 4] + b"\xff" * (len(table) - at - 4),
}


def find_box(root: Box, kind: bytes, track: str = "video") -> Box:
    """The first box of a kind in a track."""
    return root.all(b"trak")[_TRACKS[track]].all(kind)[0]


def write(kind: bytes, offset: int, layout: str, *values: int, track: str = "video") -> BoxEdit:
    """Write numbers into a box of a track."""
    return lambda root, _: find_box(root, kind, track).put(offset, layout, *values)


def _wrong_table(track: str, kind: bytes, wrong: Callable[[bytes, int], bytes]) -> BoxEdit:
    def edit(root: Box, _: Random) -> None:
        table = find_box(root, kind, track)
        table.payload = wrong(table.payload, 8 if kind == b"stsz" else 4)

    return edit


def replaced(kind: bytes, payload: bytes, track: str = "video") -> BoxEdit:
    """Replace the payload of a box of a track."""

    def edit(root: Box, _: Random) -> None:
        find_box(root, kind, track).payload = payload

    return edit


def _table(*numbers: int, layout: str = "I") -> bytes:
    return struct.pack(f">I{len(numbers)}{layout}", 0, *numbers)


def _shown_later(*runs: int) -> bytes:
    """A ctts box of version 1. ``runs`` are pairs: a count of frames, and by how many ticks (signed) they are late."""
    return b"\1\0\0\0" + struct.pack(f">I{len(runs)}i", len(runs) // 2, *runs)


def _samples(count: int, track: str) -> BoxEdit:
    """``count`` samples of one byte each, in one chunk. All tables agree."""

    def edit(root: Box, _: Random) -> None:
        find_box(root, b"stsz", track).payload = _table(1, count)
        find_box(root, b"stts", track).payload = _table(1, count, 2)
        find_box(root, b"stsc", track).payload = _table(1, 1, count, 1)
        find_box(root, b"stco", track).payload = _table(1, 48)

    return edit


def _second_table(root: Box, _: Random) -> None:
    root.find(b"moov", b"trak", b"mdia", b"minf", b"stbl").boxes.append(Box(b"stsz", _table(1, 60_000_000)))


def _media_in_track(root: Box, _: Random) -> None:
    root.find(b"moov", b"trak").boxes.insert(0, Box(b"mdat", bytes(100)))


def _every(kind: bytes, offset: int, layout: str, *values: int) -> BoxEdit:
    def edit(root: Box, _: Random) -> None:
        for box in root.all(kind):
            box.put(offset, layout, *values)

    return edit


TABLES: dict[str, BoxEdit] = {
    f"{track} {kind.decode()} {name}": _wrong_table(track, kind, wrong)
    for track, kinds in _TABLES.items()
    for kind in kinds
    for name, wrong in _WRONG_TABLES.items()
}

TIMING: dict[str, BoxEdit] = {
    "video of time scale 0": write(b"mdhd", 12, "I", 0),
    "video of time scale 2^32 - 1": write(b"mdhd", 12, "I", _UINT32_MAX),
    "audio of time scale 0": write(b"mdhd", 12, "I", 0, track="audio"),
    "movie of time scale 0": _every(b"mvhd", 12, "I", 0),
    "movie that claims 2^32 - 1 ticks": _every(b"mvhd", 16, "I", _UINT32_MAX),
    "first frame of 10 h": replaced(b"stts", _table(2, 1, 10 * 3600 * 10240, 199, 1024)),
    "last frame of 10 h": replaced(b"stts", _table(2, 199, 1024, 1, 10 * 3600 * 10240)),
    "frames without time": replaced(b"stts", _table(1, 200, 0)),
    "all but one frame at one time": replaced(b"stts", _table(2, 199, 0, 1, 20 * 10240)),
    "second frame shown 10 h later": replaced(b"ctts", _shown_later(1, 0, 1, 10 * 3600 * 10240, 198, 0)),
    "second frame shown 50 h earlier": replaced(b"ctts", _shown_later(1, 0, 1, -(1 << 31), 198, 0)),
    "first frame shown 50 h earlier": replaced(b"ctts", _shown_later(1, -(1 << 31), 199, 0)),
    "frames shown in turn now and 29 h later": replaced(b"ctts", _shown_later(*(1, 0, 1, 0x40000000) * 100)),
    "edit list that begins after the end": write(b"elst", 12, "i", 1 << 30),
    "edit list that begins before the start": write(b"elst", 12, "i", -2),
    "edit list of 10 h of nothing": replaced(b"elst", _table(2, 36_000_000, -1, 65536, 20_000, 0, 65536, layout="i")),
    "edit list at 30 times the speed": write(b"elst", 16, "h", 30),
    "edit list of one moment 100 times": replaced(b"elst", _table(100, *(200, 0, 65536) * 100)),
    "edit list of one moment 100,000 times": replaced(b"elst", _table(100_000, *(100, 0, 65536) * 100_000)),
    "video of 60 million samples": _samples(60_000_000, "video"),
    "video of 60 million samples in a second table": _second_table,
    "audio of 60 million samples": _samples(60_000_000, "audio"),
}  # fmt: skip

EMPTY: dict[str, BoxEdit] = {
    f"nothing in {kind.decode()}": replaced(kind, b"")
    for kind in (b"tkhd", b"mdhd", b"hdlr", b"stsd", b"stts", b"stsz")
}

FIELDS: dict[str, BoxEdit] = {
    "chunks beyond the end": lambda root, _: _shift_chunks(root, 1 << 30),
    "chunks in the headers": lambda root, _: _shift_chunks(root, -(1 << 30)),
    "chunks one byte further": lambda root, _: _shift_chunks(root, 1),
    "64-bit chunks beyond the world": lambda root, _: _large_chunks(root, (1 << 63) - 1),
    "one chunk of all samples": replaced(b"stsc", _table(1, 1, _UINT32_MAX, 1)),
    "samples of an unknown description": replaced(b"stsc", _table(1, 1, 1, 99)),
    "chunks that begin at 0": replaced(b"stsc", _table(1, 0, 1, 1)),
    "samples of 2 GB": replaced(b"stsz", _table(0x7FFFFFFF, 200)),
    "samples of 1 byte": replaced(b"stsz", _table(1, 200)),
    "media inside a track": _media_in_track,
    "no key frame": replaced(b"stss", _table(0)),
    "both tracks with one id": write(b"tkhd", 12, "I", 1, track="audio"),
    "a track of id 0": write(b"tkhd", 12, "I", 0),
    "audio that calls itself video": write(b"hdlr", 8, "I", int.from_bytes(b"vide"), track="audio"),
    "video that calls itself audio": write(b"hdlr", 8, "I", int.from_bytes(b"soun")),
    "matrix of zeros": write(b"tkhd", 40, "9i", *[0] * 9),
    "matrix of the largest numbers": write(b"tkhd", 40, "9i", *[0x7FFFFFFF] * 9),
    "matrix that turns by 7 degrees": write(b"tkhd", 40, "9i", 65048, 7987, 0, -7987, 65048, 0, 0, 0, 1 << 30),
    "matrix that shears": write(b"tkhd", 40, "9i", 65536, 6553600, 0, 0, 65536, 0, 0, 0, 1 << 30),
    "matrix that mirrors": write(b"tkhd", 40, "9i", -65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30),
    "sound of 65535 channels": write(b"stsd", 32, "H", 65535, track="audio"),
    "sound of no channels": write(b"stsd", 32, "H", 0, track="audio"),
    "sound of no rate": write(b"stsd", 40, "I", 0, track="audio"),
    "shown as 65535x1": write(b"tkhd", 76, "II", 65535 << 16, 1 << 16),
}  # fmt: skip


def _shift_chunks(root: Box, by: int) -> None:
    table = find_box(root, b"stco")
    offsets = struct.unpack(f">{len(table.payload) // 4 - 2}I", table.payload[8:])
    table.put(8, f"{len(offsets)}I", *(min(_UINT32_MAX, max(0, offset + by)) for offset in offsets))


def _large_chunks(root: Box, offset: int) -> None:
    table = find_box(root, b"stco")
    count = len(table.payload) // 4 - 2
    table.kind = b"co64"
    table.payload = struct.pack(f">II{count}Q", 0, count, *[offset] * count)
