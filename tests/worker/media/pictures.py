"""Looks into a clip: its picture at a moment, its streams, and the complaints of a strict decoder."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT = 1280, 720
DECODE_SECONDS = 120

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Frame:
    """One picture, RGB."""

    data: bytes

    def pixel(self, x: int, y: int) -> Colour:
        at = 3 * (y * WIDTH + x)
        return self.data[at], self.data[at + 1], self.data[at + 2]

    def mean(self, left: int, top: int, width: int, height: int) -> Colour:
        """The average colour of a rectangle."""
        rows = [self.data[3 * (y * WIDTH + left) : 3 * (y * WIDTH + left + width)] for y in range(top, top + height)]
        joined = b"".join(rows)
        count = width * height
        return sum(joined[0::3]) // count, sum(joined[1::3]) // count, sum(joined[2::3]) // count


class Pictures:
    """Decodes clips with the ffmpeg of the tests."""

    def __init__(self, ffmpeg: str) -> None:
        self._ffmpeg = ffmpeg

    def at(self, clip: Path, second: float) -> Frame:
        """The picture that is shown at a moment of a 1280x720 clip."""
        command = [self._ffmpeg, "-v", "error", "-ss", str(second), "-i", str(clip), "-frames:v", "1"]
        command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        data = subprocess.run(command, capture_output=True, check=True, timeout=DECODE_SECONDS).stdout
        assert len(data) == WIDTH * HEIGHT * 3, f"{clip} has no 1280x720 picture at {second} s"
        return Frame(data)

    def bars(self, clip: Path) -> list[int]:
        """For each picture of a 1280x720 clip: where on its middle line the brightness rises to white."""
        command = [self._ffmpeg, "-v", "error", "-i", str(clip), "-vf", f"crop={WIDTH}:2:0:{HEIGHT // 2},format=gray"]
        command += ["-f", "rawvideo", "-"]
        data = subprocess.run(command, capture_output=True, check=True, timeout=DECODE_SECONDS).stdout
        lines = (data[at : at + WIDTH] for at in range(0, len(data), 2 * WIDTH))
        return [next(x for x in range(WIDTH) if line[x] > 128) for line in lines]

    def description(self, clip: Path) -> str:
        """What ``ffmpeg -i`` prints about the streams of a clip, and about a rotation."""
        command = [self._ffmpeg, "-hide_banner", "-i", str(clip)]
        return subprocess.run(command, capture_output=True, text=True, timeout=DECODE_SECONDS, check=False).stderr

    def complaints(self, clip: Path) -> str:
        """The warnings of a strict decoder; empty if there are none."""
        command = [self._ffmpeg, "-v", "warning", "-xerror", "-err_detect", "explode", "-i", str(clip)]
        decoded = subprocess.run(
            [*command, "-f", "null", "-"], capture_output=True, text=True, timeout=DECODE_SECONDS, check=False
        )
        return decoded.stderr + ("" if decoded.returncode == 0 else f"\nexit code {decoded.returncode}")


def header_of(clip: Path) -> bytes:
    """All bytes before the media data. In a broadcast clip, they are its whole description."""
    data = clip.read_bytes()
    return data[: data.index(b"mdat")]


def is_near(colour: Colour, wanted: Colour, tolerance: int = 24) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(colour, wanted, strict=True))
