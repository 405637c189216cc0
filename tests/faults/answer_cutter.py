"""A proxy in front of PostgreSQL that loses the answers of chosen commits: they happen, and the client gets no answer.

microburst inspects only the beginning of a connection whose bytes it relays, so it cannot choose a late commit.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

RECEIVE_BYTES = 65_536
COMMIT = b"COMMIT\0"


class AnswerCutter:
    """Each of the first ``times`` transactions with one of ``statements`` in it gets no answer to its COMMIT.

    After each of them, the next ``refusals`` new connections are refused, as by a database that fails over.
    """

    def __init__(self, upstream_port: int, statements: tuple[bytes, ...], times: int, *, refusals: int = 0) -> None:
        self._upstream_port = upstream_port
        self._statements = statements
        self._left = times
        self._refusals = refusals
        self._to_refuse = 0
        self._lock = threading.Lock()
        self.cut = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator["AnswerCutter"]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown(socket.SHUT_RDWR)  # so that the thread that accepts ends
            self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self._refuses():
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._upstream_port))
                threading.Thread(target=_Relay(self, client, server).run, daemon=True).start()

    def takes(self, transaction: bytes) -> bool:
        """Whether the answer of this commit is lost. Each lost answer is counted."""
        with self._lock:
            if self._left == 0 or not any(statement in transaction for statement in self._statements):
                return False
            self._left -= 1
            self.cut += 1
            self._to_refuse += self._refusals
            return True

    def _refuses(self) -> bool:
        with self._lock:
            is_refused = self._to_refuse > 0
            self._to_refuse -= is_refused
            return is_refused


class _Relay:
    """One connection. Two threads copy its bytes; the answer to a commit that was taken ends both sides."""

    def __init__(self, cutter: AnswerCutter, client: socket.socket, server: socket.socket) -> None:
        self._cutter = cutter
        self._client = client
        self._server = server
        self._is_cut = threading.Event()

    def run(self) -> None:
        threads = [threading.Thread(target=copy, daemon=True) for copy in (self._copy_requests, self._copy_answers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._client.close()
        self._server.close()

    def _copy_requests(self) -> None:
        transaction = b""
        with suppress(OSError):
            while data := self._client.recv(RECEIVE_BYTES):
                transaction += data
                if COMMIT in transaction:
                    if self._cutter.takes(transaction):
                        self._is_cut.set()
                    transaction = b""
                self._server.sendall(data)
        self._end()

    def _copy_answers(self) -> None:
        with suppress(OSError):
            while (data := self._server.recv(RECEIVE_BYTES)) and not self._is_cut.is_set():
                self._client.sendall(data)
        self._end()

    def _end(self) -> None:
        for side in (self._client, self._server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
