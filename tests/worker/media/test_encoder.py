from pathlib import Path

import pytest

from showcase.errors import SettingsError
from worker.media.encoder import Encoder, find_encoder

OLD = """#!/bin/sh
echo "ffmpeg version 5.1.9-0+deb12u1 Copyright"
"""
WITHOUT_X264 = """#!/bin/sh
case "$2" in -version) echo "ffmpeg version 7.1 Copyright";; *) echo " nothing ";; esac
"""


def program(path: Path, script: str) -> Path:
    path.write_text(script)
    path.chmod(0o755)
    return path


def test_the_configured_ffmpeg_is_used(encoder: Encoder) -> None:
    found = find_encoder(Path(encoder.path))
    assert (found.path, found.origin) == (encoder.path, "setting ANB_FFMPEG")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (OLD, "at least 6"),
        (WITHOUT_X264, "libx264"),
        ("#!/bin/sh\nexit 1\n", "does not run"),
        ("#!/bin/sh\n", "is not ffmpeg"),
    ],
)
def test_a_configured_ffmpeg_that_is_not_good_enough_stops_the_start(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        find_encoder(program(tmp_path / "ffmpeg", script))


def test_a_missing_configured_ffmpeg_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not run"):
        find_encoder(tmp_path / "none")


def test_a_system_ffmpeg_is_used_if_it_is_good_enough(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ffmpeg").symlink_to(encoder.path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_encoder(None).origin == "system"


@pytest.mark.parametrize("script", [OLD, WITHOUT_X264])
def test_the_ffmpeg_of_the_wheel_is_used_if_the_system_has_none_that_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    program(tmp_path / "ffmpeg", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_encoder(None).origin == "wheel imageio-ffmpeg"
