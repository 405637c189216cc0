"""Malformed and ambiguous requests get an error in the shape of the API, and then the connection is closed."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waitress.adjustments import Adjustments

from service.admission import BODY, BodyLimit, RequestHead
from service.app import Api
from service.http_server.request_parser import RequestParser
from tests.fixtures import Recorded
from tests.service.http_server.raw_http import RawClient, head
from tests.service.http_server.server_thread import HEADER_BYTES_MAX, ServerThread

LOGIN = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n"
LIVE = "GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
BEHIND = "0\r\n\r\nGET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"

GARBAGE = {
    "nothing like HTTP": "\x16\x03\x01\x02\x00\x01\r\n\r\n",
    "no URI": "GET\r\n\r\n",
    "no HTTP": "GET / FTP/1.1\r\nHost: localhost\r\n\r\n",
    "small letters": "get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another version": "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
    "no version": "GET /api/health/live\r\n\r\n",
    "preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a malformed URI": "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no host": "GET / HTTP/1.1\r\n\r\n",
    "two hosts": LIVE + "Host: example.com\r\n\r\n",
    "a header without a colon": LIVE + "Nonsense\r\n\r\n",
    "a blank before the colon": LIVE + "Content-Length : 0\r\n\r\n",
    "a folded header": LIVE + "X-Long: one\r\n two\r\n\r\n",
    "lines that end in LF only": "GET /api/health/live HTTP/1.1\nHost: localhost\n\n",
    "a NUL in a header": LIVE + "X-Nul: \x00\r\n\r\n",
    "a bare CR": LIVE + "X-Bare: a\rb\r\n\r\n",
}

SMUGGLING = {
    "length and chunks": LOGIN + "Content-Length: 4\r\n" + CHUNKED + "\r\n" + BEHIND,
    "chunks and length": LOGIN + CHUNKED + "Content-Length: 4\r\n\r\n" + BEHIND,
    "two lengths": LOGIN + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + BEHIND,
    "the same length twice": LOGIN + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n" + BEHIND,
    "a list of lengths": LOGIN + "Content-Length: 5, 5\r\n\r\n" + BEHIND,
    "a length with a sign": LOGIN + "Content-Length: +5\r\n\r\n" + BEHIND,
    "a negative length": LOGIN + "Content-Length: -5\r\n\r\n" + BEHIND,
    "a length of 5000 digits": LOGIN + "Content-Length: " + "9" * 5000 + "\r\n\r\n" + BEHIND,
    "a control character before chunked": LOGIN + "Transfer-Encoding: \x0bchunked\r\n\r\n" + BEHIND,
    "chunked in quotes": LOGIN + 'Transfer-Encoding: "chunked"\r\n\r\n' + BEHIND,
    "chunked twice": LOGIN + CHUNKED + CHUNKED + "\r\n" + BEHIND,
    "chunked in chunked": LOGIN + "Transfer-Encoding: chunked, chunked\r\n\r\n" + BEHIND,
    "an empty encoding": LOGIN + "Transfer-Encoding:\r\n\r\n" + BEHIND,
    "identity": LOGIN + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n" + BEHIND,
    "another encoding": LOGIN + "Transfer-Encoding: gzip, chunked\r\n\r\n" + BEHIND,
    "chunks in HTTP/1.0": LOGIN.replace("1.1", "1.0") + "Connection: keep-alive\r\n" + CHUNKED + "\r\n" + BEHIND,
    "a blank before the colon of chunks": LOGIN + "Transfer-Encoding : chunked\r\n\r\n" + BEHIND,
    "a folded chunked": LOGIN + "Transfer-Encoding:\r\n chunked\r\n\r\n" + BEHIND,
    "lines that end in LF only": LOGIN.replace("\r\n", "\n") + "Content-Length: 0\n\n" + BEHIND,
    "one line that ends in LF only": LOGIN + "Content-Length: 0\n" + CHUNKED + "\r\n" + BEHIND,
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The server does not use the database, so one kind of database is enough."""
    return sqlite_url


@pytest.fixture
def server(api: Api) -> Iterator[ServerThread]:
    with ServerThread(api) as server:
        yield server


@pytest.mark.parametrize("request_text", GARBAGE.values(), ids=GARBAGE)
def test_a_malformed_request_gets_an_error_of_the_api_and_the_connection_is_closed(
    server: ServerThread, request_text: str
) -> None:
    with RawClient(server.port) as client:
        answer = client.send(request_text.encode("latin-1")).answer()
        assert (answer.status, answer.code) == (400, "malformed_request")
        assert answer.headers["connection"] == "close" and answer.headers["x-request-id"]
        assert client.is_closed_by_server()


@pytest.mark.parametrize("request_text", SMUGGLING.values(), ids=SMUGGLING)
def test_an_ambiguous_request_is_400_and_the_bytes_after_it_are_not_read(
    server: ServerThread, request_text: str
) -> None:
    with RawClient(server.port) as client:
        answer = client.send(request_text.encode("latin-1")).answer()
        assert (answer.status, answer.code) == (400, "malformed_request")
        assert client.is_closed_by_server()


def test_headers_that_are_too_long_are_431(server: ServerThread) -> None:
    with RawClient(server.port) as client:
        answer = client.send(LIVE, "X-Long: ", "x" * HEADER_BYTES_MAX).answer()
        assert (answer.status, answer.code) == (431, "headers_too_large")
        assert client.is_closed_by_server()


def test_headers_just_short_enough_pass(server: ServerThread) -> None:
    with RawClient(server.port) as client:
        filler = "x" * (HEADER_BYTES_MAX - len(LIVE) - len("X-Long: \r\n\r\n") - 1)
        assert client.send(LIVE, f"X-Long: {filler}\r\n\r\n").answer().status == 200


def test_requests_in_a_row_are_answered_in_their_order(server: ServerThread) -> None:
    with RawClient(server.port) as client:
        client.send(head("GET /api/health/live"), head("POST /api/auth/login", Content_Length=2), "{}", head("GET /x"))
        assert [client.answer().status for _ in range(3)] == [200, 400, 404]


def test_bytes_that_came_with_a_refused_request_are_dropped() -> None:
    def refuse(_head: RequestHead) -> BodyLimit:
        raise BODY.exceeded()

    parser = RequestParser(Adjustments(), refuse)
    data = (LOGIN + "Content-Length: 5\r\n\r\n" + BEHIND).encode()
    assert parser.received(data) == len(data)
    assert parser.completed and parser.get_body_stream().read() == b""


def test_a_client_that_sends_requests_without_reading_answers_is_stopped(server: ServerThread) -> None:
    with RawClient(server.port) as client:
        client.send(*[head("GET /api/health/live")] * 100)
        *served, last = client.all_answers()
        assert {answer.status for answer in served} == {200} and len(served) < 100
        assert (last.status, last.code) == (400, "malformed_request")


def test_a_malformed_request_is_counted_without_a_route(api: Api, recorded: Recorded) -> None:
    with ServerThread(api) as server, RawClient(server.port) as client:
        assert client.send("nonsense\r\n\r\n").answer().status == 400
    counted = [(dict(point.dimensions)["Route"], point.values) for point in recorded.datapoints()
               if point.name == "ClientErrors" and len(point.dimensions) == 2]  # fmt: skip
    assert counted == [("none", (1.0,))]


LINES = st.lists(
    st.one_of(
        st.sampled_from([*GARBAGE.values(), *SMUGGLING.values(), LIVE, LOGIN, CHUNKED, BEHIND, "\r\n", "\n"]),
        st.text(st.characters(max_codepoint=255), max_size=40),
    ),
    max_size=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
def test_any_bytes_get_answers_of_the_api_or_none(server: ServerThread, lines: list[str]) -> None:
    with RawClient(server.port) as client:
        client.send("".join(lines).encode("latin-1"))
        client.end()
        for answer in client.all_answers():
            assert answer.status < 500
            assert answer.status < 400 or answer.code
    with RawClient(server.port) as other:
        assert other.send(head("GET /api/health/live")).answer().status == 200
