"""Finds the ffmpeg to use: the one of the setting, else the system's if it is good enough, else the wheel's."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from showcase.errors import SettingsError

VERSION_MIN = 6  # 5.1 reads the colours of HDR clips, and damaged clips, differently
PROBE_SECONDS = 20
NEEDED = {
    "-encoders": ("libx264",),
    "-decoders": ("h264", "hevc", "png"),
    "-filters": ("overlay", "pad", "scale", "setparams", "fps"),
    "-demuxers": ("mov,mp4,m4a,3gp,3g2,mj2", "concat"),
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """An ffmpeg that can do the work. ``tone_maps`` says whether it can turn HDR into SDR."""

    path: str
    version: str
    origin: str
    tone_maps: bool


def find_encoder(configured: Path | None) -> Encoder:
    """The ffmpeg to use. Raises SettingsError if the configured one is not good enough, or if there is none."""
    if configured is not None:
        return _examine(str(configured), "setting ANB_FFMPEG")
    system = shutil.which("ffmpeg")
    if system is not None:
        try:
            return _examine(system, "system")
        except SettingsError:
            pass  # too old, or built without a needed part: the wheel's ffmpeg is used
    return _examine(imageio_ffmpeg.get_ffmpeg_exe(), "wheel imageio-ffmpeg")


def _examine(path: str, origin: str) -> Encoder:
    try:
        version = version_of(path)
        for listing, names in NEEDED.items():
            offered = _output(path, listing)
            missing = [name for name in names if not re.search(rf"\s{re.escape(name)}\s", offered)]
            if missing:
                raise SettingsError(f"{path} has no {missing[0]} (see ffmpeg {listing})")
        filters = _output(path, "-filters")
    except SettingsError as error:
        raise SettingsError(f"{origin}: {error}") from error
    return Encoder(path, version, origin, tone_maps=" zscale " in filters and " tonemap " in filters)


def version_of(path: str) -> str:
    """The version of the ffmpeg at ``path``. Raises SettingsError if it is too old, or not an ffmpeg."""
    match = re.match(r"ffmpeg version (\S+)", _output(path, "-version"))
    if match is None:
        raise SettingsError(f"{path} is not ffmpeg")
    version = match.group(1)
    number = re.search(r"\d+", version)
    if number and int(number.group()) < VERSION_MIN:
        raise SettingsError(f"{path} is ffmpeg {version}; at least {VERSION_MIN} is needed")
    return version


def _output(path: str, option: str) -> str:
    command = [path, "-hide_banner", option]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingsError(f"{path} does not run as ffmpeg: {error}") from error
