"""Judges a clip that is in the storage by its boxes, and fetches only a few pieces of it."""

from showcase.clips.clip_rules import judge_scan
from showcase.clips.mp4_boxes import BadBoxes, scan_pieces
from showcase.errors import ClipFault, ShowcaseError, UnacceptableClip
from showcase.storage.media_store import MediaStore

# A usual clip takes two to four pieces; a fragmented clip takes one for each fragment. 16 MiB at most.
PIECES_MAX = 256


class _TooManyPieces(ShowcaseError):
    """The boxes that describe the movie are spread over more pieces than the API may fetch."""


def fault_of(media: MediaStore, key: str, size_bytes: int) -> ClipFault | None:
    """The code of the rule that a stored clip breaks, or None. Raises ObjectMissing, Unavailable.

    A clip that would take too many pieces passes: the worker, which downloads the whole clip, judges every clip again.
    """
    size = media.size(key)
    if size != size_bytes:
        return "size_differs"
    pieces = 0

    def read(start: int, count: int) -> bytes:
        nonlocal pieces
        if pieces == PIECES_MAX:
            raise _TooManyPieces(f"{key} is in more than {PIECES_MAX} pieces")
        pieces += 1
        return media.read_range(key, start, count)

    try:
        judge_scan(scan_pieces(read, size))
    except (BadBoxes, UnacceptableClip) as fault:
        return fault.code
    except _TooManyPieces:
        return None
    return None
