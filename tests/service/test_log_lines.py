"""The API writes at most one log line for a request, whatever clients send, and measures the requests that wait."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from service.access_tokens import Tokens
from telemetry.catalogue import NO_ROUTE, ROUTE, ROUTES, Route
from tests.service.conftest import SECRET, signup_body
from tests.service.http_server.raw_http import RawClient
from tests.service.player_requests import upload
from tests.service.resources.direct_upload_client import DirectClient
from tests.service.service_process import ServiceProcess, addresses

CLIENTS = 12
LINES_OF_NO_REQUEST = ("listening on", "malformed ", "draining", "stopped;", "telemetry closed")

Visit = Callable[[httpx.Client], object]


@pytest.fixture
def service(
    tmp_path: Path, sqlite_url: str, emulator: AwsEmulator, queues: Queues, bucket: str
) -> Iterator[ServiceProcess]:
    """An API with one thread for requests, so that the others wait."""
    settings = {
        "ANB_API_THREADS": "1",
        "ANB_LIMIT_LOGIN_ACCOUNT": "1/86400",
        "ANB_API_LAME_DUCK_SECONDS": "0",
        "ANB_TRUSTED_PROXY": "*",
    }
    service = ServiceProcess(tmp_path, **addresses(sqlite_url, emulator, queues, bucket), **settings)
    yield service
    service.stop()


def sign_up(service: ServiceProcess) -> dict[str, str]:
    """The Authorization of a new player."""
    body = signup_body()
    httpx.post(f"{service.url}/api/auth/signup", json=body, timeout=60).raise_for_status()
    login = {"email": body["email"], "password": body["password1"]}
    answer = httpx.post(f"{service.url}/api/auth/login", json=login, timeout=60)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def visits(clip: bytes, player: dict[str, str], stranger: dict[str, str]) -> list[Visit]:
    """Requests of all kinds: every route with and without a token, with and without a good body, and odd methods."""

    def ask(route: Route, **options: Any) -> Visit:
        path = route.path.replace("{video_id}", str(uuid.uuid4())).replace("{upload_id}", str(uuid.uuid4()))
        return lambda client: client.request(route.method, path, **options)

    def form_upload(client: httpx.Client) -> None:
        client.headers.update(player)
        video_id = upload(client, clip).json()["video_id"]
        client.get(f"/api/videos/{video_id}", headers=stranger)  # 403
        client.delete(f"/api/videos/{video_id}")

    def direct_upload(content: bytes) -> Visit:
        def visit(client: httpx.Client) -> None:
            client.headers.update(player)
            direct = DirectClient(client)
            direct.complete(direct.uploaded(content))
            direct.storage.close()

        return visit

    def refused_upload(client: httpx.Client) -> None:
        client.headers.update(player)
        assert upload(client, b"no clip").status_code == 400

    every_route = [ask(route, **options) for route in Route for options in ({}, {"headers": player, "content": b"{"})]
    unknown = [lambda client: client.get("/wp-admin"), lambda client: client.request("INVENTED", "/api/videos")]
    log_in = {"email": "nadie@example.com", "password": "una contraseña"}
    limited = [ask(Route.LOG_IN, json=log_in)] * 4
    return [*every_route, form_upload, direct_upload(clip), direct_upload(b"x"), refused_upload, *unknown, *limited]


def break_the_protocol(port: int) -> None:
    """Requests that no route gets, and clients that leave."""
    heads = (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000)
    for head in heads:
        with RawClient(port) as client:
            client.send(head)
            assert client.answer().status in (400, 431)
    forged = httpx.get(f"http://127.0.0.1:{port}/api/public/videos", headers={"X-Forwarded-For": '"'})
    assert forged.status_code == 400  # found before it has an id, so the ids of the request before it must be gone
    for _ in range(8):
        with RawClient(port) as client:
            client.send("GET /api/public/videos HTTP/1.1\r\nHost: x\r\n\r\n" * 8)  # it reads no answer


def test_a_mixed_load_gives_at_most_one_line_a_request(service: ServiceProcess, clip: Path) -> None:
    player = sign_up(service)
    stranger = {"Authorization": f"Bearer {Tokens(SECRET, 60).issue(uuid.uuid4())}"}

    def visit(visit: Visit) -> None:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            visit(client)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(visit, visits(clip.read_bytes(), player, stranger) * 2))
    break_the_protocol(service.port)
    service.terminate()
    assert service.exit_code() == 0

    points = service.datapoints()
    requests = [dict(point.dimensions).get(ROUTE) for point in points if point.name == "Requests"]
    assert set(requests) == {None, *ROUTES, NO_ROUTE}, "each route was asked"
    assert max(max(point.values) for point in points if point.name == "RequestsWaiting") >= CLIENTS // 2

    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    by_request = Counter(line.get("request_id") for line in lines)
    of_no_request = by_request.pop(None)
    assert max(by_request.values()) == 1, [line for line in lines if by_request[line.get("request_id")] > 1]
    assert of_no_request == len(LINES_OF_NO_REQUEST), lines
    assert [line["message"].startswith(LINES_OF_NO_REQUEST) for line in lines].count(True) == of_no_request
    assert len(by_request) < requests.count(None), "a request that only reads writes no line"
    assert [line["message"][:9] for line in lines if line["level"] != "INFO"] == ["malformed"]
