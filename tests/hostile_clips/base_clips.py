"""The intact clips from which hostile clips are made.

They are small, so that random damage is likely to hit structure, and cheap to decode.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.clips import Clips

BaseClip = Callable[[Clips], Path]

_PICTURE = "testsrc2=s=64x36:r=10:d=20,scale=1920:1080:flags=neighbor"
_EXACT = ("-threads", "1", "-bitexact", "-pix_fmt", "yuv420p")  # the same bytes each time
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "40", "-bf", "2", "-g", "50", *_EXACT)
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:crf=45", "-tag:v", "hvc1", *_EXACT)
_AAC = ("-f", "lavfi", "-i", "sine=f=440:r=8000:d=20", "-c:a", "aac", "-b:a", "8k")


def _shot(clips: Clips) -> Path:
    return clips.make("-f", "lavfi", "-i", _PICTURE, *_AAC, *_X264)


def _remuxed(*options: str, before: tuple[str, ...] = ()) -> BaseClip:
    return lambda clips: clips.remuxed(_shot(clips), "-bitexact", *options, before=before)


def _still(size: str, *options: str) -> BaseClip:
    """A clip of one picture; ``bombs.one_picture`` repeats it."""
    return lambda clips: clips.make("-f", "lavfi", "-i", f"color=c=teal:s={size}:r=10:d=0.1", *options, *_X264)


def _growing(clips: Clips) -> Path:
    """A stream that declares 1080p, and in which the size of the picture changes several times."""
    sizes = {"1920:1080": 0.5, "4096:2304": 0.5, "64:36": 0.5, "1280:720": 0.5, "1080:1920": 18}
    pictures = (f"testsrc2=s=64x36:r=10:d={d},scale={size}:flags=neighbor" for size, d in sizes.items())
    parts = [clips.make("-f", "lavfi", "-i", picture, *_X264, suffix=".h264") for picture in pictures]
    joined = "concat:" + "|".join(map(str, parts))
    return clips.make("-f", "h264", "-r", "10", "-i", joined, "-c", "copy", "-bitexact")


BASE_CLIPS: Final[dict[str, BaseClip]] = {
    "moov last": _shot,
    "moov first": _remuxed("-movflags", "+faststart"),
    "fragmented": _remuxed("-movflags", "+frag_keyframe+empty_moov"),
    "rotated": _remuxed(before=("-display_rotation", "-90")),
    "hevc": lambda clips: clips.make("-f", "lavfi", "-i", _PICTURE, *_X265),
    "growing": _growing,
    "67 megapixels": _still("8192x8192"),
    "9 megapixels": _still("4096x2304"),
    "256 pixels": _still("16x16"),
    "wide pixels": _still("1920x1080", "-bsf:v", "h264_metadata=sample_aspect_ratio=65535/1"),
    "flat pixels": _still("1920x1080", "-bsf:v", "h264_metadata=sample_aspect_ratio=1/65535"),
}
