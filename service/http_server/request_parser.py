"""waitress' request parser, with admission as soon as the headers are complete."""

import time
from collections.abc import Callable
from typing import Any

import falcon
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.utilities import RequestHeaderFieldsTooLarge

from service.admission import BodyLimit, RequestHead
from service.errors import ProtocolFault
from service.http_server.framing import has_bare_line_feed, has_folded_line, is_ambiguous
from showcase.errors import ShowcaseError, Unavailable

CONTROL_BYTES_MAX = 8 * 1024  # the size line of a chunk, or the trailer

Judge = Callable[[RequestHead], BodyLimit]


class RequestParser(HTTPRequestParser):  # type: ignore[misc]
    """One request. A refused request is complete at once, without a body, and the bytes after it are not read."""

    headers: dict[str, str]
    body_rcv: Any
    refusal: ShowcaseError | None = None

    def __init__(self, adj: Any, judge: Judge) -> None:
        super().__init__(adj)
        self._judge = judge
        self._limit: BodyLimit | None = None
        self._head_is_known = False
        self.began_at = time.monotonic()
        self.body_began_at: float | None = None

    def received(self, data: bytes) -> int:
        """Take bytes, and return how many were consumed. A refused request consumes all of them."""
        if self.refusal:
            return len(data)
        try:
            consumed = int(super().received(data))
        except OSError:  # the temporary file cannot be written
            self.refuse(Unavailable("disk", "storing a body"))
        else:
            self._check(data)
        return len(data) if self.refusal else consumed

    def _check(self, data: bytes) -> None:
        if isinstance(self.error, RequestHeaderFieldsTooLarge):
            self.refuse(ProtocolFault("headers_too_large", falcon.HTTP_431))
        elif self.error is not None:
            self.refuse(ProtocolFault("malformed_request"))
        elif self.body_rcv is not None:
            if self._limit is None:
                self._ask_for_admission()
            elif self.chunked:
                self._check_chunks(self._limit)
        elif self.headers_finished:
            self.expect_continue = False  # there is no body, but waitress would wait for one
        elif b"\n" in data and has_bare_line_feed(self.header_plus):
            self.refuse(ProtocolFault("malformed_request"))

    def _ask_for_admission(self) -> None:
        self.body_began_at = time.monotonic()
        head = RequestHead(
            method=self.command,
            path=self.path,
            authorization=self.headers.get("AUTHORIZATION"),
            content_type=self.headers.get("CONTENT_TYPE"),
            content_length=None if self.chunked else self.content_length,
        )
        try:
            self._limit = self._judge(head)
        except ShowcaseError as refusal:
            self.refuse(refusal)

    def _check_chunks(self, limit: BodyLimit) -> None:
        chunks = self.body_rcv
        if len(chunks) > limit.bytes_max or self.body_bytes_received > 2 * limit.bytes_max:
            self.refuse(limit.exceeded())
        elif len(chunks.control_line) + len(chunks.trailer) > CONTROL_BYTES_MAX:
            self.refuse(ProtocolFault("malformed_request"))

    @property
    def bytes_to_come(self) -> int:
        """The most bytes that may still arrive for the body."""
        if self._limit is None or self.completed:
            return 0
        expected = self._limit.bytes_max if self.chunked else self.content_length
        return max(0, int(expected - self.body_bytes_received))

    def refuse(self, refusal: ShowcaseError) -> None:
        """Drop the body, and let the application answer with the refusal."""
        self.close()
        self.body_rcv = None
        self.error = None
        self.expect_continue = False
        self.refusal = refusal
        self.completed = True
        if not self._head_is_known:
            self._clear_head()

    def _clear_head(self) -> None:
        """Replace the unreadable headers. Without headers there is no route, so the refusal becomes a ProtocolFault."""
        if not isinstance(self.refusal, ProtocolFault):
            self.refusal = ProtocolFault("request_timeout", falcon.HTTP_408)
        self.headers = {}
        self.command, self.request_uri, self.path, self.query = "GET", "/", "/", ""
        self.version, self.url_scheme = "1.1", self.adj.url_scheme

    def parse_header(self, header_plus: bytes) -> None:
        """Parse as waitress does. Raises ParsingError, also for ambiguous headers that waitress would accept."""
        if has_folded_line(header_plus):
            raise ParsingError("folded header line")
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as error:
            # RFC 9112 allows 501, but no client may be able to cause a server error.
            raise ParsingError(error.args[0]) from error
        except ValueError as error:  # for example an invalid host, or a length of thousands of digits
            raise ParsingError("unreadable") from error
        if is_ambiguous(header_plus, self.version, self.headers):
            raise ParsingError("ambiguous")
        self._head_is_known = True
