"""Measures the memory of the child processes of a thread while they run."""

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

POLL_SECONDS = 0.01


class ChildMemory:
    """A context manager that polls the new children of the thread that created it.

    The kernel records the peak memory of each process, so a poll misses only the growth in the last
    ``POLL_SECONDS`` before a process ends. ``resident_bytes`` is the highest peak of all children; 0 without a child.
    """

    def __init__(self) -> None:
        self.resident_bytes = 0
        self._children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        self._own_command = Path("/proc/self/cmdline").read_bytes()
        self._earlier_children = set(self._children.read_text().split())
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> "ChildMemory":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def children(self) -> set[str]:
        """The ids of the new child processes; zombies included."""
        return set(self._children.read_text().split()) - self._earlier_children

    def _poll(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            for pid in self.children():
                with suppress(OSError):  # the process has just ended
                    self.resident_bytes = max(self.resident_bytes, self._resident_bytes(Path("/proc", pid)))

    def _resident_bytes(self, process: Path) -> int:
        if (process / "cmdline").read_bytes() == self._own_command:
            return 0  # forked, but exec has not happened yet
        lines = (process / "status").read_text().splitlines()
        kibibytes = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))  # a zombie has no such line
        return 1024 * next(kibibytes, 0)
