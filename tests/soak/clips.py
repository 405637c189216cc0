"""The clips of the soak: all acceptable, no two alike, and each can be made again from the title of its video."""

from enum import StrEnum
from pathlib import Path

from tests.clips import box

LARGE_BYTES = 5 * 1024 * 1024 + 4096  # more than one part of a multipart upload
TITLE_BYTES_MAX = 200


class Kind(StrEnum):
    """What a clip does to the system. It is the last word of the title."""

    PLAIN = "plain"
    LARGE = "large"
    CRASHING = "crashing"  # half of its encodes crash
    DAMAGED = "damaged"  # the encoder cannot make sense of it: failed, with a reason
    CUT = "cut"  # cut off on the way: refused by the API


def kind_of(title: str) -> Kind:
    return Kind(title.rpartition("-")[2])


def body_of(title: str, base: bytes) -> bytes:
    """The file that is uploaded under this title: ``base``, made unique by a box that players skip."""
    mark = b"\n" + title.encode()
    filling = LARGE_BYTES if kind_of(title) is Kind.LARGE else TITLE_BYTES_MAX
    body = base + box(b"free", title.encode().ljust(filling, b".") + mark)
    return body[: len(base) // 2] if kind_of(title) is Kind.CUT else body


def title_in(path: Path) -> str:
    """The title that a clip on disk carries at its end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TITLE_BYTES_MAX))
        return file.read().rpartition(b"\n")[2].decode()
