"""What stands at the other end of a sink: agents on loopback, pipes, and destinations that can be held."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.01
RECEIVE_BUFFER_BYTES = 4096


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fails the test when it does not come."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not {what} within {WAIT_SECONDS:.0f} s"
        time.sleep(LOOK_SECONDS)


def run_to_end(work: Callable[[], None]) -> None:
    """Run something that must not block; fails the test, instead of hanging, when it does."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive(), "it blocks"


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Agent:
    """A CloudWatch agent's TCP port: keeps the whole lines that arrive, one connection after the other."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self.lines: list[str] = []
        self._connection: socket.socket | None = None
        self._reader = threading.Thread(target=self._read_all, daemon=True)
        self._reader.start()

    def _read_all(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connection = connection
                with connection, connection.makefile("r", encoding="ascii") as lines:
                    self.lines.extend(line.removesuffix("\n") for line in lines if line.endswith("\n"))

    def wait_for(self, count: int) -> None:
        """Wait for so many lines since the start."""
        wait_until(lambda: self._count() >= count, f"{count} lines at the agent")

    def _count(self) -> int:
        return len(self.lines)

    def close(self) -> None:
        """Stop as a process does: the port is closed, and the connection too."""
        for end in (self._listener, self._connection):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._reader.join(WAIT_SECONDS)
        self._listener.close()


class StalledReceiver(Protocol):
    """The end of a connection that takes nothing."""

    def wait_for_bytes(self) -> None:
        """Wait until the other side has begun to write."""

    def leave(self) -> None:
        """Break the connection."""


class StalledAgent:
    """Accepts and never reads, like an agent that hangs."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        # Small, so that a stall needs few bytes. Before listen: a connection inherits it.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._listener.settimeout(WAIT_SECONDS)
        self.port = int(self._listener.getsockname()[1])
        self._connections: list[socket.socket] = []

    def accept(self) -> socket.socket:
        """The next connection that has bytes to read; they stay unread until the test takes them."""
        connection, _ = self._listener.accept()
        self._connections.append(connection)
        connection.settimeout(WAIT_SECONDS)
        assert connection.recv(1, socket.MSG_PEEK)
        return connection

    def wait_for_bytes(self) -> None:
        self.accept()

    def leave(self) -> None:
        for connection in (*self._connections, self._listener):
            connection.close()


class StalledPipe:
    """A pipe that nobody reads, like a stdout whose reader hangs."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()

    def wait_for_bytes(self) -> None:
        readable, _, _ = select.select([self._reader], [], [], WAIT_SECONDS)
        assert readable

    def leave(self) -> None:
        os.close(self._reader)


class HeldDestination:
    """Keeps the lines in memory, and holds each write until ``release`` is set."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.writing = threading.Event()
        self.release = threading.Event()

    def write(self, line: bytes) -> None:
        self.writing.set()
        assert self.release.wait(WAIT_SECONDS)
        self.lines.append(line.decode().removesuffix("\n"))

    def close(self) -> None:
        """Nothing is open."""


class MemoryDestination(HeldDestination):
    """Keeps the lines in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.release.set()
