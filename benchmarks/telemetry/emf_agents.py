"""Listeners in the place of a CloudWatch agent: one reads all records, one accepts connections and never reads."""

import socket
import threading
from contextlib import suppress
from typing import Protocol

# Small and fixed, so that on every machine the kernel buffers as few records of the stalled system.
RECEIVE_BUFFER_BYTES = 4096


class EmfAgent(Protocol):
    """A listener on loopback; ``records`` counts the records that it has read."""

    port: int
    records: int

    def close(self) -> None:
        """Stop listening."""


class StalledAgent:
    """The kernel accepts the connections; nothing reads from them."""

    records = 0

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()


class ReadingAgent:
    """Reads and counts the records of all its connections."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.records = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(64 * 1024):
                with self._lock:
                    self.records += data.count(b"\n")

    def close(self) -> None:
        self._listener.close()
