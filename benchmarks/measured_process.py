"""A process under measurement with everything that it starts, and a process that sends messages for a peer."""

import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.process_figures import Cpu, cpu_of
from showcase.settings import child_environment

READY_SECONDS = 60.0
STOP_SECONDS = 1.0
LOOK_SECONDS = 0.05


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
        """Send SIGTERM, and SIGKILL soon after: the process is not needed any more, and a long poll takes 20 s."""
        with suppress(psutil.NoSuchProcess):
            tree = [*self._process.children(recursive=True), self._process]
            self._process.terminate()
            alive = psutil.wait_procs(tree, STOP_SECONDS)[1]
            for process in alive:
                process.kill()
            psutil.wait_procs(alive, STOP_SECONDS)

    def wait_until_logged(self, words: str) -> None:
        """Wait for these words in its log. Raises AssertionError."""
        deadline = time.monotonic() + READY_SECONDS
        while words not in self._log.read_text(errors="replace"):
            self.check_alive()
            assert time.monotonic() < deadline, f"{self._log} does not contain {words!r}"
            time.sleep(LOOK_SECONDS)

    def check_alive(self) -> None:
        """Raises AssertionError when the process has ended."""
        assert self._process.is_running() and self._process.poll() is None, f"it has ended: see {self._log}"

    def cpu(self) -> Cpu:
        """The CPU time of the process and its descendants until now."""
        return cpu_of(self._process)


class PeerSender:
    """A context manager: a process that sends messages with the peer's own library (peers/producer.py)."""

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
        """Send that many messages, and wait until they are sent. Raises AssertionError."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == str(count), "the sender has ended"
