"""``python -m benchmarks.worker.noop_worker s3|none``: the worker without media work: the original is the result.

All else is the product's. With ``none`` a job makes no S3 calls and no scratch folder either: what is left
is what the worker spends as a consumer of a queue.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import worker.process
import worker.wiring
from showcase.storage.media_store import MediaStore
from worker.workspace import Workspace

ORIGINAL = b"a few bytes"


class NoTranscoder:
    """Does nothing, and calls that the result."""

    def transcode(
        self, source: Path, _directory: Path, _cancelled: threading.Event, _on_percent: Callable[[int], None], /
    ) -> Path | None:
        return source


class NoStorage(MediaStore):
    """Makes no S3 calls while a job runs."""

    def download(self, _key: str, target: Path) -> None:
        """It is there already, see OneFolder."""

    def put_file(self, _key: str, _path: Path, *, content_type: str = "video/mp4") -> None:
        """Forget it."""


class OneFolder(Workspace):
    """The same folder for every job, with the original in it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._open = ExitStack()
        self._only = self._open.enter_context(super().job_folder())
        (self._only / "original.mp4").write_bytes(ORIGINAL)

    @contextmanager
    def job_folder(self) -> Iterator[Path]:
        yield self._only


def main() -> int:
    stand_ins: dict[str, object] = {"build_transcoder": lambda _settings: NoTranscoder()}
    if sys.argv[1] == "none":
        stand_ins |= {"MediaStore": NoStorage, "Workspace": OneFolder}
    for part, stand_in in stand_ins.items():
        setattr(worker.wiring, part, stand_in)
    return worker.process.main()


if __name__ == "__main__":
    sys.exit(main())
