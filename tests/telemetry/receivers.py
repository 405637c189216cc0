"""The receiving ends of a sink: agents on loopback, pipes, and destinations in memory."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.01
RECEIVE_BUFFER_BYTES = 4096


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail the test if it does not come true in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not {what} within {WAIT_SECONDS:.0f} s"
        time.sleep(POLL_SECONDS)


def run_to_end(work: Callable[[], None]) -> None:
    """Run something that must not block; if it does, fail the test instead of hanging."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive(), "it blocks"


class Agent:
    """The TCP port of a CloudWatch agent. It serves one connection after the other and keeps all complete lines."""

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
        """Wait until ``count`` lines have arrived since the start."""
        wait_until(lambda: len(self.lines) >= count, f"{count} lines at the agent")

    def close(self) -> None:
        """Close the port and the connection, as the end of a process does."""
        for end in (self._listener, self._connection):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._reader.join(WAIT_SECONDS)
        self._listener.close()


class StalledReceiver(Protocol):
    """A receiver that does not read."""

    def wait_for_bytes(self) -> None:
        """Wait until the other side has begun to write."""

    def leave(self) -> None:
        """Break the connection."""


class StalledAgent:
    """Accepts connections but never reads, like an agent that hangs."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        # Small, so that few bytes cause a stall. Set before listen(), because connections inherit it.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._listener.settimeout(WAIT_SECONDS)
        self.port = int(self._listener.getsockname()[1])
        self._connections: list[socket.socket] = []

    def accept(self) -> socket.socket:
        """The next connection, once it has bytes to read. They stay unread."""
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
    """A pipe without a reader, like a stdout whose reader hangs."""

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
        """Do nothing: nothing is open."""


class MemoryDestination(HeldDestination):
    """Keeps the lines in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.release.set()
