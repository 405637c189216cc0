"""The artwork is decoded at the start. A file that cannot be used stops the start, and the error says what to do."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from showcase.errors import SettingsError, Unavailable
from showcase.settings import child_environment
from tests.clips import Clips
from tests.worker.media.programs import program
from tests.worker.media.spoilt_files import BUMPERS, WATERMARKS, file_of, own_bumper, own_watermark, picture
from tests.worker.worker_variables import worker_variables
from worker.media import artwork
from worker.media.artwork import check_bumper, find_artwork, read_watermark
from worker.media.confinement import Confinement
from worker.media.encoder import Encoder

RUN_SECONDS = 60


@pytest.mark.parametrize("name", WATERMARKS)
def test_a_spoilt_watermark_stops_the_start_and_the_error_names_variable_file_and_remedy(
    encoder: Encoder, confinement: Confinement, clips: Clips, tmp_path: Path, name: str
) -> None:
    path = WATERMARKS[name](tmp_path, clips)
    with pytest.raises(SettingsError) as caught:
        read_watermark(encoder, confinement, find_artwork(path, None, None).watermark)
    said = str(caught.value)
    assert said.startswith(f"ANB_WATERMARK: {path} cannot be used: ")
    assert said.endswith(
        ". Set ANB_WATERMARK to a PNG of at most 1280x720 pixels, or leave it empty for the project's own."
    )
    assert "\n" not in said


@pytest.mark.parametrize("name", BUMPERS)
def test_a_spoilt_bumper_stops_the_start_too(
    encoder: Encoder, confinement: Confinement, clips: Clips, tmp_path: Path, name: str
) -> None:
    path = BUMPERS[name](tmp_path, clips)
    with pytest.raises(SettingsError) as caught:
        check_bumper(encoder, confinement, find_artwork(None, None, path).closing)
    said = str(caught.value)
    assert said.startswith(f"ANB_CLOSING_BUMPER: {path} cannot be used: ")
    assert "leave it empty for the project's own" in said


def test_the_content_of_a_bumper_counts_and_not_its_name(
    encoder: Encoder, confinement: Confinement, tmp_path: Path
) -> None:
    stills = [picture(tmp_path / f"still.{kind}") for kind in ("png", "jpg", "webp")]
    misnamed = [file_of(tmp_path / "video.png", own_bumper()), file_of(tmp_path / "still.mp4", own_watermark())]
    for path in (*stills, *misnamed):
        check_bumper(encoder, confinement, find_artwork(None, path, None).opening)


def test_an_ffmpeg_that_hangs_on_the_artwork_is_ended(
    encoder: Encoder, confinement: Confinement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artwork, "CHECK_LIMITS", replace(artwork.CHECK_LIMITS, wall_seconds=0.5))
    hanging = replace(encoder, path=str(program(tmp_path / "ffmpeg", "exec sleep 300")))
    with pytest.raises(SettingsError, match=r"watermark.png cannot be used: ffmpeg: it took longer than 0.5 s"):
        read_watermark(hanging, confinement, find_artwork(None, None, None).watermark)


def test_for_spoilt_artwork_of_the_project_the_error_asks_to_install_the_release_again(
    encoder: Encoder, confinement: Confinement, tmp_path: Path
) -> None:
    failing = replace(encoder, path=str(program(tmp_path / "ffmpeg", "exit 183")))
    with pytest.raises(SettingsError, match=r"ffmpeg: it ended with 183\. Set .* or install this release again"):
        read_watermark(failing, confinement, find_artwork(None, None, None).watermark)


def test_an_ffmpeg_that_cannot_be_started_is_no_fault_of_the_artwork(encoder: Encoder, tmp_path: Path) -> None:
    gone, unconfined = replace(encoder, path=str(tmp_path / "none")), Confinement(None, None, None)
    with pytest.raises(Unavailable, match="encoder"):
        read_watermark(gone, unconfined, find_artwork(None, None, None).watermark)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_worker_does_not_start_with_a_spoilt_watermark(
    emulator: AwsEmulator, queues: Queues, bucket: str, database_url: str, tmp_path: Path
) -> None:
    spoilt = file_of(tmp_path / "zeros.png", bytes(4000))
    variables = worker_variables(emulator, queues, database_url=database_url, bucket=bucket, directory=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "worker"],
        env=child_environment(variables | {"ANB_WATERMARK": str(spoilt)}),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert f"ANB_WATERMARK: {spoilt} cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr
