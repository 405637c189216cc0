"""A slow client is cut off after its deadline, in every phase of a connection, and keeps no other client out."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from service.app import Api
from service.http_server.client_deadlines import Deadlines
from tests.service.http_server.raw_http import RawClient, head
from tests.service.http_server.scenes import MULTIPART, token, wait_until
from tests.service.http_server.server_thread import PATIENT, ServerThread

UPLOAD = "POST /api/videos/upload"
DRIPPERS = 50
MIB = 1024 * 1024


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The server does not use the database, so one kind of database is enough."""
    return sqlite_url


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as clients:
        yield clients


def drip(client: RawClient, byte: bytes) -> None:
    """Send single bytes until the server answers or closes."""

    def has_answer_or_end() -> bool:
        if not client.has_something_to_read():
            client.send(byte)
        return client.has_something_to_read()

    wait_until(has_answer_or_end, "the server answers or closes the connection")


def test_headers_that_drip_are_cut_off(api: Api) -> None:
    with ServerThread(api, deadlines=replace(PATIENT, head_seconds=1)) as server, RawClient(server.port) as client:
        client.send("GET /api/health/live HTTP/1.1\r\nX-Drip: ")
        drip(client, b"x")
        answer = client.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "deadlines",
    [replace(PATIENT, body_seconds=1), replace(PATIENT, body_grace_seconds=0.5, body_bytes_per_second_min=10_000)],
    ids=["absolute", "too slow on average"],
)
@pytest.mark.parametrize(
    "start",
    [head("POST /api/auth/login", Content_Length=60_000),
     head(UPLOAD, Content_Length=1_000_000, Content_Type=MULTIPART, Authorization=token()),
     head("POST /api/auth/login", Transfer_Encoding="chunked") + "ffff\r\n"],
    ids=["json", "upload", "chunked"],
)  # fmt: skip
def test_a_body_that_drips_is_cut_off(api: Api, deadlines: Deadlines, start: str) -> None:
    with ServerThread(api, deadlines=deadlines) as server, RawClient(server.port) as client:
        drip(client.send(start), b"x")
        answer = client.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")


def test_a_client_that_drips_on_after_its_answer_is_cut_off_too(api: Api) -> None:
    deadlines = replace(PATIENT, linger_seconds=1)
    with ServerThread(api, deadlines=deadlines) as server, RawClient(server.port) as client:
        assert client.send(head(UPLOAD, Content_Length=1_000_000)).answer().status == 401
        assert client.is_closed_by_server()
        wait_until(lambda: is_reset(client), "the server resets the connection")


def is_reset(client: RawClient) -> bool:
    try:
        client.send(b"x")
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("begin", ["", "\r\n\r\n"], ids=["silence", "blank lines"])
def test_a_connection_without_a_request_is_closed(api: Api, begin: str) -> None:
    with ServerThread(api, deadlines=replace(PATIENT, head_seconds=1)) as server, RawClient(server.port) as client:
        assert client.send(begin).is_closed_by_server()


def test_a_connection_without_a_further_request_is_closed(api: Api) -> None:
    with ServerThread(api, deadlines=replace(PATIENT, idle_seconds=1)) as server, RawClient(server.port) as client:
        assert client.send(head("GET /api/health/live")).answer().status == 200
        assert client.is_closed_by_server()


def test_a_slow_client_within_the_deadlines_is_served(api: Api) -> None:
    deadlines = replace(PATIENT, body_grace_seconds=0, body_bytes_per_second_min=1)
    with ServerThread(api, deadlines=deadlines) as server, RawClient(server.port) as client:
        client.send(head("POST /api/auth/login", Content_Length=2 + 30))
        for _ in range(6):
            client.send(b" " * 5)
            time.sleep(0.2)  # the test is about a slow client
        assert client.send("{}").answer().code == "invalid_field"


@pytest.mark.parametrize(
    "start",
    [
        "GET /api/health/live HTTP/1.1\r\nX-Drip: ",
        head(UPLOAD, Content_Length=10_000, Content_Type=MULTIPART, Authorization=token()),
    ],
    ids=["headers", "bodies"],
)
def test_fifty_clients_that_drip_do_not_block_other_clients(api: Api, clients: ExitStack, start: str) -> None:
    deadlines = replace(PATIENT, head_seconds=3, body_seconds=3)
    with ServerThread(api, deadlines=deadlines) as server:
        drippers = [clients.enter_context(RawClient(server.port)).send(start) for _ in range(DRIPPERS)]
        for _ in range(10):
            assert httpx.get(f"{server.url}/api/public/videos", timeout=30).status_code == 200
        for dripper in drippers:
            drip(dripper, b"x")
            assert dripper.answer().status == 408
        clients.close()


def test_a_client_that_finds_all_connections_taken_waits_only_for_the_deadline(api: Api, clients: ExitStack) -> None:
    deadlines = replace(PATIENT, head_seconds=1, linger_quiet_seconds=1)
    with ServerThread(api, deadlines=deadlines, connections_max=10) as server:
        for _ in range(2 * 10):
            clients.enter_context(RawClient(server.port)).send("GET / HTTP/1.1\r\nX-Drip: ")
        assert httpx.get(f"{server.url}/api/public/videos", timeout=60).status_code == 200
        clients.close()


def test_an_answer_that_the_client_does_not_read_is_aborted(api: Api) -> None:
    released = threading.Event()

    class LargeAnswer:
        """An answer that is larger than the buffers of the sockets. waitress calls ``close`` at its end."""

        def __iter__(self) -> Iterator[bytes]:
            yield bytes(64 * MIB)

        def close(self) -> None:
            released.set()

    def answer_at_length(_environ: dict[str, Any], start_response: Any) -> LargeAnswer:
        start_response("200 OK", [("Content-Length", str(2 * 64 * MIB))])
        return LargeAnswer()

    deadlines = replace(PATIENT, answer_seconds=1)
    with (
        ServerThread(api, application=answer_at_length, deadlines=deadlines) as server,
        RawClient(server.port) as client,
    ):
        client.send(head("GET /"))
        assert released.wait(60)
        wait_until(lambda: is_reset(client), "the server resets the connection")


def one_more_is_accepted(server: ServerThread) -> bool:
    with RawClient(server.port) as client:
        try:
            return client.send(head("GET /api/health/live")).answer().status == 200
        except (AssertionError, ConnectionError):
            return False


def test_the_connections_of_one_address_are_limited(api: Api, clients: ExitStack) -> None:
    with ServerThread(api, per_address_max=3) as server:
        first = [clients.enter_context(RawClient(server.port)) for _ in range(3)]
        for client in first:
            assert client.send(head("GET /api/health/live")).answer().status == 200
        assert not one_more_is_accepted(server)
        clients.close()
        wait_until(lambda: one_more_is_accepted(server), "a new connection is accepted again")


@pytest.mark.parametrize("proxy", ["127.0.0.1", "*"])
def test_the_connections_of_the_trusted_proxy_are_not_limited(api: Api, clients: ExitStack, proxy: str) -> None:
    with ServerThread(api, per_address_max=3, proxy=proxy) as server:
        for _ in range(10):
            client = clients.enter_context(RawClient(server.port))
            assert client.send(head("GET /api/health/live")).answer().status == 200
        clients.close()
