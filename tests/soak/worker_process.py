"""``python -m tests.soak.worker_process``: the worker, with short times and a fake encoder."""

import random
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import worker.job
import worker.process
import worker.wiring
from showcase.clips.clip_rules import unacceptable
from tests.soak.clips import Kind, kind_of, title_in
from worker.errors import EncodeFailed
from worker.media.confinement import Limits, find_confinement
from worker.media.media_process import run_media

ENCODE_SECONDS = (0.2, 2.5)
BACKOFF_SECONDS = 1.0
MESSAGE_GRACE_SECONDS = 10.0


class FakeTranscoder:
    """Starts a child process as the product does, but the child only sleeps.

    Then it copies the clip, or fails if the kind of the clip says so.
    """

    def __init__(self) -> None:
        self._confinement = find_confinement()
        self._limits = Limits(60, 60, memory_bytes=1 << 30, cpu_seconds=60, file_bytes=1 << 26)

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: Callable[[int], None], /
    ) -> Path | None:
        title = title_in(source)
        seconds = random.Random(title).uniform(*ENCODE_SECONDS)
        has_ended = run_media(
            [sys.executable, "-I", "-S", "-c", f"import time; time.sleep({seconds:.2f})"],
            directory=directory,
            confinement=self._confinement,
            limits=self._limits,
            cancelled=cancelled,
        )
        if not has_ended:
            return None
        on_percent(50)
        if kind_of(title) is Kind.DAMAGED:
            raise unacceptable("damaged")
        if kind_of(title) is Kind.CRASHING and random.random() < 0.5:
            raise EncodeFailed(-11, "crashed on purpose")
        return Path(shutil.copy(source, directory / "processed.mp4"))

    def ping(self) -> None:
        """It always works."""


def main() -> int:
    # A tenth of the product's times, as with the lease and the visibility timeout of the soak.
    worker.job.BACKOFF_SECONDS = BACKOFF_SECONDS
    worker.job.MESSAGE_GRACE_SECONDS = MESSAGE_GRACE_SECONDS
    worker.wiring.build_transcoder = lambda _settings: FakeTranscoder()  # type: ignore[assignment,return-value]
    return worker.process.main()


if __name__ == "__main__":
    sys.exit(main())
