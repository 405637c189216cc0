"""``python -m tests.faults.faulty_worker``: the worker, with a fault and (FAKE_ENCODER) an encoder that copies.

FAKE_ENCODER is how many seconds an encode takes; without it the real ffmpeg works.
"""

import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import worker.process
import worker.wiring
from tests.faults.injection import Fault, Steps, inject


class SlowCopy:
    """Takes its time, listens to cancellation, and copies."""

    def __init__(self, seconds: float, steps: Steps) -> None:
        self._seconds = seconds
        self._steps = steps

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: Callable[[int], None], /
    ) -> Path | None:
        on_percent(1)
        with self._steps.around("transcode"):
            if cancelled.wait(self._seconds):
                return None
        return Path(shutil.copy(source, directory / "processed.mp4"))


def main() -> int:
    steps = Steps(Fault.from_text(os.environ.get("FAULT", "")))
    inject(steps)
    if seconds := os.environ.get("FAKE_ENCODER"):
        worker.wiring.build_transcoder = lambda _settings: SlowCopy(float(seconds), steps)  # type: ignore[assignment,return-value]
    return worker.process.main()


if __name__ == "__main__":
    sys.exit(main())
