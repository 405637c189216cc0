"""What the worker itself spends on real jobs, beside what ffmpeg spends: every setting at its default."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured_process import MeasuredProcess
from benchmarks.worker.stage import Stage, Videos
from local.sample_clip import render_sample
from worker.media.encoder import find_encoder

JOB_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """CPU seconds of so many jobs: of the worker's own process, and of the ffmpegs that it started."""

    jobs: int
    clip_seconds: int
    own_seconds: float
    media_seconds: float
    wall_seconds: float

    @property
    def share(self) -> float:
        return self.own_seconds / (self.own_seconds + self.media_seconds)


def measure_share(stage: Stage, jobs: int, seconds: int) -> Share:
    """Process so many uploads of a 1080p clip with the real worker, from the first message to the last commit."""
    videos = Videos(stage, _clip(stage.home, seconds).read_bytes())
    queue = stage.create_queue("real-jobs")
    command = [sys.executable, "-m", "worker"]
    with MeasuredProcess(command, stage.worker_environment(queue, "real-jobs"), stage.log("real-jobs")) as worker:
        worker.wait_until_it_says("ready: ")
        entries = videos.add(jobs)
        before, started = worker.cpu(), time.monotonic()
        queue.send(entries)
        while videos.unsettled() or queue.depth():
            worker.check()
            assert time.monotonic() < started + jobs * JOB_SECONDS_MAX, f"{jobs} jobs take too long"
            time.sleep(LOOK_SECONDS)
        after, wall_seconds = worker.cpu(), time.monotonic() - started
    return Share(jobs, seconds, after.own - before.own, after.children - before.children, wall_seconds)


def _clip(home: Path, seconds: int) -> Path:
    clip = home / f"clip-{seconds}s.mp4"
    if not clip.exists():
        print(f"rendering {clip} (once)", flush=True)
        draft = render_sample(find_encoder(None).path, clip.with_stem("draft"), seconds=seconds)
        draft.replace(clip)
    return clip
