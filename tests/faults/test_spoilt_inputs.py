"""Artwork, bumpers and work folders that vanish or spoil under a running worker fail no video and cost no attempt."""

import os
import shutil
from pathlib import Path

from local.system.processes import ManagedProcess
from showcase.clips.movie import read_movie
from tests.clips import Clips
from tests.faults.system_under_faults import SystemUnderFaults
from tests.faults.test_scenarios import finish
from tests.worker.media.spoilt_files import picture
from worker.media.encoder import Encoder
from worker.media.pipeline import BUMPER_FRAMES


def own_artwork(directory: Path) -> dict[str, str]:
    """The settings of a worker with artwork in this directory. Pictures as bumpers are encoded quickly."""
    names = ("ANB_WATERMARK", "ANB_OPENING_BUMPER", "ANB_CLOSING_BUMPER")
    return {name: str(picture(directory / f"{name}.png")) for name in names}


def breaker_says(worker: ManagedProcess, words: str) -> bool:
    lines = worker.log.read_text(errors="replace").splitlines()
    return any("worker.breaker" in line and words in line for line in lines)


def test_artwork_cache_and_ffmpeg_that_spoil_or_vanish_under_a_running_worker_fail_no_video(
    system: SystemUnderFaults, clips: Clips, encoder: Encoder, tmp_path: Path
) -> None:
    """Artwork and cache need not come back. While ffmpeg is away, the worker pauses."""
    artwork = own_artwork(tmp_path)
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.symlink_to(encoder.path)
    worker = system.start_worker(FAKE_ENCODER="", ANB_FFMPEG=str(ffmpeg), ANB_FFMPEG_THREADS="0", **artwork)
    os.truncate(artwork["ANB_WATERMARK"], 500)
    Path(artwork["ANB_OPENING_BUMPER"]).unlink()
    shutil.rmtree(system.directory / "work" / "bumpers")
    ffmpeg.unlink()
    entry = system.accepted_video(content=clips.plain().read_bytes())
    system.wait_until(lambda: breaker_says(worker, "encoder: "), "paused until ffmpeg is back")
    system.wait_until(lambda: system.state(entry).status == "uploaded", "handed back")
    assert system.state(entry).attempts == 0, "it does not count as an attempt"
    ffmpeg.symlink_to(encoder.path)
    system.wait_until(lambda: system.is_settled(entry), "settled")
    state = system.state(entry)
    assert (state.status, state.failure_code, state.attempts, state.fence) == ("processed", None, 1, 2)
    result = tmp_path / "result.mp4"
    system.media.download(str(state.processed_key), result)
    video = read_movie(result).video
    assert video and video.frames == 600 + 2 * BUMPER_FRAMES, "with both bumpers"


def test_a_work_folder_that_is_removed_under_a_running_worker_is_made_anew(system: SystemUnderFaults) -> None:
    worker = system.start_worker(FAKE_ENCODER="1")
    folder = system.directory / "work"
    first = system.accepted_video()
    system.wait_until(lambda: bool(list(folder.glob("worker-*/job-*/original.mp4"))), "in work")
    for own in folder.glob("worker-*"):
        shutil.rmtree(own, ignore_errors=True)
    system.wait_until(lambda: system.state(first).status == "uploaded", "handed back")
    assert system.state(first).attempts == 0, "it does not count as an attempt"
    second = system.accepted_video()
    finish(system, first, second)
    assert [system.state(entry).attempts for entry in (first, second)] == [1, 1]
    assert worker.logged("another one is opened")
