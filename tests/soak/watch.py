"""Samples the memory, descriptors, threads and work files of the product's processes while they work."""

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.soak.supervised_processes import SupervisedProcess

LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Sample:
    """One process at one moment. ``memory`` is its own, in bytes; ``files`` are those of its work folder."""

    at: float  # seconds since the epoch
    pid: int
    memory: int
    descriptors: int
    threads: int
    files: int


class Watch:
    """A context manager: inside the block, a thread samples all processes. ``log`` keeps the samples for people."""

    def __init__(self, processes: Sequence[SupervisedProcess], log: Path) -> None:
        self.samples: list[Sample] = []
        self._log = log
        self._processes = processes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        with self._log.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(asdict(each)) + "\n" for each in self.samples)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            for process in self._processes:
                if process.lifetimes:
                    with suppress(OSError):  # it has ended
                        self.samples.append(sample(process.lifetimes[-1].pid))


def sample(pid: int) -> Sample:
    """Raises OSError if there is no such process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    if "RssAnon" not in status:
        raise ProcessLookupError(f"process {pid} has ended")
    folder = own_folder(pid)
    return Sample(
        at=time.time(),
        pid=pid,
        memory=1024 * int(status["RssAnon"].split()[0]),
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(status["Threads"]),
        files=_count_files(folder) if folder else 0,
    )


def own_folder(pid: int) -> Path | None:
    """The work folder of a worker, whose lock it holds; None if it has none. Raises OSError."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed at this moment
            target = descriptor.readlink()
            if target.name == "lock" and target.parent.name.startswith("worker-"):
                return target.parent
    return None


def _count_files(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.rglob("*"))
    except OSError:  # a job ends at this moment
        return 0
