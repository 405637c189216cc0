"""From a clip on disk to the broadcast clip on disk."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from showcase.clips.clip_rules import judge_movie, unacceptable
from showcase.clips.movie import VideoTrack, read_movie
from showcase.clips.mp4_boxes import BadBoxes
from showcase.errors import SettingsError, Unavailable
from worker.errors import EncodeFailed, EncodeStuck, EncodeWrong
from worker.media.artwork import CHECK_LIMITS
from worker.media.blame import clip_fault, raise_disk_fault
from worker.media.confinement import Confinement, Limits
from worker.media.encoder import Encoder, version_of
from worker.media.media_process import run_briefly, run_media
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
    watermark_check_command,
)
from worker.media.prepared_artwork import PreparedArtwork

SECONDS_MISSING_MAX = 2.0  # a clip of variable frame rate may end on a long frame

ProgressCallback = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Transcoder:
    """Makes broadcast clips with one encoder, one set of artwork and one set of limits.

    ``threads`` is the number of threads of one encode; 0 lets ffmpeg decide.
    """

    encoder: Encoder
    confinement: Confinement
    limits: Limits
    artwork: PreparedArtwork
    threads: int

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: ProgressCallback
    ) -> Path | None:
        """Make the broadcast clip in ``directory``. None if the job was cancelled. ``on_percent`` gets 0 to 99.

        Raises UnacceptableClip if the clip is at fault, Unavailable or OSError if disk, ffmpeg or artwork are, and
        EncodeFailed, EncodeStuck or EncodeWrong if the cause is unknown.
        """
        try:
            clip = judge_movie(read_movie(source))
        except BadBoxes as error:
            raise unacceptable(error.code) from error
        copies = self.artwork.copy_to(directory)
        body = directory / "body.mp4"
        frames_expected = round(min(clip.seconds, BODY_SECONDS_MAX) * FRAMES_PER_SECOND)

        def report(frame: int) -> None:
            on_percent(min(99, 100 * frame // max(1, frames_expected)))

        command = body_command(
            self.encoder, Source(source, clip.transfer), copies.watermark, body, threads=self.threads
        )
        try:
            with self._own_faults_first(directory, clip=source):
                finished = self._run(command, directory, cancelled, report)
        except EncodeFailed as error:
            raise clip_fault(error) or error from error
        if not finished:
            return None
        with self._own_faults_first(directory):
            track = _written_track(body)
            if track is None or track.frames < frames_expected - SECONDS_MISSING_MAX * FRAMES_PER_SECOND:
                raise unacceptable("damaged")
            return self._join([copies.opening, body, copies.closing], track, directory, cancelled)

    def ping(self) -> None:
        """Decode the watermark, to prove that ffmpeg works, in the same version as at the start. Raises Unavailable.

        Another version may encode a body that does not fit the bumpers. They are encoded again only at a new start.
        """
        try:
            version = version_of(self.encoder.path)
            if version != self.encoder.version:
                raise Unavailable("encoder", f"check of the version (it is now {version}: restart this worker)")
            run_briefly(
                watermark_check_command(self.encoder),
                confinement=self.confinement,
                limits=CHECK_LIMITS,
                data=self.artwork.watermark,
            )
        except (SettingsError, EncodeFailed, EncodeStuck) as error:
            raise Unavailable("encoder", "decode the watermark", kind=str(error).partition("\n")[0]) from error

    @contextmanager
    def _own_faults_first(self, directory: Path, *, clip: Path | None = None) -> Iterator[None]:
        """Raises Unavailable for a failure in the block if the disk, our own files or ffmpeg itself are at fault."""
        try:
            yield
        except (EncodeFailed, EncodeWrong) as error:
            if isinstance(error, EncodeFailed):
                raise_disk_fault(error, clip=clip)
            self.artwork.check_copies(directory)
            self.ping()
            raise

    def _run(self, command: list[str], directory: Path, cancelled: threading.Event, on_frame: ProgressCallback) -> bool:
        return run_media(
            command,
            directory=directory,
            confinement=self.confinement,
            limits=self.limits,
            cancelled=cancelled,
            on_frame=on_frame,
        )

    def _join(self, parts: list[Path], body: VideoTrack, directory: Path, cancelled: threading.Event) -> Path | None:
        """Join the body to the bumpers, and check the result. None if the job was cancelled."""
        if body.decoder_configuration != self.artwork.decoder_configuration:
            raise EncodeWrong("the body cannot be joined to the bumpers: their decoder configurations differ")
        parts_list, target = directory / "parts.ffconcat", directory / "processed.mp4"
        parts_list.write_text(parts_list_text(parts))
        command = join_command(self.encoder, parts_list, target)
        if not self._run(command, directory, cancelled, lambda _frame: None):
            return None
        result = _written_track(target)
        shape = result and (result.codec, result.width, result.height, result.frames)
        ordered = ("avc1", WIDTH, HEIGHT, body.frames + 2 * BUMPER_FRAMES)
        if shape != ordered:
            raise EncodeWrong(f"the result is {shape}, ordered was {ordered}")
        return target


def _written_track(path: Path) -> VideoTrack | None:
    """The track that ffmpeg wrote. None if the file has no picture. Raises EncodeWrong or OSError."""
    try:
        return read_movie(path).video
    except BadBoxes as error:
        raise EncodeWrong(f"{path.name}: {error}") from error
