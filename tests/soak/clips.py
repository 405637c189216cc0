"""The clips of the soak. All differ, and each can be made again from the title of its video."""

from enum import StrEnum
from pathlib import Path

from tests.clips import box

LARGE_BYTES = 5 * 1024 * 1024 + 4096  # more than one part of a multipart upload
TITLE_BYTES_MAX = 200


class Kind(StrEnum):
    """What the clip causes in the system. The kind is the last word of the title."""

    PLAIN = "plain"
    LARGE = "large"
    CRASHING = "crashing"  # half of its encodes crash
    DAMAGED = "damaged"  # the encoder refuses it: failed, with a reason
    CUT = "cut"  # truncated: refused by the API
    REAL = "real"  # the real encoder makes its result


def kind_of(title: str) -> Kind:
    return Kind(title.rpartition("-")[2])


def content_of(title: str, base: bytes) -> bytes:
    """The file that is uploaded under this title: ``base``, made unique by a "free" box, which players skip."""
    mark = b"\n" + title.encode()
    filling = LARGE_BYTES if kind_of(title) is Kind.LARGE else TITLE_BYTES_MAX
    content = base + box(b"free", title.encode().ljust(filling, b".") + mark)
    return content[: len(base) // 2] if kind_of(title) is Kind.CUT else content


def title_in(path: Path) -> str:
    """The title at the end of a clip on disk."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TITLE_BYTES_MAX))
        return file.read().rpartition(b"\n")[2].decode()
