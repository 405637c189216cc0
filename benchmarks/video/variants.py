"""The variants of the video benchmark: ours, the usual ways to do the same, and parts of the work as lower bounds."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.video.materials import BEHAVED, LIMITS, Materials, run
from showcase.settings import child_environment
from worker.media.media_process import run_media
from worker.media.pipeline import (
    BODY_SECONDS_MAX,
    BUMPER_FRAMES,
    CRF,
    FRAMES_PER_SECOND,
    HEIGHT,
    PRESET,
    WATERMARK_MARGIN,
    WIDTH,
    join_command,
    parts_list_text,
)

PEERS = ("ours", "one-graph", "multi-pass", "moviepy", "bounds")
AUTO, ONE = 0, 1  # threads: ffmpeg's own choice, or one
GOP_FRAMES = 2 * FRAMES_PER_SECOND  # the same for all, because longer ones save bytes
MEDIUM = "multi-pass-medium"  # only on request: it takes as long as all the others together

Work = Callable[[Path], None]

# Filters as a user of ffmpeg would write them. They share only the numbers with the product's pipeline.
FIT = (
    f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,setsar=1,"
    f"pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2,fps={FRAMES_PER_SECOND}"
)
MARK = f"overlay=W-w-{WATERMARK_MARGIN}:H-h-{WATERMARK_MARGIN}"


@dataclass(frozen=True, slots=True)
class PipelineVariant:
    """One row of the table.

    ``work`` runs in an empty directory. ``result`` is the name of the file that it leaves there, if any, and
    ``body_starts_at`` is the frame of that file at which the body begins.
    """

    peer: str
    name: str
    work: Work
    result: str = ""
    body_starts_at: int = 0


def variants(materials: Materials, peers: list[str], moviepy_python: Path | None) -> list[PipelineVariant]:
    """The rows for ``peers``. MoviePy runs in ``moviepy_python``, and is left out when that is None.

    Rows that are compared most closely stand together, so that little time passes between them. Each sum of bounds is
    a bound for the runs with as many threads.
    """
    one_graph, moviepy = _one_graph(materials), moviepy_python and _moviepy(materials, moviepy_python)
    rows = [
        PipelineVariant("ours", "ours", _transcode(materials, AUTO), "processed.mp4", BUMPER_FRAMES),
        PipelineVariant("ours", "ours, 1 thread", _transcode(materials, ONE), "processed.mp4", BUMPER_FRAMES),
        PipelineVariant("ours", "join + cached bumpers", _join(materials)),
        PipelineVariant("one-graph", "one graph", one_graph, "result.mp4", BUMPER_FRAMES),
        PipelineVariant("bounds", "decode", _decode(materials)),
        PipelineVariant("bounds", "decode + scale", _decode_and_scale(materials, AUTO)),
        PipelineVariant("bounds", "encode", _encode(materials, AUTO), "body.mp4"),
        PipelineVariant("bounds", "decode + scale, 1 thread", _decode_and_scale(materials, ONE)),
        PipelineVariant("bounds", "encode, 1 thread", _encode(materials, ONE), "body.mp4"),
        PipelineVariant("bounds", "decode + scale + encode", _body_alone(materials), "body.mp4"),
        PipelineVariant("multi-pass", "multi-pass", _multi_pass(materials, PRESET), "result.mp4", BUMPER_FRAMES),
        PipelineVariant(MEDIUM, "multi-pass, medium", _multi_pass(materials, "medium"), "result.mp4", BUMPER_FRAMES),
    ]
    if moviepy:
        rows.append(PipelineVariant("moviepy", "moviepy", moviepy, "result.mp4", BUMPER_FRAMES))
    return [row for row in rows if row.peer in peers]


def _transcode(materials: Materials, threads: int) -> Work:
    transcoder = materials.transcoder(threads)

    def work(directory: Path) -> None:
        transcoder.transcode(materials.clip, directory, threading.Event(), lambda _percent: None)

    return work


def _join(materials: Materials) -> Work:
    """The work for the bumpers of a clip: write them into the folder of the job, and join the three parts."""

    def work(directory: Path) -> None:
        copies = materials.prepared.copy_to(directory)
        parts = directory / "parts.ffconcat"
        parts.write_text(parts_list_text([copies.opening, materials.body, copies.closing]))
        command = join_command(materials.encoder, parts, directory / "processed.mp4")
        run_media(
            command,
            directory=directory,
            confinement=materials.confinement,
            limits=LIMITS,
            cancelled=threading.Event(),
        )

    return work


def _one_graph(materials: Materials) -> Work:
    artwork = materials.artwork
    inputs = ["-t", str(BODY_SECONDS_MAX), "-i", str(materials.clip), "-i", str(artwork.watermark.path)]
    inputs += ["-i", str(artwork.opening.path), "-i", str(artwork.closing.path)]
    graph = (
        f"[0:V:0]{FIT}[fitted];[fitted][1]{MARK}[body];[2:v]{FIT}[opening];[3:v]{FIT}[closing];"
        "[opening][body][closing]concat=n=3:v=1:a=0,format=yuv420p[all]"
    )
    command = [materials.encoder.path, *BEHAVED, *inputs, "-filter_complex", graph, "-map", "[all]", "-an"]
    return lambda directory: run([*command, *_x264(PRESET), str(directory / "result.mp4")])


def _multi_pass(materials: Materials, preset: str) -> Work:
    """A call of ffmpeg for each step: trim, scale, mute, watermark, concat. Four of the five steps encode."""
    artwork = materials.artwork
    bumpers = [str(artwork.opening.path), "with_mark.mp4", str(artwork.closing.path)]
    concat = [argument for part in bumpers for argument in ("-i", part)]
    concat += ["-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1:a=0"]
    encode = _x264(preset)
    steps = [
        ["-t", str(BODY_SECONDS_MAX), "-i", str(materials.clip), *encode, "-c:a", "copy", "trimmed.mp4"],
        ["-i", "trimmed.mp4", "-vf", FIT, *encode, "-c:a", "copy", "scaled.mp4"],
        ["-i", "scaled.mp4", "-c:v", "copy", "-an", "muted.mp4"],
        ["-i", "muted.mp4", "-i", str(artwork.watermark.path), "-filter_complex", MARK, *encode, "with_mark.mp4"],
        [*concat, *encode, "result.mp4"],
    ]

    def work(directory: Path) -> None:
        os.chdir(directory)
        for step in steps:
            run([materials.encoder.path, *BEHAVED, *step])

    return work


def _x264(preset: str) -> list[str]:
    return ["-c:v", "libx264", "-preset", preset, "-crf", str(CRF), "-g", str(GOP_FRAMES)]


def _moviepy(materials: Materials, python: Path) -> Work:
    artwork = materials.artwork
    script = Path(__file__).parent / "peers" / "moviepy_clip.py"
    files = [materials.clip, artwork.watermark.path, artwork.opening.path, artwork.closing.path]
    # The same ffmpeg for all variants, because only its use is compared.
    environment = child_environment({"IMAGEIO_FFMPEG_EXE": materials.encoder.path})
    return lambda directory: run(
        [str(python), str(script), *map(str, files), str(directory / "result.mp4")], environment
    )


def _decode(materials: Materials) -> Work:
    command = materials.body_command(AUTO)
    return lambda _directory: run([command.ffmpeg, *BEHAVED, *command.clip, "-map", "0:V:0", "-f", "null", "-"])


def _decode_and_scale(materials: Materials, threads: int) -> Work:
    command = materials.body_command(threads)
    return lambda _directory: run(command.with_output(["-f", "null", "-"]))


def _encode(materials: Materials, threads: int) -> Work:
    command = materials.body_command(threads)
    frames = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FRAMES_PER_SECOND)]
    frames += ["-i", str(materials.raw)]
    return lambda directory: run([command.ffmpeg, *BEHAVED, *frames, *command.encoding, str(directory / "body.mp4")])


def _body_alone(materials: Materials) -> Work:
    command = materials.body_command(AUTO)
    return lambda directory: run(command.with_output([*command.encoding, str(directory / "body.mp4")]))
