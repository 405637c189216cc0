"""After SIGTERM, the API first fails readiness, then answers the requests that have begun, and ends."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from service.app import Api
from tests.service.conftest import signup_body
from tests.service.http_server.raw_http import RawClient, head
from tests.service.http_server.scenes import MULTIPART, form, wait_until
from tests.service.http_server.server_thread import ServerThread
from tests.service.service_process import ServiceProcess, StartService, addresses

READY = head("GET /api/health/ready")
LIVE = head("GET /api/health/live")


@pytest.fixture
def start(
    tmp_path: Path, sqlite_url: str, emulator: AwsEmulator, queues: Queues, bucket: str
) -> Iterator[StartService]:
    with ExitStack() as running:

        def start(**settings: str) -> ServiceProcess:
            service = ServiceProcess(tmp_path, **{**addresses(sqlite_url, emulator, queues, bucket), **settings})
            running.callback(service.stop)
            return service

        yield start


def signed_up(service: ServiceProcess) -> str:
    body = signup_body()
    with httpx.Client(base_url=service.url, timeout=60) as client:
        assert client.post("/api/auth/signup", json=body).status_code == 201
        login = {"email": body["email"], "password": body["password1"]}
        return f"Bearer {client.post('/api/auth/login', json=login).json()['access_token']}"


def begin_upload(service: ServiceProcess, authorization: str, body: bytes) -> RawClient:
    """Start an upload: the server has admitted it, and half of the body is sent."""
    fields = {"Content_Type": MULTIPART, "Authorization": authorization, "Expect": "100-continue"}
    client = RawClient(service.port).send(head("POST /api/videos/upload", Content_Length=len(body), **fields))
    assert client.answer().status == 100
    return client.send(body[: len(body) // 2])


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


def test_an_upload_in_flight_is_answered_201_and_the_process_ends_with_0(start: StartService, clip: Path) -> None:
    service = start()
    body = form(clip.read_bytes())
    authorization = signed_up(service)
    with begin_upload(service, authorization, body) as client:
        service.terminate()
        service.wait_until(lambda: service.logged("draining"), "draining")
        service.terminate()  # a second signal changes nothing
        assert not connects(service.port)
        answer = client.send(body[len(body) // 2 :]).answer()
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert client.is_closed_by_server()
    assert service.exit_code() == 0
    assert service.logged("accepted") and service.logged("stopped; 0 requests cut off")


def test_connections_without_a_request_do_not_hold_it_up(start: StartService) -> None:
    service = start(ANB_API_LAME_DUCK_SECONDS="1", ANB_API_DRAIN_SECONDS="3600")
    with RawClient(service.port) as asked, RawClient(service.port):
        assert asked.send(LIVE).answer().status == 200
        service.terminate()
        assert service.exit_code() == 0


def test_a_lame_duck_fails_readiness_and_still_serves_new_connections(start: StartService) -> None:
    service = start(ANB_API_LAME_DUCK_SECONDS="3600")
    with httpx.Client(base_url=service.url, timeout=60) as client:
        for path in ("/health", "/api/health/ready"):
            assert client.get(path).status_code == 200
    with RawClient(service.port) as kept:
        assert kept.send(LIVE).answer().status == 200
        service.terminate()
        wait_until(lambda: httpx.get(f"{service.url}/health", timeout=60).status_code == 503, "not ready any more")
        new = httpx.get(f"{service.url}/api/public/videos", timeout=60)
        assert (new.status_code, new.headers["connection"]) == (200, "close")
        answer = kept.send(READY).answer()
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        assert answer.json()["checks"]["process"] == "draining"
    service.kill()  # otherwise it would serve for an hour


def test_a_body_that_does_not_come_in_time_is_refused_with_503(start: StartService, clip: Path) -> None:
    service = start(ANB_API_DRAIN_SECONDS="1")
    with begin_upload(service, signed_up(service), form(clip.read_bytes())) as client, RawClient(service.port) as other:
        other.send("GET / HTTP/1.1\r\n")
        service.terminate()
        answer = client.answer()
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "unavailable", "5")
        assert other.answer().code == "request_timeout"
    assert service.exit_code() == 0
    assert service.logged("stopped; 0 requests cut off")


def test_a_request_that_ends_while_others_are_refused_is_not_cut_off(api: Api) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            begun.set()
            go_on.wait(60)
        start_response("200 OK", [("Content-Length", "0")])
        return []

    server = ServerThread(api, application=answer, drain_seconds=0.5)
    with server, RawClient(server.port) as slow, RawClient(server.port) as incomplete:
        slow.send(head("GET /slow"))
        assert begun.wait(60)
        incomplete.send(head("POST /incomplete", Content_Length=10), "half")
        server.begin_drain()
        assert incomplete.answer().status == 200, "the drain has ended, and incomplete requests are refused"
        go_on.set()
        assert slow.answer().status == 200
    assert server.cut == 0


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_request_that_hangs_is_cut_off_logged_and_counted(start: StartService, silent_server: str) -> None:
    service = start(ANB_API_DRAIN_SECONDS="1", ANB_AWS_ENDPOINT_URL=silent_server, sqs_queue_url=f"{silent_server}/1/q")
    with RawClient(service.port) as client:
        assert client.send(LIVE).answer().status == 200
        client.send(READY)  # readiness asks the queue and the storage, which never answer
        with RawClient(service.port) as other:  # a later request is answered, so the first has been received
            assert other.send(LIVE).answer().status == 200
        service.terminate()
        assert service.exit_code() == 0
    assert service.logged("stopped; 1 requests cut off")
    errors = [
        point.values for point in service.datapoints() if point.name == "ServerErrors" and len(point.dimensions) == 1
    ]
    assert errors.count((1.0,)) == 1
