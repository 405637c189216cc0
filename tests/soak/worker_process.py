"""``python -m tests.soak.worker_process``: the worker, with short times and an encoder that pretends for most clips."""

import random
import shutil
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import worker.process
import worker.wiring
from showcase.clips.clip_rules import unacceptable
from showcase.errors import SettingsError, Unavailable
from tests.soak.clips import Kind, kind_of, title_in
from tests.soak.short_times import shorten_times
from tests.soak.visible_memory import make_memory_visible
from worker.errors import EncodeFailed
from worker.job import ClipMaker
from worker.media.confinement import Limits, find_confinement
from worker.media.media_process import run_media
from worker.settings import WorkerSettings

ENCODE_SECONDS = (0.2, 2.5)


class PretendingTranscoder:
    """Starts a child process as the product does, but the child only sleeps.

    Then it copies the clip, or fails if the kind of the clip says so. Clips of the kind REAL get the real encoder.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._building = threading.Lock()
        self._confinement = find_confinement()
        self._limits = Limits(60, 60, memory_bytes=1 << 30, cpu_seconds=60, file_bytes=1 << 26)

    @cached_property
    def _real(self) -> ClipMaker:
        """Made at the first clip that needs it, because it encodes the bumpers."""
        return build_real_transcoder(self._settings)

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: Callable[[int], None], /
    ) -> Path | None:
        title = title_in(source)
        if kind_of(title) is Kind.REAL:
            return self._real_transcoder().transcode(source, directory, cancelled, on_percent)
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

    def _real_transcoder(self) -> ClipMaker:
        try:
            with self._building:
                return self._real
        except SettingsError as error:  # the work directory is away
            raise Unavailable("encoder", "prepare") from error

    def ping(self) -> None:
        """It always works."""


build_real_transcoder = worker.wiring.build_transcoder


def main() -> int:
    make_memory_visible()
    shorten_times()
    worker.wiring.build_transcoder = PretendingTranscoder  # type: ignore[assignment]
    return worker.process.main()


if __name__ == "__main__":
    sys.exit(main())
