"""What the processes that a thread starts take of memory, measured while they run."""

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

LOOK_SECONDS = 0.01


class Scales:
    """While open, looks again and again at the new children of the thread that opened it.

    The kernel keeps each one's highest memory, so that a look finds all but the growth of the last
    moments before its end. ``resident_bytes`` is the highest of all; 0 when there was no child.
    """

    def __init__(self) -> None:
        self.resident_bytes = 0
        self._children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        self._own_command = Path("/proc/self/cmdline").read_bytes()
        self._strangers = set(self._children.read_text().split())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> "Scales":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def children(self) -> set[str]:
        """The process ids of the new children, also of dead ones that nobody has waited for."""
        return set(self._children.read_text().split()) - self._strangers

    def _look_on(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for pid in self.children():
                with suppress(OSError):  # it has just ended
                    self.resident_bytes = max(self.resident_bytes, self._resident_bytes(Path("/proc", pid)))

    def _resident_bytes(self, process: Path) -> int:
        if (process / "cmdline").read_bytes() == self._own_command:
            return 0  # a copy of this process that has not become another program yet
        lines = (process / "status").read_text().splitlines()
        kibibytes = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))  # the dead have none
        return 1024 * next(kibibytes, 0)
