"""Artwork files that cannot be used, as a bad copy, a bad disk or a mistake of a person leaves them."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.clips import Clips
from worker.media.artwork import find_artwork

Spoil = Callable[[Path, Clips], Path]
TEXT = b"no picture\n" * 400


def own_watermark() -> bytes:
    return find_artwork(None, None, None).watermark.path.read_bytes()


def own_bumper() -> bytes:
    return find_artwork(None, None, None).opening.path.read_bytes()


def file_of(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def half_of(path: Path) -> Path:
    return file_of(path.with_stem("half"), path.read_bytes()[: path.stat().st_size // 2])


def folder_of(path: Path) -> Path:
    path.mkdir()
    return path


def png_without_size(path: Path) -> Path:
    """A PNG of 0x0 pixels, with correct checksums."""
    png = own_watermark()
    header = b"IHDR" + bytes(8) + png[24:29]
    return file_of(path, png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:])


def flipped(path: Path, content: bytes) -> Path:
    """The content with one changed byte in the middle."""
    middle = len(content) // 2
    return file_of(path, content[:middle] + bytes([content[middle] ^ 0x5A]) + content[middle + 1 :])


def picture(path: Path, width: int = 400, height: int = 300) -> Path:
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(path)
    return path


WATERMARKS: dict[str, Spoil] = {
    "missing": lambda t, _: t / "none.png",
    "empty": lambda t, _: file_of(t / "empty.png", b""),
    "zeros": lambda t, _: file_of(t / "zeros.png", bytes(4000)),
    "half": lambda t, _: file_of(t / "half.png", own_watermark()[:6000]),
    "all but its end": lambda t, _: file_of(t / "cut.png", own_watermark()[:-13]),
    "a changed byte": lambda t, _: flipped(t / "flipped.png", own_watermark()),
    "text": lambda t, _: file_of(t / "text.png", TEXT),
    "a directory": lambda t, _: folder_of(t / "folder.png"),
    "an MP4": lambda t, _: file_of(t / "video.png", own_bumper()),
    "a JPEG": lambda t, _: picture(t / "photo.jpg").rename(t / "photo.png"),
    "no size": lambda t, _: png_without_size(t / "zero.png"),
    "larger than the picture": lambda t, _: picture(t / "large.png", 1300, 800),
}
BUMPERS: dict[str, Spoil] = {
    "missing": lambda t, _: t / "none.mp4",
    "empty": lambda t, _: file_of(t / "empty.mp4", b""),
    "zeros": lambda t, _: file_of(t / "zeros.mp4", bytes(4000)),
    "half": lambda t, _: file_of(t / "half.mp4", own_bumper()[:250_000]),
    "zeros inside": lambda t, _: file_of(t / "hole.mp4", own_bumper()[:200_000] + bytes(4000) + own_bumper()[204_000:]),
    "text": lambda t, _: file_of(t / "text.mp4", TEXT),
    "text that ffmpeg would play": lambda t, _: file_of(t / "text.txt", TEXT),
    "a playlist": lambda t, _: file_of(t / "list.ffconcat", f"ffconcat version 1.0\nfile '{t}/x.mp4'\n".encode()),
    "a directory": lambda t, _: folder_of(t / "folder.mp4"),
    "only sound": lambda _, c: c.make("-f", "lavfi", "-i", "sine=d=3", "-c:a", "aac"),
    "half a PNG": lambda t, _: half_of(picture(t / "still.png")),
    "half a JPEG": lambda t, _: half_of(picture(t / "still.jpg")),
    "half a WebP": lambda t, _: half_of(picture(t / "still.webp")),
    "half a WebM": lambda t, c: half_of(
        c.copy(c.make("-f", "lavfi", "-i", "testsrc2=s=160x90:d=1", suffix=".webm"), t / "whole.webm")
    ),
}
