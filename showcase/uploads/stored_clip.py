"""Judging a clip that is in the storage by its boxes, of which only few pieces are fetched."""

from showcase.clips.clip_rules import judge_scan
from showcase.clips.mp4_boxes import BadBoxes, scan_pieces
from showcase.errors import ShowcaseError, UnacceptableClip
from showcase.storage.media_store import MediaStore

# A usual clip takes two to four; one in fragments takes one for each. 16 MiB at most.
PIECES_MAX = 256


class _TooScattered(ShowcaseError):
    """What describes the movie is spread over more pieces than the API wants to fetch."""


class _Pieces:
    def __init__(self, media: MediaStore, key: str) -> None:
        self._media = media
        self._key = key
        self._left = PIECES_MAX

    def read(self, start: int, count: int) -> bytes:
        if not self._left:
            raise _TooScattered(f"{self._key} is in more than {PIECES_MAX} pieces")
        self._left -= 1
        return self._media.read_range(self._key, start, count)


def fault_of(media: MediaStore, key: str, size_bytes: int) -> str | None:
    """The code of the rule that a stored clip breaks, or None. Raises ObjectMissing, Unavailable.

    A clip that would take too many pieces passes: the worker, which has all of it, judges every clip again.
    """
    size = media.size(key)
    if size != size_bytes:
        return "size_differs"
    try:
        judge_scan(scan_pieces(_Pieces(media, key).read, size))
    except (BadBoxes, UnacceptableClip) as fault:
        return fault.code
    except _TooScattered:
        return None
    return None
