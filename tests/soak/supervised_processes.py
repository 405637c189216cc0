"""Places for processes: whoever dies there gets a successor, as under a service manager."""

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local.system.processes import LocalSystemError, ManagedProcess

READY_SECONDS = 60.0
START_SECONDS = 180.0  # with faults around, a start may need several tries
RETRY_SECONDS = 0.5
STOP_SECONDS = 90.0
CHILDREN_DIE_SECONDS = 20.0


@dataclass
class Seat:
    """One process at a time. ``sign`` is what its log says when it is ready."""

    name: str
    module: str
    sign: str
    environment: Mapping[str, str]
    logs: Path
    exit_codes: list[int] = field(default_factory=list)  # of those that were asked to stop
    orphans: list[str] = field(default_factory=list)  # children that outlived a killed process
    deserters: list[str] = field(default_factory=list)  # processes that ended although nobody asked them to
    _starts: int = 0
    _process: ManagedProcess | None = None

    def start(self) -> None:
        """Raises LocalSystemError when nobody gets ready in time."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._try_to_start()
            except LocalSystemError:
                self.process.stop()
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
            else:
                return

    def _try_to_start(self) -> None:
        self._starts += 1
        log = self.logs / f"{self.name}.{self._starts:03}.log"
        process = self._process = ManagedProcess(self.module, [], self.environment, log)
        process.wait_until(lambda: process.logged(self.sign), "ready", READY_SECONDS)

    @property
    def process(self) -> ManagedProcess:
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        """SIGKILL, and a look at what becomes of its children."""
        children = psutil.Process(self.pid).children(recursive=True) if self.is_alive() else []
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        _gone, alive = psutil.wait_procs(children, timeout=CHILDREN_DIE_SECONDS)
        self.orphans += [f"process {child.pid} outlived {self.name}" for child in alive]

    def stop(self) -> None:
        """SIGTERM; the exit code is kept."""
        self.exit_codes.append(self.process.stop(STOP_SECONDS))

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def replace_deserter(self) -> None:
        """Start a successor if the process has ended by itself."""
        if not self.is_alive():
            self.deserters.append(f"{self.process.log.name} ended by itself")
            self.start()

    def clear(self) -> None:
        """Whatever is there goes."""
        if self._process is not None:
            self.resume()
            self._process.stop(STOP_SECONDS)
