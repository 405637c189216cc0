"""Edits of the sample description: wrong codec, size, pixel shape, colours and decoder configuration."""

import struct
from collections.abc import Callable
from random import Random

from tests.hostile_clips.boxes import Box
from tests.hostile_clips.structure import BoxEdit
from tests.hostile_clips.tables import find_box, write

_WIDTH_AT = 40  # in stsd: after the full-box header, the count, the entry's header and 24 of its bytes
_ENTRY_AT = 94  # where the boxes of a visual sample entry begin


def _codec(name: bytes) -> BoxEdit:
    def edit(root: Box, _: Random) -> None:
        stsd = find_box(root, b"stsd")
        stsd.payload = stsd.payload[:12] + name + stsd.payload[16:]

    return edit


def _with_box(kind: bytes, payload: bytes) -> BoxEdit:
    """Replace the box of this kind in the sample entry; add it if there is none."""

    def edit(root: Box, _: Random) -> None:
        stsd = find_box(root, b"stsd")
        others = stsd.payload[_ENTRY_AT:].replace(kind, b"free")
        entry = stsd.payload[16:_ENTRY_AT] + bytes(Box(kind, payload)) + others
        stsd.payload = stsd.payload[:8] + bytes(Box(stsd.payload[12:16], entry))

    return edit


def _configuration(change: Callable[[bytes, Random], bytes]) -> BoxEdit:
    """Change the decoder configuration; its length stays."""

    def edit(root: Box, random: Random) -> None:
        stsd = find_box(root, b"stsd")
        kind = b"avcC" if b"avcC" in stsd.payload else b"hvcC"
        at = stsd.payload.index(kind) + 4
        end = at - 8 + int.from_bytes(stsd.payload[at - 8 : at - 4])
        changed = change(stsd.payload[at:end], random)
        assert len(changed) == end - at
        stsd.payload = stsd.payload[:at] + changed + stsd.payload[end:]

    return edit


def _flip_bit(data: bytes, random: Random) -> bytes:
    at = random.randrange(6, len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


CONFIGURATIONS: dict[str, BoxEdit] = {
    "configuration of zeros": _configuration(lambda data, _: bytes(len(data))),
    "configuration of ones": _configuration(lambda data, _: b"\xff" * len(data)),
    "configuration of noise": _configuration(lambda data, random: random.randbytes(len(data))),
    "configuration with parameter sets of noise": _configuration(
        lambda data, random: data[:8] + random.randbytes(len(data) - 8)
    ),
    "configuration cut in half": _configuration(lambda data, _: data[: len(data) // 2].ljust(len(data), b"\0")),
    "configuration with lengths of 2 bytes": _configuration(lambda data, _: data[:4] + b"\xfd" + data[5:]),
    "configuration of 31 parameter sets": _configuration(lambda data, _: data[:5] + b"\xff" + data[6:]),
    **{f"configuration with bit {n} flipped": _configuration(_flip_bit) for n in range(1, 5)},
}

_CODECS = (b"encv", b"mjpg", b"hvc1", b"mp4v", b"vp09", b"av01", b"XXXX", bytes(4))
_SIZES = ((0, 0), (1, 1), (8192, 8192), (65535, 65535), (1080, 1080))
_SHAPES = ((0, 0), (1, 0), (1, 10_000), (10_000, 1), (1, 0xFFFFFFFF), (0xFFFFFFFF, 1))
_COLOURS = ((2, 18, 2), (0, 16, 0), (9, 16, 14), (255, 18, 255), (1, 1, 3), (1, 1, 8), (65535, 65535, 65535))
_SCHEME = bytes(Box(b"frma", b"avc1")) + bytes(Box(b"schm", bytes(4) + b"cenc" + bytes(4)))

DESCRIPTIONS: dict[str, BoxEdit] = {
    **{f"codec {name!r}": _codec(name) for name in _CODECS},
    **{f"claimed size {width}x{height}": write(b"stsd", _WIDTH_AT, "HH", width, height) for width, height in _SIZES},
    **{f"pixels of {across}:{down}": _with_box(b"pasp", struct.pack(">II", across, down)) for across, down in _SHAPES},
    **{f"colours {colours}": _with_box(b"colr", b"nclx" + struct.pack(">HHHB", *colours, 0)) for colours in _COLOURS},
    "shown through an aperture of nothing": _with_box(b"clap", bytes(32)),
    "shown through an aperture of everything": _with_box(b"clap", b"\x7f\xff\xff\xff" * 8),
    "a protection scheme": _with_box(b"sinf", _SCHEME),
}
