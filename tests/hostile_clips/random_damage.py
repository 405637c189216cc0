"""Random damage, as disks, networks and fuzzers cause it. Of the format, it uses only the positions of the headers."""

from collections.abc import Callable, Iterator
from random import Random

from tests.hostile_clips.boxes import parse

BytesEdit = Callable[[bytes, Random], bytes]

_HEADERS = frozenset((b"ftyp", b"moov", b"moof"))


def headers(content: bytes) -> list[range]:
    """The positions of the boxes that describe the movie."""
    return [span for kind, span in _spans(content) if kind in _HEADERS]


def first_media(content: bytes) -> list[range]:
    """The position of the samples of the first seconds: the first eighth of the media."""
    span = next(span for kind, span in _spans(content) if kind == b"mdat" and len(span) > 100)
    return [span[8 : 8 + len(span) // 8]]


def anywhere(content: bytes) -> list[range]:
    return [range(len(content))]


def _spans(content: bytes) -> Iterator[tuple[bytes, range]]:
    at = 0
    for box in parse(content).boxes:
        size = len(bytes(box))
        yield box.kind, range(at, at + size)
        at += size


Where = Callable[[bytes], list[range]]


def _position(where: Where, content: bytes, random: Random) -> int:
    spans = where(content)
    return random.choice(random.choices(spans, weights=[len(span) for span in spans])[0])


def bits(where: Where, count: int) -> BytesEdit:
    """Flip single bits."""

    def edit(content: bytes, random: Random) -> bytes:
        data = bytearray(content)
        for _ in range(count):
            data[_position(where, content, random)] ^= 1 << random.randrange(8)
        return bytes(data)

    return edit


def run(where: Where, length: int, value: int | None) -> BytesEdit:
    """Overwrite a run of bytes with one value, or with noise."""

    def edit(content: bytes, random: Random) -> bytes:
        at = _position(where, content, random)
        run = random.randbytes(length) if value is None else bytes([value]) * length
        return (content[:at] + run + content[at + length :])[: len(content)]

    return edit


def cut(content: bytes, random: Random) -> bytes:
    """Cut the end off."""
    return content[: random.randrange(len(content))]


def gap(where: Where, length: int) -> BytesEdit:
    """Remove bytes from the middle."""

    def edit(content: bytes, random: Random) -> bytes:
        at = _position(where, content, random)
        return content[:at] + content[at + length :]

    return edit


def stuffing(where: Where, length: int) -> BytesEdit:
    """Insert noise."""

    def edit(content: bytes, random: Random) -> bytes:
        at = _position(where, content, random)
        return content[:at] + random.randbytes(length) + content[at:]

    return edit


RANDOM_DAMAGE: dict[str, BytesEdit] = {
    "a bit of the headers": bits(headers, 1),
    "bits of the headers": bits(headers, 8),
    "bits of the media": bits(first_media, 4),
    "bits anywhere": bits(anywhere, 16),
    "zeros in the headers": run(headers, 16, 0),
    "ones in the headers": run(headers, 16, 0xFF),
    "noise in the headers": run(headers, 8, None),
    "zeros in the media": run(first_media, 256, 0),
    "ones in the media": run(first_media, 256, 0xFF),
    "noise in the media": run(first_media, 64, None),
    "cut": cut,
    "gap in the headers": gap(headers, 4),
    "gap in the media": gap(first_media, 100),
    "stuffing in the headers": stuffing(headers, 4),
    "stuffing in the media": stuffing(first_media, 100),
}
