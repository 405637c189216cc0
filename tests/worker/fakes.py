"""A hand-written fake of the encoder, for tests of the parts around it."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path


class FakeClipMaker:
    """Copies the clip. It first calls ``on_work`` with the event that cancels; ``on_work`` may wait or raise."""

    def __init__(self, on_work: Callable[[threading.Event], None] = lambda _cancelled: None) -> None:
        self.on_work = on_work
        self.runs = 0

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: Callable[[int], None], /
    ) -> Path | None:
        self.runs += 1
        on_percent(50)
        self.on_work(cancelled)
        if cancelled.is_set():
            return None
        return Path(shutil.copy(source, directory / "processed.mp4"))

    def ping(self) -> None:
        """Do nothing: the fake always works."""
