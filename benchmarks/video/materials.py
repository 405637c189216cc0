"""The input of the variants of the video benchmark: made once, kept under .local, and not measured."""

import hashlib
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.screen import Screen
from showcase.clips.movie import VideoTrack, read_movie
from worker.media.artwork import Artwork, find_artwork
from worker.media.confinement import Confinement, Limits, find_confinement
from worker.media.encoder import Encoder, find_encoder
from worker.media.pipeline import Source, body_command
from worker.media.prepared_artwork import PreparedArtwork, prepare_artwork
from worker.media.transcode import Transcoder

GIB = 1024**3
LIMITS = Limits(wall_seconds=1800, stall_seconds=120, memory_bytes=4 * GIB, cpu_seconds=3600, file_bytes=GIB)
BEHAVED = ["-v", "error", "-nostdin", "-nostats", "-y"]
STDERR_CHARS_SHOWN = 2000
_TARGET = Path("target")


@dataclass(frozen=True, slots=True)
class BodyCommand:
    """The parts of the worker's command for a body. A lower bound is measured with some of these parts only."""

    ffmpeg: str
    inputs: list[str]
    graph: str
    picture: str
    encoding: list[str]

    @property
    def clip(self) -> list[str]:
        """The first input alone, with its options."""
        return self.inputs[: self.inputs.index("-i") + 2]

    def with_output(self, output: list[str], graph: str = "") -> list[str]:
        """Decode and filter as the worker does, with another output and perhaps another graph."""
        picture = ["-filter_complex", graph or self.graph, "-map", self.picture]
        return [self.ffmpeg, *BEHAVED, *self.inputs, *picture, *output]


@dataclass(frozen=True, slots=True)
class Materials:
    """The clip, everything that turns it into a broadcast clip, and the reference that results are compared with."""

    encoder: Encoder
    confinement: Confinement
    artwork: Artwork
    prepared: PreparedArtwork
    clip: Path
    track: VideoTrack
    body: Path  # encoded as the worker does
    raw: Path  # the frames that the worker's filter graph gives to the encoder
    reference: Path  # the best possible body, lossless
    frames: int  # of the body

    def body_command(self, threads: int) -> BodyCommand:
        """The parts of the worker's command for this clip."""
        return split_body_command(self.encoder, self.clip, self.track, self.artwork.watermark.path, threads)

    def transcoder(self, threads: int) -> Transcoder:
        """The worker's transcoder, with its artwork in memory."""
        return Transcoder(self.encoder, self.confinement, LIMITS, self.prepared, threads)


def split_body_command(encoder: Encoder, clip: Path, track: VideoTrack, watermark: Path, threads: int) -> BodyCommand:
    """The parts of the worker's command for the body of ``clip``."""
    command = body_command(encoder, Source(clip, track.transfer), watermark, _TARGET, threads=threads)
    graph = command.index("-filter_complex")
    return BodyCommand(
        ffmpeg=command[0],
        inputs=command[1:graph],
        graph=command[graph + 1],
        picture=command[graph + 3],
        encoding=command[graph + 4 : command.index(str(_TARGET))],
    )


def prepare_clip(home: Path, seconds: int, screen: Screen) -> Path:
    """The clip for a run without ``--clip``: the project's sample, encoded as cameras do."""
    return _once(home / f"sample-{seconds}s.mp4", lambda draft: _make_sample(draft, seconds), screen)


def _make_sample(draft: Path, seconds: int) -> None:
    """Encode the sample again: as rendered (baseline, no CABAC, no deblocking), it decodes three times too fast."""
    from local.sample_clip import render_sample  # noqa: PLC0415 - it needs Pillow, which a run with --clip does not

    ffmpeg = find_encoder(None).path
    with tempfile.TemporaryDirectory(dir=draft.parent) as directory:
        quick = render_sample(ffmpeg, Path(directory) / "quick.mp4", seconds=seconds)
        camera = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "12M", "-g", "30", "-c:a", "copy"]
        run([ffmpeg, *BEHAVED, "-i", str(quick), *camera, str(draft)])


def prepare(clip: Path, home: Path, screen: Screen) -> Materials:
    """Make everything for ``clip``; files in ``home`` from an earlier run of the same recipe are used again."""
    encoder, confinement, artwork = find_encoder(None), find_confinement(), find_artwork(None, None, None)
    prepared = prepare_artwork(encoder, confinement, artwork, home / "bumpers")
    track = _track(clip)
    command = split_body_command(encoder, clip, track, artwork.watermark.path, threads=0)
    place = home / _recipe_key(encoder, clip, command)
    place.mkdir(parents=True, exist_ok=True)
    transcoder = Transcoder(encoder, confinement, LIMITS, prepared, threads=0)
    body = _once(place / "body.mp4", lambda draft: _make_body(transcoder, clip, draft), screen)
    return Materials(
        encoder=encoder,
        confinement=confinement,
        artwork=artwork,
        prepared=prepared,
        clip=clip,
        track=track,
        body=body,
        raw=_once(place / "raw.yuv", lambda draft: run(command.with_output(["-f", "rawvideo", str(draft)])), screen),
        reference=_once(place / "reference.mkv", lambda draft: _make_reference(command, draft), screen),
        frames=_track(body).frames,
    )


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command to its end. Raises RuntimeError with the last of its messages when it fails."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-STDERR_CHARS_SHOWN:]}")


def _make_body(transcoder: Transcoder, clip: Path, draft: Path) -> None:
    with tempfile.TemporaryDirectory(dir=draft.parent) as directory:
        transcoder.transcode(clip, Path(directory), threading.Event(), lambda _percent: None)
        (Path(directory) / "body.mp4").rename(draft)


def _make_reference(command: BodyCommand, draft: Path) -> None:
    """Encode the body without loss, with the worker's geometry and watermark and the most exact scaler."""
    exact = command.graph.replace("flags=bicubic", "flags=lanczos+accurate_rnd")
    assert exact != command.graph, "the worker's graph has no scaler with flags=bicubic"
    run(command.with_output(["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", str(draft)], graph=exact))


def _once(target: Path, make: Callable[[Path], object], screen: Screen) -> Path:
    """Make ``target`` unless it exists. An interrupted run leaves only a draft."""
    if not target.exists():
        screen.line(f"preparing {target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_stem(f"{target.stem}-draft")
        make(draft)
        draft.replace(target)
    return target


def _recipe_key(encoder: Encoder, clip: Path, command: BodyCommand) -> str:
    """A name for everything that decides how the files look."""
    status = clip.stat()
    recipe = [encoder.version, str(status.st_size), str(status.st_mtime_ns), command.graph, *command.encoding]
    return hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:16]


def _track(path: Path) -> VideoTrack:
    video = read_movie(path).video
    assert video is not None, f"{path} has no picture"
    return video
