"""A relay in front of a server. While it is frozen, it takes bytes and never answers."""

import socket
import threading
from contextlib import suppress

RECEIVE_BYTES = 65_536


class FreezingRelay:
    """Forwards to a port of loopback, except while ``frozen`` is set, as a proxy that hangs.

    A connection that has sent bytes meanwhile never gets its answer. ``swallowed`` counts the pieces that were lost.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.frozen = threading.Event()
        self.swallowed = 0
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        """One connection, from its beginning to the end of both directions."""
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._target)) as far:
            sides = {near, far}
            self._open |= sides
            answers = threading.Thread(target=self._forward, args=(far, near), daemon=True)
            answers.start()
            self._forward(near, far)
            answers.join()
            self._open -= sides

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(RECEIVE_BYTES):
                if self.frozen.is_set():
                    self.swallowed += 1
                else:
                    sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in (self._server, *self._open.copy()):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # ends the threads that wait on it
        self._server.close()
