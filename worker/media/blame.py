"""Reads from the error output of ffmpeg whether the disk or the clip caused a failure."""

import errno
import os
import re
from pathlib import Path

from showcase.clips.clip_rules import unacceptable
from showcase.errors import ClipFault, UnacceptableClip, Unavailable
from worker.disk_faults import DISK_ERRNOS
from worker.errors import EncodeFailed

READ_BYTES = 1024 * 1024
# Texts of ffmpeg about a clip that it cannot read or that exceeds a limit, with the code of the refusal. The first text
# that fits counts. Other failures (a signal, a full disk, a missing watermark) are not the clip's fault.
_CLIP_FAULTS: dict[str, ClipFault | None] = {
    "exceeds specified max pixel count": "resolution_too_high",
    "matches no streams": "no_video",  # although the boxes describe a video track
    "supported by the filter 'graph 0 input from stream 0:": "codec_unsupported",  # no filter takes these pictures
    "Unsupported input (": "codec_unsupported",
    "Invalid color space": "codec_unsupported",
    "Invalid too big or non positive size": "damaged",  # the part of the picture to show
    "Error opening input: Cannot allocate memory": "damaged",  # too many tables or streams
    "Error during demuxing: Cannot allocate memory": "damaged",
    "Cannot allocate memory": None,  # the machine may be at fault for this error in another input
    "Invalid data found when processing input": "damaged",
    "Error while decoding": "damaged",
    "Error submitting packet to decoder": "damaged",
}
_EXIT_CODE_AFTER_SIGTERM = 255
_NOT_EXECUTED = (126, 127)  # exit codes of the wrappers of the confinement, if they find no ffmpeg
# The clip is input 0, the watermark is input 1. The name of a decoder says nothing: a clip may have a PNG as its cover.
_ABOUT_THE_CLIP = re.compile(r"\bi(?:n|st)#0|stream #0:|original\.mp4")
_ABOUT_THE_WATERMARK = re.compile(r"\w#1[:/ ]|stream #1:|input (?:stream )?1:|watermark\.png")


def raise_disk_fault(error: EncodeFailed, *, clip: Path | None = None) -> None:
    """Raises Unavailable if ffmpeg failed because of the disk. ``clip`` is None if the owner's file is not its input.

    The exit code of ffmpeg is 256 - errno, or just 1 before version 7. The bytes of a clip can also make a demuxer
    report an I/O error. So an I/O error about the clip counts only if this process cannot read the file either.
    """
    if error.exit_code in _NOT_EXECUTED:
        return
    number = next((number for number in sorted(DISK_ERRNOS) if _is_reported(number, error)), None)
    if number == errno.EIO and clip and _ABOUT_THE_CLIP.search(error.stderr):
        number = _fault_of_reading(clip)
    if number is not None:
        raise Unavailable("disk", "encode", kind=os.strerror(number)) from error


def _is_reported(number: int, error: EncodeFailed) -> bool:
    return error.exit_code == 256 - number or os.strerror(number) in error.stderr


def _fault_of_reading(path: Path) -> int | None:
    try:
        with path.open("rb") as file:
            while file.read(READ_BYTES):
                pass
    except OSError as error:
        return error.errno
    return None


def clip_fault(error: EncodeFailed) -> UnacceptableClip | None:
    """The refusal of the clip, if it is at fault. None if it is not, or if ffmpeg does not name the cause."""
    ended_by_itself = 0 < error.exit_code != _EXIT_CODE_AFTER_SIGTERM
    if not ended_by_itself or _ABOUT_THE_WATERMARK.search(error.stderr):
        return None
    code = next((code for text, code in _CLIP_FAULTS.items() if text in error.stderr), None)
    return unacceptable(code) if code else None
