"""The API tells the service manager when it is ready, that it works, and how long its end may take."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from service.app import Api
from service.draining import Draining
from service.watchdog import ApiWatchdog
from showcase.systemd import USEC, Notifier
from tests.service.http_server.raw_http import RawClient, head
from tests.service.http_server.scenes import wait_until
from tests.service.http_server.server_thread import ServerThread
from tests.service.service_process import ServiceProcess, addresses
from tests.service_manager import ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceManager]:
    manager = ServiceManager(str(tmp_path / "notify"))
    yield manager
    manager.close()


def test_the_process_reports_that_it_is_ready_that_it_works_and_how_long_its_end_may_take(
    tmp_path: Path, sqlite_url: str, emulator: AwsEmulator, queues: Queues, bucket: str, manager: ServiceManager
) -> None:
    service = ServiceProcess(
        tmp_path,
        **addresses(sqlite_url, emulator, queues, bucket),
        ANB_API_LAME_DUCK_SECONDS="2",
        ANB_API_DRAIN_SECONDS="3",
        NOTIFY_SOCKET=manager.address,
        WATCHDOG_USEC=str(60 * USEC),
    )
    try:
        assert manager.next_message() == "READY=1"
        assert httpx.get(f"{service.url}/api/health/live").status_code == 200
        assert manager.next_message() == "WATCHDOG=1"
        service.terminate()
        while (message := manager.next_message()) == "WATCHDOG=1":
            pass
        assert message == "STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000"
        assert service.exit_code() == 0
    finally:
        service.stop()


class Blocked:
    """An application that answers only after ``go_on`` is set."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, _environ: object, start_response: object) -> list[bytes]:
        self.go_on.wait(60)
        start_response("204 No Content", [])  # type: ignore[operator]
        return []


def watchdog_of(manager: ServiceManager, seconds: float) -> ApiWatchdog:
    return ApiWatchdog(Notifier(manager.address), round(seconds * USEC), Draining(), end_seconds=1)


def test_the_watchdog_is_not_fed_while_requests_wait_and_all_threads_hang(api: Api, manager: ServiceManager) -> None:
    application, watchdog = Blocked(), watchdog_of(manager, 0.2)
    turns: list[bool] = []

    def on_turn(requests_wait: bool) -> None:
        watchdog.turn(requests_wait)
        turns.append(requests_wait)

    with ExitStack() as stack:
        server = stack.enter_context(ServerThread(api, application=watchdog.around(application), on_turn=on_turn))
        clients = [stack.enter_context(RawClient(server.port)) for _ in range(9)]  # one more than there are threads
        for client in clients:
            client.send(head("GET /"))
        wait_until(lambda: turns[-3:] == [True] * 3, "requests that wait")
        manager.messages()
        wait_until(lambda: len(turns) > 6, "more turns")
        assert manager.messages() == []
        application.go_on.set()
        assert [client.answer().status for client in clients] == [204] * 9
        wait_until(lambda: manager.messages() != [], "the first report")


def test_the_watchdog_of_a_busy_process_is_fed_while_requests_end(manager: ServiceManager) -> None:
    watchdog = watchdog_of(manager, 120)
    answering = watchdog.around(lambda _environ, _start: [b""])
    watchdog.turn(requests_wait=True)
    answering({}, None)
    watchdog.turn(requests_wait=True)
    assert manager.messages() == ["WATCHDOG=1"] * 2
