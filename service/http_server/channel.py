"""One connection: waitress' channel, with absolute deadlines and a close after which the client can read the answer."""

import socket
import time
from typing import Any

import falcon
from waitress.channel import HTTPChannel

from service.errors import ProtocolFault
from service.http_server.client_deadlines import Deadlines, Linger
from service.http_server.request_parser import RequestParser
from service.http_server.task import LastResort, RequestTask
from showcase.errors import ShowcaseError
from telemetry.logs import log_context

PIPELINED_MAX = 16


class HttpChannel(HTTPChannel):  # type: ignore[misc]
    """One connection. Every method except ``service`` and ``note_answer`` runs in the loop of the server."""

    request: RequestParser | None
    requests: list[RequestParser]
    task_class = RequestTask
    error_task_class = LastResort

    def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002 - waitress' name
        self._deadlines: Deadlines = server.deadlines
        self._quiet_since = time.monotonic()
        self._has_served = False
        self._linger: Linger | None = None
        super().__init__(server, sock, addr, adj, map)

    def parser_class(self, adj: Any) -> RequestParser:
        """A parser for the next request. It refuses the request if the client has too many unread answers."""
        parser = RequestParser(adj, self.server.judge)
        if len(self.requests) >= PIPELINED_MAX:
            parser.refuse(ProtocolFault("malformed_request"))
        return parser

    def service(self) -> None:
        """Answer the next request. Its ids are on no later line of the thread."""
        with log_context():
            super().service()

    def note_answer(self) -> None:
        """Note that an answer begins or ends. The thread of the task calls it before the channel reads on."""
        self._quiet_since = time.monotonic()
        self._has_served = True

    @property
    def bytes_to_come(self) -> int:
        """The most bytes that may still arrive for the body of the current request."""
        return self.request.bytes_to_come if self.request is not None else 0

    def keep_time(self, now: float) -> None:
        """Close the connection, or refuse its request, if it is late. The server calls this about twice a second."""
        if self.requests:
            return  # the application works: the client is not late
        if self._linger is not None:
            is_over = self._linger.is_over(now)
        elif self.total_outbufs_len or self.close_when_flushed:
            is_over = now - self._quiet_since > self._deadlines.answer_seconds
        elif self.request is None:
            quiet_seconds = self._deadlines.quiet_seconds(
                has_served=self._has_served, is_leaving=self.server.is_leaving
            )
            is_over = now - self._quiet_since > quiet_seconds
        else:
            is_over = False
            self._refuse_if_late(self.request, now)
        if is_over:
            self.handle_close()

    def _refuse_if_late(self, request: RequestParser, now: float) -> None:
        if request.body_began_at is None:
            is_late = self._deadlines.head_is_late(now - request.began_at)
        else:
            is_late = self._deadlines.body_is_late(now - request.body_began_at, request.body_bytes_received)
        if is_late:
            self.refuse(ProtocolFault("request_timeout", falcon.HTTP_408))

    def refuse(self, refusal: ShowcaseError) -> None:
        """Stop receiving the current request, if there is one, and let the application answer it."""
        with self.requests_lock:
            if self.request is None or self.requests:
                return
            self.request.refuse(refusal)
            self.requests.append(self.request)
            self.request = None
        self.server.add_task(self)

    def handle_write(self) -> None:
        """Send as waitress does. After the last answer, close only the sending side (see Linger)."""
        if self.will_close or not self.close_when_flushed:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif self.connected and not self.total_outbufs_len:
            self._start_to_linger()

    def _start_to_linger(self) -> None:
        self.close_when_flushed = False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()
        else:
            self._linger = Linger(self._deadlines, time.monotonic())

    def handle_read(self) -> None:
        """Receive as waitress does. Once the sending side is closed, throw away what arrives."""
        if self._linger is None:
            super().handle_read()
        elif data := self.recv(self.adj.recv_bytes):  # recv closes the channel at the end of the stream
            now = time.monotonic()
            self._linger.swallow(len(data), now)
            if self._linger.is_over(now):
                self.handle_close()

    def handle_close(self) -> None:
        if self.request is not None:
            self.request.close()
        super().handle_close()
