"""The CPU time that the worker itself takes for real jobs, beside that of ffmpeg, with default settings."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured_process import MeasuredProcess
from benchmarks.worker.shared_servers import BenchVideos, SharedServers
from cli.screen import Screen
from local.sample_clip import render_sample
from worker.media.encoder import find_encoder

JOB_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """CPU seconds of ``jobs`` jobs: of the worker's own process, and of the ffmpeg processes that it started."""

    jobs: int
    clip_seconds: int
    own_seconds: float
    media_seconds: float
    wall_seconds: float

    @property
    def share(self) -> float:
        """The worker's own part of all CPU time, 0 to 1."""
        return self.own_seconds / (self.own_seconds + self.media_seconds)


def measure_share(shared: SharedServers, jobs: int, seconds: int, screen: Screen) -> Share:
    """Process that many uploads of a 1080p clip with the real worker, from the first message to the last commit."""
    videos = BenchVideos(shared, _sample_clip(shared.home, seconds, screen).read_bytes())
    queue = shared.create_queue("real-jobs")
    command = [sys.executable, "-m", "worker"]
    with MeasuredProcess(command, shared.worker_environment(queue, "real-jobs"), shared.log("real-jobs")) as worker:
        worker.wait_until_logged("ready: ")
        entries = videos.add(jobs)
        before, started = worker.cpu(), time.monotonic()
        queue.send(entries)
        while videos.unsettled() or queue.depth():
            worker.check_alive()
            assert time.monotonic() < started + jobs * JOB_SECONDS_MAX, f"{jobs} jobs take too long"
            time.sleep(LOOK_SECONDS)
        after, wall_seconds = worker.cpu(), time.monotonic() - started
    return Share(jobs, seconds, after.own - before.own, after.children - before.children, wall_seconds)


def _sample_clip(home: Path, seconds: int, screen: Screen) -> Path:
    clip = home / f"clip-{seconds}s.mp4"
    if not clip.exists():
        screen.line(f"rendering {clip} (once)")
        draft = render_sample(find_encoder(None).path, clip.with_stem("draft"), seconds=seconds)
        draft.replace(clip)
    return clip
