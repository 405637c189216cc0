"""Processes that are started again when they end, as a service manager does it."""

import math
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from local.system.processes import LocalSystemError, ManagedProcess
from tests.preloaded_process import PreloadedProcess

READY_SECONDS = 60.0
START_SECONDS = 180.0  # during faults, a start may need several tries
RETRY_SECONDS = 0.5
STOP_SECONDS = 90.0
CHILDREN_DIE_SECONDS = 20.0


@dataclass(frozen=True)
class Lifetime:
    """One process from its start to its end. Times are seconds since the epoch."""

    pid: int
    name: str
    began: float
    ended: float = math.inf
    was_killed: bool = False

    @property
    def kind(self) -> str:
        """``api`` or ``worker``."""
        return self.name.partition("-")[0]


@dataclass
class SupervisedProcess:
    """One process at a time, under one name. ``ready_text`` is in its log once it is ready."""

    name: str
    module: str
    ready_text: str
    environment: Mapping[str, str]
    logs: Path
    exit_codes: list[int] = field(default_factory=list)  # of processes that were stopped by ``stop``
    surviving_children: list[str] = field(default_factory=list)  # children that outlived a killed process
    unexpected_ends: list[str] = field(default_factory=list)  # processes that ended although the soak did not end them
    lifetimes: list[Lifetime] = field(default_factory=list)  # of processes that became ready
    is_stopped: bool = True  # because the soak stopped it
    _starts: int = 0
    _process: ManagedProcess | None = None

    def start(self, clock_ahead_seconds: float = 0) -> None:
        """Start it, with retries. Raises LocalSystemError if it is not ready within START_SECONDS."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._start_once(clock_ahead_seconds)
            except LocalSystemError:
                self.process.stop()
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
            else:
                self.is_stopped = False
                self.lifetimes.append(Lifetime(self.pid, self.name, time.time()))
                return

    def _start_once(self, clock_ahead_seconds: float) -> None:
        self._starts += 1
        log = self.logs / f"{self.name}.{self._starts:03}.log"
        if clock_ahead_seconds:
            arguments = [str(clock_ahead_seconds), self.module]
            process = ManagedProcess("tests.faults.wrong_clock", arguments, self.environment, log)
        else:
            process = PreloadedProcess(self.module, [], self.environment, log)
        self._process = process
        process.wait_until(lambda: process.logged(self.ready_text), "ready", READY_SECONDS)

    def _note_end(self, *, was_killed: bool) -> None:
        self.lifetimes[-1] = replace(self.lifetimes[-1], ended=time.time(), was_killed=was_killed)

    @property
    def kind(self) -> str:
        """``api`` or ``worker``."""
        return self.name.partition("-")[0]

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
        """Send SIGKILL, and record the children that outlive the process."""
        children = psutil.Process(self.pid).children(recursive=True) if self.is_alive() else []
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self._note_end(was_killed=True)
        _gone, alive = psutil.wait_procs(children, timeout=CHILDREN_DIE_SECONDS)
        self.surviving_children += [f"process {child.pid} outlived {self.name}" for child in alive]

    def stop(self) -> None:
        """Send SIGTERM, and record the exit code."""
        self.exit_codes.append(self.end(STOP_SECONDS))

    def end(self, seconds: float) -> int:
        """Send SIGTERM, and SIGKILL after ``seconds``. Return the exit code, without a record."""
        self.is_stopped = True
        code = self.process.stop(seconds)
        self._note_end(was_killed=False)
        return code

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def restart_if_ended(self) -> None:
        """Record an end that the soak did not cause, and start the process again."""
        if not self.is_stopped and not self.is_alive():
            self._note_end(was_killed=True)
            self.unexpected_ends.append(f"{self.process.log.name} ended by itself")
            self.start()

    def clean_up(self) -> None:
        """Stop the process, if there is one, without a record."""
        if self._process is not None and self._process.exit_code is None:
            self.resume()
            self._process.stop(STOP_SECONDS)
