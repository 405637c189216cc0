"""``python -m benchmarks.worker.noop_worker s3|none``: the worker without media work; the original is the result.

All other parts are those of the product. With ``none``, a job makes no S3 calls and no scratch folder either: the CPU
time that is left is that of a consumer of a queue.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import worker.process
import worker.wiring
from cli.command_parser import ExitCode, command_parser
from showcase.storage.media_store import MediaStore
from worker.workspace import Workspace

ORIGINAL = b"a few bytes"

DESCRIPTION = """\
Run a worker without media work, for the benchmark of the worker: the original is the result. Settings are those of
`python -m worker`.
"""
EXIT_CODES = {
    ExitCode.DONE: "stopped by a signal",
    ExitCode.FAILED: "a thread of the worker has died; the log says why",
    ExitCode.REFUSED: "wrong usage or settings",
}


class NoTranscoder:
    """Returns the original as the result."""

    def transcode(
        self, source: Path, _directory: Path, _cancelled: threading.Event, _on_percent: Callable[[int], None], /
    ) -> Path | None:
        return source

    def ping(self) -> None:
        """Do nothing: there is no encoder."""


class NoStorage(MediaStore):
    """Makes no S3 calls during a job."""

    def download(self, _key: str, target: Path) -> None:
        """Do nothing: OneFolder holds the original already."""

    def put_file(self, _key: str, _path: Path) -> None:
        """Do nothing: the result is not needed."""


class OneFolder(Workspace):
    """The same folder for every job; it holds the original."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._open = ExitStack()
        self._only = self._open.enter_context(super().job_folder())
        (self._only / "original.mp4").write_bytes(ORIGINAL)

    @contextmanager
    def job_folder(self) -> Iterator[Path]:
        yield self._only


def main(arguments: Sequence[str] | None = None) -> int:
    """Replace parts of worker.wiring, and run the worker."""
    parser = command_parser("benchmarks.worker.noop_worker", DESCRIPTION, exit_codes=EXIT_CODES)
    parser.add_argument("storage", choices=("s3", "none"), help="get and put the clip in S3, or make no S3 calls")
    stand_ins: dict[str, object] = {"build_transcoder": lambda _settings: NoTranscoder()}
    if parser.parse_args(arguments).storage == "none":
        stand_ins |= {"MediaStore": NoStorage, "Workspace": OneFolder}
    for part, stand_in in stand_ins.items():
        setattr(worker.wiring, part, stand_in)
    return worker.process.main()


if __name__ == "__main__":
    sys.exit(main())
