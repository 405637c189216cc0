"""Render the artwork into files: `opening.mp4`, `closing.mp4` and `watermark.png`.

Everything is drawn from shapes and Pillow's bundled font, so nobody else holds rights on it. The same code always
draws the same pictures.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from PIL import Image

from local.artwork.closing import closing_frames
from local.artwork.opening import opening_frames
from local.artwork.shapes import FPS, HEIGHT, WIDTH
from local.artwork.watermark import draw_watermark

ENCODE_TIMEOUT_S = 120
STDERR_TAIL_BYTES = 2000


def bumper_command(ffmpeg: str, target: Path) -> list[str]:
    """The ffmpeg call that reads raw RGB frames from its standard input and writes a bumper without sound."""
    source = f"-f rawvideo -pixel_format rgb24 -video_size {WIDTH}x{HEIGHT} -framerate {FPS} -i pipe:0"
    colours = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    fit = f"-vf scale=out_range=tv:out_color_matrix=bt709,format=yuv420p,{colours} -an"
    # aq-mode 3 gives the dark gradients enough bits; level 3.1 allows five reference frames.
    video = "-c:v libx264 -preset slow -tune animation -crf 18 -profile:v high -level:v 3.1"
    tuning = "-x264-params aq-mode=3:aq-strength=0.6:ref=5 -movflags +faststart -fflags +bitexact"
    options = f"-nostdin -v error -y {source} {fit} {video} {tuning}"
    return [ffmpeg, *options.split(), str(target)]


def feed_frames(pipe: IO[bytes] | None, frames: Iterable[Image.Image]) -> None:
    """Write `frames` to the standard input of ffmpeg and close it."""
    if pipe is None:
        raise RuntimeError("ffmpeg was started without a pipe to its standard input")
    # A broken pipe only means that ffmpeg has ended; its exit status and its messages say why.
    with suppress(BrokenPipeError), pipe:
        for frame in frames:
            pipe.write(frame.tobytes())


def encode_bumper(ffmpeg: str, frames: Iterable[Image.Image], target: Path) -> None:
    """Encode `frames` into `target`; raises RuntimeError with the last of ffmpeg's messages when that fails."""
    command = bumper_command(ffmpeg, target)
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process:
            try:
                feed_frames(process.stdin, frames)
                status = process.wait(timeout=ENCODE_TIMEOUT_S)
            finally:
                process.kill()
        errors.seek(0)
        tail = errors.read()[-STDERR_TAIL_BYTES:].decode(errors="replace")
    if status != 0:
        raise RuntimeError(f"ffmpeg could not encode {target}: {tail}")


def write_artwork(ffmpeg: str, out: Path) -> list[Path]:
    """Draw all three files into `out`, which is created when it is missing; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    scenes: dict[str, Callable[[], Iterator[Image.Image]]] = {
        "opening.mp4": opening_frames,
        "closing.mp4": closing_frames,
    }
    for name, frames in scenes.items():
        encode_bumper(ffmpeg, frames(), out / name)
    draw_watermark().save(out / "watermark.png", optimize=True)
    return [*(out / name for name in scenes), out / "watermark.png"]
