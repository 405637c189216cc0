"""From a clip on disk to the broadcast clip on disk."""

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from showcase.clips.clip_rules import judge_movie, unacceptable
from showcase.clips.movie import VideoTrack, read_movie
from showcase.clips.mp4_boxes import BadBoxes
from showcase.errors import ClipFault
from worker.errors import EncodeFailed, EncodeWrong
from worker.media.bumpers import Bumpers
from worker.media.confinement import Confinement, Limits
from worker.media.encoder import Encoder
from worker.media.media_process import run_media
from worker.media.pipeline import (
    BODY_SECONDS_MAX,
    BUMPER_FRAMES,
    FRAMES_PER_SECOND,
    HEIGHT,
    WIDTH,
    Source,
    body_command,
    join_command,
    parts_list_text,
)

SECONDS_MISSING_MAX = 2.0  # a clip of variable frame rate may end on a long frame
# Texts of ffmpeg about a clip that it cannot read or that exceeds a limit, with the code of the refusal. The first text
# that fits counts. Other failures (a signal, a full disk, a missing watermark) are not the clip's fault.
_CLIP_FAULTS: dict[str, ClipFault | None] = {
    "exceeds specified max pixel count": "resolution_too_high",
    "matches no streams": "no_video",  # although the boxes describe one
    "supported by the filter 'graph 0 input from stream 0:": "codec_unsupported",  # no filter takes these pictures
    "Unsupported input (": "codec_unsupported",
    "Invalid color space": "codec_unsupported",
    "Invalid too big or non positive size": "damaged",  # of the aperture to show
    "Error opening input: Cannot allocate memory": "damaged",  # too many tables or streams
    "Error during demuxing: Cannot allocate memory": "damaged",
    "Cannot allocate memory": None,  # elsewhere it may be the machine's fault, like all that follows
    "Invalid data found when processing input": "damaged",
    "Error while decoding": "damaged",
    "Error submitting packet to decoder": "damaged",
}
_EXIT_CODE_AFTER_SIGTERM = 255

ProgressCallback = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Transcoder:
    """Makes broadcast clips with one encoder, one set of artwork and one set of limits.

    ``threads`` is the number of threads of one encode; 0 lets ffmpeg decide.
    """

    encoder: Encoder
    confinement: Confinement
    limits: Limits
    watermark: Path
    bumpers: Bumpers
    threads: int

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: ProgressCallback
    ) -> Path | None:
        """Make the broadcast clip in ``directory``. None if the job was cancelled. ``on_percent`` gets 0 to 99.

        Raises UnacceptableClip if the clip is at fault; EncodeFailed, EncodeStuck, EncodeWrong or OSError if it is not.
        """
        try:
            clip = judge_movie(read_movie(source))
        except BadBoxes as error:
            raise unacceptable(error.code) from error
        body = directory / "body.mp4"
        frames_expected = round(min(clip.seconds, BODY_SECONDS_MAX) * FRAMES_PER_SECOND)

        def report(frame: int) -> None:
            on_percent(min(99, 100 * frame // max(1, frames_expected)))

        command = body_command(
            self.encoder, Source(source, clip.transfer), self.watermark.resolve(), body, threads=self.threads
        )
        try:
            finished = self._run(command, directory, cancelled, report)
        except EncodeFailed as error:
            raise classify_failure(error) from error
        return self._join(body, frames_expected, directory, cancelled) if finished else None

    def _run(self, command: list[str], directory: Path, cancelled: threading.Event, on_frame: ProgressCallback) -> bool:
        return run_media(
            command,
            directory=directory,
            confinement=self.confinement,
            limits=self.limits,
            cancelled=cancelled,
            on_frame=on_frame,
        )

    def _join(self, body: Path, frames_expected: int, directory: Path, cancelled: threading.Event) -> Path | None:
        """Check the body, join it to the bumpers, and check the result. None if the job was cancelled."""
        track = _written_track(body)
        if track is None or track.frames < frames_expected - SECONDS_MISSING_MAX * FRAMES_PER_SECOND:
            raise unacceptable("damaged")
        if track.decoder_configuration != self.bumpers.decoder_configuration:
            raise EncodeWrong("the body cannot be joined to the bumpers: their decoder configurations differ")
        parts_list, target = directory / "parts.ffconcat", directory / "processed.mp4"
        parts_list.write_text(parts_list_text([self.bumpers.opening, body, self.bumpers.closing]))
        command = join_command(self.encoder, parts_list, target)
        if not self._run(command, directory, cancelled, lambda _frame: None):
            return None
        result = _written_track(target)
        shape = result and (result.codec, result.width, result.height, result.frames)
        ordered = ("avc1", WIDTH, HEIGHT, track.frames + 2 * BUMPER_FRAMES)
        if shape != ordered:
            raise EncodeWrong(f"the result is {shape}, ordered was {ordered}")
        return target


def classify_failure(error: EncodeFailed) -> Exception:
    """The error to raise for a failed encode: UnacceptableClip, OSError for a full disk, or ``error`` itself."""
    if os.strerror(errno.ENOSPC) in error.stderr:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    ended_by_itself = 0 < error.exit_code != _EXIT_CODE_AFTER_SIGTERM
    code = next((code for text, code in _CLIP_FAULTS.items() if text in error.stderr), None)
    return unacceptable(code) if ended_by_itself and code else error


def _written_track(path: Path) -> VideoTrack | None:
    """The track that ffmpeg wrote. None if the file has no picture. Raises EncodeWrong."""
    try:
        return read_movie(path).video
    except (BadBoxes, OSError) as error:
        raise EncodeWrong(f"{path.name}: {error}") from error
