"""waitress' request parser, which asks for admission as soon as the headers are complete."""

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

CONTROL_BYTES_MAX = 8 * 1024  # of a chunk's size line, or of the trailer

Judge = Callable[[RequestHead], BodyLimit]


class RequestParser(HTTPRequestParser):  # type: ignore[misc]
    """One request. What is refused is complete at once, without a body; what follows it is not read as a request."""

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
        """Take bytes; return how many were consumed. A refused request consumes all that there is."""
        if self.refusal:
            return len(data)
        try:
            consumed = int(super().received(data))
        except OSError:  # of the temporary file
            self.refuse(Unavailable("disk", "storing a body"))
        else:
            self._look(data)
        return len(data) if self.refusal else consumed

    def _look(self, data: bytes) -> None:
        if self.error is not None:
            self.refuse(_in_our_words(self.error))
        elif self.body_rcv is not None:
            self._look_at_body()
        elif self.headers_finished:
            self.expect_continue = False  # nothing would come: waitress would wait for it all the same
        elif b"\n" in data and has_bare_line_feed(self.header_plus):
            self.refuse(ProtocolFault("malformed_request"))

    def _look_at_body(self) -> None:
        if self._limit is None:
            self._ask_for_admission()
        elif self.chunked:
            self._look_at_chunks(self._limit)

    def _ask_for_admission(self) -> None:
        self.body_began_at = time.monotonic()
        try:
            self._limit = self._judge(self._head())
        except ShowcaseError as refusal:
            self.refuse(refusal)

    def _look_at_chunks(self, limit: BodyLimit) -> None:
        chunks = self.body_rcv
        if len(chunks) > limit.bytes_max or self.body_bytes_received > 2 * limit.bytes_max:
            self.refuse(limit.exceeded())
        elif len(chunks.control_line) + len(chunks.trailer) > CONTROL_BYTES_MAX:
            self.refuse(ProtocolFault("malformed_request"))

    def _head(self) -> RequestHead:
        return RequestHead(
            method=self.command,
            path=self.path,
            authorization=self.headers.get("AUTHORIZATION"),
            content_type=self.headers.get("CONTENT_TYPE"),
            content_length=None if self.chunked else self.content_length,
        )

    @property
    def bytes_to_come(self) -> int:
        """What the body may still bring."""
        if self._limit is None or self.completed:
            return 0
        expected = self._limit.bytes_max if self.chunked else self.content_length
        return max(0, int(expected - self.body_bytes_received))

    def refuse(self, refusal: ShowcaseError) -> None:
        """Give up the body, and let the application answer with the refusal."""
        self.close()
        self.body_rcv = None
        self.error = None
        self.expect_continue = False
        self.refusal = refusal
        self.completed = True
        if not self._head_is_known:
            self._become_nobodys_request()

    def _become_nobodys_request(self) -> None:
        if not isinstance(self.refusal, ProtocolFault):  # it has no route, so nothing else can be said of it
            self.refusal = ProtocolFault("request_timeout", falcon.HTTP_408)
        self.headers = {}
        self.command, self.request_uri, self.path, self.query = "GET", "/", "/", ""
        self.version, self.url_scheme = "1.1", self.adj.url_scheme

    def parse_header(self, header_plus: bytes) -> None:
        """Raises ParsingError, for what waitress refuses and for what it would let pass."""
        if has_folded_line(header_plus):
            raise ParsingError("folded header line")
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as error:
            # By RFC 9112 501 would do; but no client shall be able to make a server error.
            raise ParsingError(error.args[0]) from error
        except ValueError as error:  # a host that is no host, a length of thousands of digits
            raise ParsingError("unreadable") from error
        if is_ambiguous(header_plus, self.version, self.headers):
            raise ParsingError("ambiguous")
        self._head_is_known = True


def _in_our_words(error: Any) -> ProtocolFault:
    if isinstance(error, RequestHeaderFieldsTooLarge):
        return ProtocolFault("headers_too_large", falcon.HTTP_431)
    return ProtocolFault("malformed_request")
