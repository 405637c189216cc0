"""A process under measurement, with everything that it starts; and the sender that a peer brings along."""

import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from showcase.settings import child_environment

READY_SECONDS = 60.0
STOP_SECONDS = 1.0
LOOK_SECONDS = 0.05


class Cpu(NamedTuple):
    """User and system time in seconds: of a process, and of its children (the ended ones too)."""

    own: float
    children: float

    @property
    def tree(self) -> float:
        return self.own + self.children


class MeasuredProcess:
    """A context manager: the process runs inside the block, and its whole tree is ended after it."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = psutil.Popen(
                command,
                env=child_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> "MeasuredProcess":
        return self

    def __exit__(self, *_: object) -> None:
        """Asked first; killed soon after, as nothing of it is needed any more (a long poll takes 20 s to end)."""
        with suppress(psutil.NoSuchProcess):
            tree = [*self._process.children(recursive=True), self._process]
            self._process.terminate()
            alive = psutil.wait_procs(tree, STOP_SECONDS)[1]
            for process in alive:
                process.kill()
            psutil.wait_procs(alive, STOP_SECONDS)

    def wait_until_it_says(self, words: str) -> None:
        """Wait for these words in its log."""
        deadline = time.monotonic() + READY_SECONDS
        while words not in self._log.read_text(errors="replace"):
            self.check()
            assert time.monotonic() < deadline, f"{self._log} does not say {words!r}"
            time.sleep(LOOK_SECONDS)

    def check(self) -> None:
        """The process must be alive."""
        assert self._process.is_running() and self._process.poll() is None, f"it has ended: see {self._log}"

    def cpu(self) -> Cpu:
        own = self._process.cpu_times()
        children = own.children_user + own.children_system
        for process in self._process.children(recursive=True):
            times = process.cpu_times()
            children += times.user + times.system + times.children_user + times.children_system
        return Cpu(own.user + own.system, children)


class PeerSender:
    """A context manager: a peer's own library sends, in a process beside."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=child_environment(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "PeerSender":
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.terminate()

    def send(self, count: int) -> None:
        """Send so many messages, and wait for that."""
        assert self._process.stdin and self._process.stdout
        print(count, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline().strip() == str(count), "the sender has ended"
