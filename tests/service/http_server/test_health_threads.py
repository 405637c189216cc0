"""Health checks are answered even while every thread for requests hangs."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from service.app import Api, create_app
from tests.service.http_server.scenes import wait_until
from tests.service.http_server.server_thread import ServerThread

THREADS = 8  # of ServerThread
MORE_THAN_THREADS = 3 * THREADS


@pytest.mark.parametrize("path", ["/api/health/live", "/api/health/ready", "/health"])
def test_health_waits_for_no_other_request(api: Api, path: str) -> None:
    application = create_app(api)
    go_on = threading.Event()
    hanging: list[None] = []

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/api/public/videos":
            hanging.append(None)
            go_on.wait(60)
        return application(environ, start_response)

    with ServerThread(api, application=call) as server, ThreadPoolExecutor(MORE_THAN_THREADS) as pool:
        waiting = [
            pool.submit(httpx.get, f"{server.url}/api/public/videos", timeout=60) for _ in range(MORE_THAN_THREADS)
        ]
        try:
            wait_until(lambda: len(hanging) == THREADS, "every thread hangs")
            assert httpx.get(f"{server.url}{path}", timeout=30).status_code == 200
            assert not any(request.done() for request in waiting)
        finally:
            go_on.set()
        assert {request.result().status_code for request in waiting} == {200}
