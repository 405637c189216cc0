"""The destinations of records: a file descriptor (stdout), a file, the CloudWatch agent, or none."""

import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from telemetry.sink import Destination

PORT_MAX = 65_535
CONNECT_SECONDS = 1.0
STALL_SECONDS = 30.0  # after this time without a byte taken, the connection to the agent is made again
SEND_BUFFER_BYTES = 64 * 1024  # the most bytes that are lost unseen when an agent dies


class UnusableDestination(OSError):
    """A destination of the settings that cannot be opened. The text names the variable and the cause."""


class DescriptorDestination:
    """An open file descriptor, for example 1 (stdout).

    It uses os.write, because Python's buffered stdout loses and doubles records under threads (python/cpython#119506).
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_torn = False  # the last line is incomplete (disk full): a line end must come before the next line

    def write(self, line: bytes) -> None:
        view = memoryview(b"\n" + line if self._is_torn else line)
        while view:
            view = view[os.write(self._descriptor, view) :]
            self._is_torn = len(view) > 0

    def close(self) -> None:
        """Does nothing: the descriptor belongs to its opener."""


class FileDestination(DescriptorDestination):
    """A file that is appended to. It is opened again after it was moved away, so that logs can be rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(self._open())

    def write(self, line: bytes) -> None:
        if not self._is_current():
            descriptor = self._open()  # before the old one is closed, because this may fail and is then tried again
            self.close()
            super().__init__(descriptor)
        super().write(line)

    def close(self) -> None:
        os.close(self._descriptor)

    def _open(self) -> int:
        # A named pipe without a reader is an error: without O_NONBLOCK, opening it would wait for a reader for ever.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, 0o640)
        os.set_blocking(descriptor, True)
        return descriptor

    def _is_current(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        return False


class AgentDestination:
    """The TCP port of the CloudWatch agent. It connects at the first write.

    A line counts as written once the kernel has it. The lines that an agent has not read are lost with its connection:
    at most SEND_BUFFER_BYTES, and the receive buffer of the agent.
    """

    def __init__(self, host: str, port: int, *, stall_seconds: float = STALL_SECONDS) -> None:
        self._address = (host, port)
        self._stall_seconds = stall_seconds
        self._socket: socket.socket | None = None

    def write(self, line: bytes) -> None:
        connection = self._socket or self._connect()
        try:
            self._send(connection, line)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=CONNECT_SECONDS)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket = connection
        return connection

    def _send(self, connection: socket.socket, line: bytes) -> None:
        if _closed_by_peer(connection):
            raise ConnectionResetError("the agent closed the connection")
        connection.settimeout(self._stall_seconds)
        deadline = time.monotonic() + self._stall_seconds
        view = memoryview(line)
        while view:
            if time.monotonic() > deadline:
                raise TimeoutError("the agent takes no more")
            view = view[connection.send(view) :]


def _closed_by_peer(connection: socket.socket) -> bool:
    # Without this check, the first record after a restart of the agent is lost in a half-closed connection.
    connection.setblocking(False)  # MSG_DONTWAIT is not enough: a socket with a timeout waits first
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


class NoDestination:
    """Discards every record."""

    def write(self, line: bytes) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


def check_destination(name: str) -> str:
    """The name, if it is the name of a destination. Raises ValueError."""
    _opener(name)
    return name


def open_destination(name: str) -> Destination:
    """``stdout``, ``file:PATH``, ``tcp://HOST:PORT`` or ``none``. Raises ValueError for any other name, and OSError."""
    return _opener(name)()


def _opener(name: str) -> Callable[[], Destination]:
    if name == "stdout":
        return partial(DescriptorDestination, 1)
    if name == "none":
        return NoDestination
    if file := re.fullmatch(r"file:(.+)", name):
        return partial(FileDestination, Path(file[1]))
    if agent := re.fullmatch(r"tcp://([^:/]+):([0-9]{1,5})", name):
        host, port = agent[1], int(agent[2])
        host.encode("idna")  # the resolver does this at each connection, and would raise there
        if 1 <= port <= PORT_MAX:
            return partial(AgentDestination, host, port)
    raise ValueError(f"unknown EMF destination {name!r}; use stdout, file:PATH, tcp://HOST:PORT or none")
