"""Child processes of the local system: started with a log file, stopped by their own pid, never left behind."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Protocol

from showcase.settings import child_environment

STOP_SECONDS = 40.0
LOOK_SECONDS = 0.05
SERVER_PORTS = range(20_000, 32_000)
PORTS_HANDED_OUT = "anb-ports-handed-out-{user}"  # a file in the folder for temporary files
TAIL_CHARS = 1000
INTERRUPTED = 130  # the exit code of a command that SIGINT has stopped: 128 + SIGINT, as in a shell


class LocalSystemError(Exception):
    """A process of the local system does not start or does not end well. The message says which, and names its log."""


class Child(Protocol):
    """What ``ManagedProcess`` uses of ``subprocess.Popen``."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class ManagedProcess:
    """``python -m module arguments…`` in the background; its output goes to ``log``."""

    def __init__(self, module: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = module
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        self._process: Child = self._start(module, arguments, environment)

    def _start(self, module: str, arguments: list[str], environment: Mapping[str, str]) -> Child:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=child_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while the process runs; the negative number of the signal that ended it, if one did."""
        return self._process.poll()

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until ``is_so()``. Raises LocalSystemError when the process ends before, or after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if self._process.poll() is not None:
                tail = self.log.read_text(errors="replace").strip()[-TAIL_CHARS:] or f"nothing in {self.log}"
                raise LocalSystemError(f"{self.name} ended with {self._process.returncode}: {tail}")
            if time.monotonic() > deadline:
                raise LocalSystemError(f"{self.name} was not {what} within {seconds:.0f} s; see {self.log}")
            time.sleep(LOOK_SECONDS)

    def logged(self, words: str) -> bool:
        """Whether its log contains these words."""
        return words in self.log.read_text(errors="replace")

    def send_signal(self, signum: signal.Signals) -> None:
        self._process.send_signal(signum)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Send SIGTERM, and SIGKILL after ``seconds``; return the exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """Wait for the end of the process, kill it after ``seconds``; return the exit code."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def interrupt_once() -> None:
    """Make the first SIGINT or SIGTERM raise KeyboardInterrupt, and ignore later ones.

    So the context managers stop all processes, also while they are still being started, and nothing interrupts that.
    """
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


def free_port(preferred: int | None = None) -> int:
    """The preferred port of loopback if it is free, else the next free port.

    The next port lies below the range from which the operating system takes ports of outgoing connections, because
    such a connection could take the port before the server does. All processes of this user count on from the number in
    one file. So no process gets a port that another process got a moment ago for a server that does not listen yet.
    Raises LocalSystemError.
    """
    if preferred and _is_free(preferred):
        return preferred
    with Path(tempfile.gettempdir(), PORTS_HANDED_OUT.format(user=os.getuid())).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        handed_out = int(file.read() or 0)
        for step in range(len(SERVER_PORTS)):
            port = SERVER_PORTS[(handed_out + step) % len(SERVER_PORTS)]
            if _is_free(port):
                file.truncate(0)
                file.write(str(handed_out + step + 1))
                return port
    raise LocalSystemError("no free port on loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Whether a server listens on that port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
