"""``python -m local.demo.contact_sheet``: evenly spaced frames of a clip on one picture, to judge it at a glance."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from showcase.errors import ShowcaseError
from worker.media.encoder import find_encoder

DESCRIPTION = "Draw a contact sheet of a clip: a PNG with evenly spaced frames and their time codes. Prints its path."
EXAMPLES = [(".local/demo/processed.mp4 sheet.png", "the result of `make demo`")]

TILE_WIDTH, TILE_HEIGHT = 400, 225
GAP, CAPTION_HEIGHT = 10, 26
# Five samples a second put a frame on both 1.2 s and 1.2 s before the end of a clip with whole fifths of a second.
SAMPLES_PER_SECOND = 5
EDGE_S = 1.2
CLIP_S_MAX = 180
DECODE_TIMEOUT_S = 120
STDERR_TAIL_CHARS = 2000
PAPER, INK = (16, 20, 32), (214, 222, 240)


def sample_command(ffmpeg: str, clip: Path) -> list[str]:
    """The ffmpeg call that writes the sampled frames as raw RGB tiles to its standard output."""
    fit = (
        f"scale={TILE_WIDTH}:{TILE_HEIGHT}:force_original_aspect_ratio=decrease,"
        f"pad={TILE_WIDTH}:{TILE_HEIGHT}:(ow-iw)/2:(oh-ih)/2"
    )
    sampled = f"fps={SAMPLES_PER_SECOND},{fit}"
    options = ["-t", str(CLIP_S_MAX), "-an", "-vf", sampled, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    return [ffmpeg, "-nostdin", "-v", "error", "-i", str(clip), *options]


def sample_frames(ffmpeg: str, clip: Path) -> list[Image.Image]:
    """Decode `clip` once and return a tile for every fifth of a second, at most of its first 180 s.

    The number of tiles also gives the length of the clip, because its headers may be wrong. Raises RuntimeError with
    the last of ffmpeg's messages when it fails, or when the clip has no picture.
    """
    try:
        done = subprocess.run(sample_command(ffmpeg, clip), capture_output=True, timeout=DECODE_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as exc:
        raise RuntimeError(f"decoding {clip} took longer than {DECODE_TIMEOUT_S} s") from exc
    tile_bytes = TILE_WIDTH * TILE_HEIGHT * 3
    count = len(done.stdout) // tile_bytes
    if done.returncode != 0 or count == 0:
        tail = done.stderr.decode(errors="replace")[-STDERR_TAIL_CHARS:]
        raise RuntimeError(f"could not read frames of {clip}: {tail or 'it has no picture'}")
    tiles = (done.stdout[index * tile_bytes : (index + 1) * tile_bytes] for index in range(count))
    return [Image.frombytes("RGB", (TILE_WIDTH, TILE_HEIGHT), tile) for tile in tiles]


def chosen_samples(count: int, wanted: int) -> list[int]:
    """The samples to show, evenly spaced from 1.2 s to 1.2 s before the end; a short clip has a smaller margin."""
    edge = min(round(EDGE_S * SAMPLES_PER_SECOND), (count - 1) // 2)
    first, last = edge, max(edge, count - edge)
    last = min(last, count - 1)
    if wanted == 1:
        return [first]
    return [round(first + (last - first) * step / (wanted - 1)) for step in range(wanted)]


def time_code(sample: int) -> str:
    """Minutes, seconds and tenths of a sample, such as `00:03.4`."""
    tenths = round(sample * 10 / SAMPLES_PER_SECOND)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def make_contact_sheet(ffmpeg: str, clip: Path, target: Path, *, columns: int = 4, rows: int = 3) -> Path:
    """Write a PNG with `columns` x `rows` frames of `clip` and their time codes; returns `target`.

    The first frame is from 1.2 s and the last from 1.2 s before the end, inside the two bumpers of a finished clip.
    Raises RuntimeError when the clip cannot be decoded.
    """
    frames = sample_frames(ffmpeg, clip)
    step_x, step_y = TILE_WIDTH + GAP, TILE_HEIGHT + CAPTION_HEIGHT + GAP
    sheet = Image.new("RGB", (columns * step_x + GAP, rows * step_y + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=16)
    for place, sample in enumerate(chosen_samples(len(frames), columns * rows)):
        left, top = GAP + place % columns * step_x, GAP + place // columns * step_y
        sheet.paste(frames[sample], (left, top))
        draw.text((left + 2, top + TILE_HEIGHT + 4), time_code(sample), font=font, fill=INK)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, optimize=True)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sheet that the command line describes; return an ExitCode."""
    parser = command_parser("local.demo.contact_sheet", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("clip", type=Path, help="a video that ffmpeg can read")
    parser.add_argument("target", type=Path, help="the PNG to write")
    asked = parser.parse_args(arguments)
    if not asked.clip.is_file():
        parser.error(f"{asked.clip} is not a file")
    screen = Screen()
    try:
        screen.line(str(make_contact_sheet(find_encoder(None).path, asked.clip, asked.target)))
    except (RuntimeError, ShowcaseError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
