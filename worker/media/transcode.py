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

SECONDS_MISSING_MAX = 2.0  # a source of variable frame rate may end on a long frame
# What ffmpeg says of a clip that it cannot make sense of, or that asks for more than we allow, and the code
# of the refusal; the first that fits. Whatever else ends it (a signal, a full disk, a watermark that is gone)
# is not held against the clip.
_THE_CLIPS_FAULT = {
    "exceeds specified max pixel count": "resolution_too_high",
    "matches no streams": "no_video",  # where we saw one
    "supported by the filter 'graph 0 input from stream 0:": "codec_unsupported",  # pictures that no filter takes
    "Unsupported input (": "codec_unsupported",
    "Invalid color space": "codec_unsupported",
    "Invalid too big or non positive size": "damaged",  # of the aperture that is to be shown
    "Error opening input: Cannot allocate memory": "damaged",  # tables and streams beyond number
    "Error during demuxing: Cannot allocate memory": "damaged",
    "Cannot allocate memory": None,  # anywhere else it may be the machine's, whatever follows from it
    "Invalid data found when processing input": "damaged",
    "Error while decoding": "damaged",
    "Error submitting packet to decoder": "damaged",
}
_TOLD_TO_STOP = 255

ProgressCallback = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Transcoder:
    """Makes broadcast clips with one encoder, one set of artwork and one set of limits.

    ``threads`` of one encode; 0 lets ffmpeg decide.
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
        """The broadcast clip, made in ``directory``; None if it was cancelled.

        Raises UnacceptableClip when the clip is at fault, EncodeFailed, EncodeStuck or EncodeWrong when we are.
        """
        clip = self._probe(source)
        body = directory / "body.mp4"
        expected = round(min(clip.seconds, BODY_SECONDS_MAX) * FRAMES_PER_SECOND)
        command = body_command(
            self.encoder, Source(source, clip.transfer), self.watermark.resolve(), body, threads=self.threads
        )
        try:
            finished = self._run(command, directory, cancelled, _percent_of(expected, on_percent))
        except EncodeFailed as error:
            raise whose_fault(error) from error
        return self._join(body, expected, directory, cancelled) if finished else None

    def _probe(self, source: Path) -> VideoTrack:
        try:
            return judge_movie(read_movie(source))
        except BadBoxes as error:
            raise unacceptable(error.code) from error

    def _run(self, command: list[str], directory: Path, cancelled: threading.Event, on_frame: ProgressCallback) -> bool:
        return run_media(
            command,
            directory=directory,
            confinement=self.confinement,
            limits=self.limits,
            cancelled=cancelled,
            on_frame=on_frame,
        )

    def _join(self, body: Path, expected: int, directory: Path, cancelled: threading.Event) -> Path | None:
        track = _made(body)
        if track is None or track.frames < expected - SECONDS_MISSING_MAX * FRAMES_PER_SECOND:
            raise unacceptable("damaged")
        if track.decoder_configuration != self.bumpers.decoder_configuration:
            raise EncodeWrong("the body cannot be joined to the bumpers: another decoder configuration")
        parts_list, target = directory / "parts.ffconcat", directory / "processed.mp4"
        parts_list.write_text(parts_list_text([self.bumpers.opening, body, self.bumpers.closing]))
        command = join_command(self.encoder, parts_list, target)
        if not self._run(command, directory, cancelled, lambda _frame: None):
            return None
        _check_result(_made(target), track.frames + 2 * BUMPER_FRAMES)
        return target


def _percent_of(expected: int, on_percent: ProgressCallback) -> ProgressCallback:
    return lambda frame: on_percent(min(99, 100 * frame // max(1, expected)))


def whose_fault(error: EncodeFailed) -> Exception:
    """A decoder that cannot make sense of the file means a damaged clip, a full disk is one; all else is ours."""
    if os.strerror(errno.ENOSPC) in error.stderr:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    by_itself = 0 < error.exit_code != _TOLD_TO_STOP
    code = next((code for words, code in _THE_CLIPS_FAULT.items() if words in error.stderr), None)
    return unacceptable(code) if by_itself and code else error


def _made(path: Path) -> VideoTrack | None:
    """The track that ffmpeg wrote; None when there was not one picture to write."""
    try:
        return read_movie(path).video
    except (BadBoxes, OSError) as error:
        raise EncodeWrong(f"{path.name}: {error}") from error


def _check_result(result: VideoTrack | None, frames: int) -> None:
    shape = result and (result.codec, result.width, result.height, result.frames)
    if shape != ("avc1", WIDTH, HEIGHT, frames):
        raise EncodeWrong(f"the result is {shape}, ordered was {('avc1', WIDTH, HEIGHT, frames)}")
