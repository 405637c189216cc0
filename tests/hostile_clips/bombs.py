"""Small files that make a careless reader use much memory, time or disk, or open other files."""

import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.hostile_clips.boxes import Box, full, parse
from tests.hostile_clips.structure import BoxEdit
from tests.hostile_clips.tables import find_box

MIB = 1024 * 1024
TICKS_PER_SECOND = 10_240  # what ffmpeg writes for 10 frames a second


def _in_moov(make: Callable[[], Box]) -> BoxEdit:
    def edit(root: Box, _: Random) -> None:
        root.find(b"moov").boxes.append(make())

    return edit


def _at_the_end(make: Callable[[], Box], count: int = 1) -> BoxEdit:
    def edit(root: Box, _: Random) -> None:
        root.boxes += [make()] * count

    return edit


def _both(first: BoxEdit, second: BoxEdit) -> BoxEdit:
    def edit(root: Box, random: Random) -> None:
        first(root, random)
        second(root, random)

    return edit


def _tracks(count: int) -> BoxEdit:
    """Add copies of the video track, each with its own id."""

    def edit(root: Box, _: Random) -> None:
        moov = root.find(b"moov")
        for number in range(count):
            copy = parse(bytes(moov.find(b"trak"))).boxes[0]
            copy.find(b"tkhd").put(12, "I", 100 + number)
            moov.boxes.append(copy)

    return edit


def one_picture(count: int, frames_per_second: int, *, width: int = 1920, height: int = 1080) -> BoxEdit:
    """Repeat the first picture ``count`` times, at almost no bytes. The file states ``width`` and ``height``."""

    def edit(root: Box, _: Random) -> None:
        trak = root.find(b"moov", b"trak")
        first_bytes, first_at = _first_sample(root)
        trak.boxes = [box for box in trak.boxes if box.kind != b"edts"]
        table = trak.find(b"mdia", b"minf", b"stbl")
        table.boxes = [
            table.find(b"stsd"),
            full(b"stts", 1, count, TICKS_PER_SECOND // frames_per_second),
            full(b"stsz", first_bytes, count),
            full(b"stsc", 1, 1, 1, 1),
            full(b"stco", count, *[first_at] * count),
        ]
        find_box(root, b"mdhd").put(12, "I", TICKS_PER_SECOND // frames_per_second * frames_per_second)
        table.find(b"stsd").put(40, "HH", width, height)

    return edit


def _first_sample(root: Box) -> tuple[int, int]:
    fixed, _, first = struct.unpack_from(">III", find_box(root, b"stsz").payload.ljust(16, b"\0"), 4)
    (at,) = struct.unpack_from(">I", find_box(root, b"stco").payload, 8)
    return fixed or first, at


def _deep(kind: bytes, depth: int) -> bytes:
    """``depth`` boxes, each inside the one before."""
    return b"".join(struct.pack(">I4s", 8 * (depth - level), kind) for level in range(depth))


def _compressed_moov(root: Box, _: Random) -> None:
    bomb = zlib.compress(bytes(200 * MIB), 9)
    cmvd = Box(b"cmvd", struct.pack(">I", 200 * MIB) + bomb)
    root.find(b"moov").boxes = [Box(b"cmov", boxes=[Box(b"dcom", b"zlib"), cmvd])]


def _elsewhere(kind: bytes, where: bytes) -> BoxEdit:
    """Make the data references point to another file."""

    def edit(root: Box, _: Random) -> None:
        for dref in root.all(b"dref"):
            dref.payload = full(b"", 1).payload + bytes(full(kind, rest=where + b"\0"))

    return edit


def _alias(path: bytes) -> bytes:
    """The path record of an Apple alias: the parts that a reader needs."""
    return bytes(150) + struct.pack(">hH", 2, len(path)) + path + struct.pack(">hH", -1, 0)


def _crowded_sample_entry(root: Box, _: Random) -> None:
    """400,000 empty boxes in the sample entry, each of another kind."""
    distinct = b"".join(struct.pack(">II", 8, number) for number in range(400_000))
    stsd = find_box(root, b"stsd")
    stsd.payload = stsd.payload[:8] + bytes(Box(stsd.payload[12:16], stsd.payload[16:] + distinct))


def _fragment(track: int, samples: int) -> Box:
    traf = Box(b"traf", boxes=[full(b"tfhd", track, flags=0x20000), full(b"trun", samples)])
    return Box(b"moof", boxes=[full(b"mfhd", 1), traf])


_EXTENDS = Box(b"mvex", boxes=[full(b"trex", track, 1, 1024, 1, 0) for track in (1, 2)])
_FRAGMENT_INDEX = Box(b"mfra", boxes=[full(b"tfra", 1, 0, 0xFFFFFFFF), full(b"mfro", 44)])


def _fragments(make: Callable[[], Box], count: int = 1) -> BoxEdit:
    return _both(_in_moov(lambda: _EXTENDS), _at_the_end(make, count))


def _meta(kind: bytes, *boxes: Box) -> Box:
    handler = full(b"hdlr", 0, rest=kind + bytes(13))
    return full(b"meta", rest=b"".join(map(bytes, (handler, *boxes))))


def _tiles(count: int) -> Box:
    """A still picture of many parts. A reader makes a stream of each."""
    tile = full(b"infe", flags=2 << 24, rest=bytes(4) + b"hvc1\0")
    return _meta(b"pict", full(b"iinf", rest=struct.pack(">H", count) + bytes(tile) * count))


def _covers(count: int, size: int) -> Box:
    cover = Box(b"covr", bytes(full(b"data", 0, flags=13, rest=b"\xff\xd8\xff" + bytes(size))))
    return Box(b"udta", bytes(_meta(b"mdir", Box(b"ilst", bytes(cover) * count))))


def _brands(brands: bytes) -> BoxEdit:
    def edit(root: Box, _: Random) -> None:
        root.find(b"ftyp").payload = brands

    return edit


BOMBS: dict[str, BoxEdit] = {
    "500 tracks": _tracks(499),
    "4 video tracks": _tracks(3),
    "30 video tracks": _tracks(29),
    "10 h in 36,000 pictures": one_picture(36_000, 1),
    "10 h in 360,000 pictures": one_picture(360_000, 10),
    "20 s at 1000 pictures a second": one_picture(20_000, 1000),
    "60 s at 240 pictures a second": one_picture(14_400, 240),
    "10,000 boxes deep in moov": _in_moov(lambda: Box(b"udta", _deep(b"udta", 10_000))),
    "10,000 tracks deep": _in_moov(lambda: Box(b"trak", _deep(b"trak", 10_000))),
    "10,000 movies deep": _at_the_end(lambda: Box(b"moov", _deep(b"moov", 10_000))),
    "a title of 3 MB": _in_moov(
        lambda: Box(b"udta", bytes(Box(b"\xa9nam", struct.pack(">HH", 0xFFFF, 0) + b"A" * (3 * MIB))))
    ),
    "a cover of 3 MB": _in_moov(lambda: _covers(1, 3 * MIB)),
    "100 covers": _in_moov(lambda: _covers(100, 1000)),
    "metadata of 5 MB in moov": _in_moov(lambda: Box(b"udta", bytes(5 * MIB))),
    "metadata of 20 MB beside moov": _at_the_end(lambda: Box(b"meta", bytes(20 * MIB))),
    "keys beyond number": _in_moov(lambda: _meta(b"mdta", full(b"keys", 0xFFFFFFFF))),
    "400,000 empty boxes in moov": _in_moov(lambda: Box(b"free", header=bytes(Box(b"free")) * 400_000)),
    "400,000 empty tracks": _in_moov(lambda: Box(b"trak", header=bytes(Box(b"trak")) * 400_000)),
    "400,000 kinds of box in the sample entry": _crowded_sample_entry,
    "30,000 boxes beside moov": _at_the_end(lambda: Box(b"free"), 30_000),
    "a moov compressed from 200 MB": _compressed_moov,
    "samples in /etc/passwd": _elsewhere(b"url ", b"file:///etc/passwd"),
    "samples on the network": _elsewhere(b"url ", b"http://169.254.169.254/latest/meta-data/"),
    "samples behind an alias": _elsewhere(b"alis", _alias(b"/etc/passwd")),
    "audio of 2^32 - 1 samples in a fragment": _fragments(lambda: _fragment(2, 0xFFFFFFFF)),
    "audio of 60 million samples in fragments": _fragments(lambda: _fragment(2, 200_000), 300),
    "video of 60 million samples in fragments": _fragments(lambda: _fragment(1, 200_000), 300),
    "15,000 empty fragments": _fragments(lambda: _fragment(1, 0), 15_000),
    "fragments of a million boxes": _fragments(lambda: Box(b"moof", bytes(Box(b"free")) * 30_000), 30),
    "an index of 2^16 fragments": _at_the_end(lambda: full(b"sidx", 1, 1000, 0, 0, *[0xFFFF] * 0x30000)),
    "an index of fragments without bounds": _at_the_end(lambda: _FRAGMENT_INDEX),
    "a still of 60 tiles": _at_the_end(lambda: _tiles(60)),
    "a still of 60,000 tiles": _at_the_end(lambda: _tiles(60_000)),
    "groups of samples beyond number": _in_moov(lambda: full(b"sgpd", 0x726F6C6C, 2, 0xFFFFFFFF, flags=1 << 24)),
    "brands of 5 kB": _brands(b"isom" * 1250),
    "brands of QuickTime": _brands(b"qt  \0\0\0\0qt  "),
}

# Clips of one picture. Each is made of a base clip, which has the stream, and an edit of the boxes that describe it.
PICTURES: dict[str, tuple[str, BoxEdit]] = {
    "67 megapixels that call themselves 1080p": ("67 megapixels", one_picture(200, 10)),
    "67 megapixels": ("67 megapixels", one_picture(200, 10, width=8192, height=8192)),
    "9 megapixels in 4 tracks": ("9 megapixels", _both(one_picture(200, 10, width=4096, height=2304), _tracks(3))),
    "9 megapixels in 30 tracks": ("9 megapixels", _both(one_picture(200, 10, width=4096, height=2304), _tracks(29))),
    "256 pixels that call themselves 1080p": ("256 pixels", one_picture(200, 10)),
    "pixels of 65535:1 in the stream": ("wide pixels", one_picture(200, 10)),
    "pixels of 1:65535 in the stream": ("flat pixels", one_picture(200, 10)),
}

_ISOM = bytes(Box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41"))
_PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
_SCRIPT = b"ffconcat version 1.0\nfile /etc/passwd\nfile http://169.254.169.254/latest\n"

# Files that are not clips. A reader that guesses the format from the content would open the files that they name.
IMPOSTORS: dict[str, bytes] = {
    "nothing": b"",
    "a playlist": _PLAYLIST,
    "a playlist that begins like an MP4": _ISOM + _PLAYLIST,
    "a playlist inside an MP4": _ISOM + bytes(Box(b"free", _PLAYLIST)),
    "a concat script": _SCRIPT,
    "a concat script that begins like an MP4": _ISOM + bytes(Box(b"free", b"\n" + _SCRIPT)),
    "a session description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "a manifest": b'<?xml version="1.0"?><MPD><BaseURL>http://169.254.169.254/</BaseURL></MPD>',
    "a movie without tracks": _ISOM + bytes(Box(b"moov", bytes(full(b"mvhd", *[1] * 24)))),
    "a movie without anything": _ISOM + bytes(Box(b"moov")),
    "10,000 bytes of zeros": bytes(10_000),
}
