"""``python -m tests.faults.faulty_worker``: the worker with an injected fault, which the variable FAULT describes.

FAKE_ENCODER, if set, replaces ffmpeg by an encoder that copies the clip; it is the seconds that an encode takes.
While the file named by REFUSE_IF exists, the fake encoder refuses every clip as damaged. With ENCODER_BROKEN, it fails
every time, as in a bad release.
"""

import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import worker.process
import worker.wiring
from showcase.clips.clip_rules import unacceptable
from tests.faults.injection import Fault, Steps, inject
from worker.errors import EncodeFailed


class SlowCopy:
    """An encoder that waits, unless it is cancelled, and then copies the clip."""

    def __init__(self, seconds: float, steps: Steps, refuse_if: Path | None) -> None:
        self._seconds = seconds
        self._steps = steps
        self._refuse_if = refuse_if

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: Callable[[int], None], /
    ) -> Path | None:
        on_percent(1)
        with self._steps.around("transcode"):
            if cancelled.wait(self._seconds):
                return None
        if self._refuse_if and self._refuse_if.exists():
            raise unacceptable("damaged")
        if "ENCODER_BROKEN" in os.environ:
            raise EncodeFailed(1, "injected")
        return Path(shutil.copy(source, directory / "processed.mp4"))

    def ping(self) -> None:
        """It always works."""


def main() -> int:
    steps = Steps(Fault.from_text(os.environ.get("FAULT", "")))
    inject(steps)
    if seconds := os.environ.get("FAKE_ENCODER"):
        refuse_if = Path(path) if (path := os.environ.get("REFUSE_IF")) else None
        encoder = SlowCopy(float(seconds), steps, refuse_if)
        worker.wiring.build_transcoder = lambda _settings: encoder  # type: ignore[assignment,return-value]
    return worker.process.main()


if __name__ == "__main__":
    sys.exit(main())
