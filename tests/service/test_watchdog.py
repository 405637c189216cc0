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
from tests.service.http_server.server_thread import DoorThread
from tests.service.service_process import ServiceProcess, places
from tests.service_manager import ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceManager]:
    manager = ServiceManager(str(tmp_path / "notify"))
    yield manager
    manager.close()


def test_the_process_says_when_it_is_ready_that_it_works_and_how_long_its_end_may_take(
    tmp_path: Path, sqlite_url: str, emulator: AwsEmulator, queues: Queues, bucket: str, manager: ServiceManager
) -> None:
    service = ServiceProcess(
        tmp_path,
        **places(sqlite_url, emulator, queues, bucket),
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


def voucher(manager: ServiceManager, seconds: float) -> ApiWatchdog:
    return ApiWatchdog(Notifier(manager.address), round(seconds * USEC), Draining(), end_seconds=1)


def test_threads_that_all_hang_while_requests_wait_are_not_vouched_for(api: Api, manager: ServiceManager) -> None:
    application, vouching = Blocked(), voucher(manager, 0.2)
    turns: list[bool] = []

    def on_turn(requests_wait: bool) -> None:
        vouching.turn(requests_wait)
        turns.append(requests_wait)

    with ExitStack() as stack:
        door = stack.enter_context(DoorThread(api, application=vouching.around(application), on_turn=on_turn))
        clients = [stack.enter_context(RawClient(door.port)) for _ in range(9)]  # one more than there are threads
        for client in clients:
            client.send(head("GET /"))
        wait_until(lambda: turns[-3:] == [True] * 3, "requests that wait")
        manager.messages()
        wait_until(lambda: len(turns) > 6, "more turns")
        assert manager.messages() == []
        application.go_on.set()
        assert [client.answer().status for client in clients] == [204] * 9
        wait_until(lambda: manager.messages() != [], "the first report")


def test_a_busy_process_is_vouched_for_while_requests_end(manager: ServiceManager) -> None:
    vouching = voucher(manager, 120)
    answering = vouching.around(lambda _environ, _start: [b""])
    vouching.turn(requests_wait=True)
    answering({}, None)
    vouching.turn(requests_wait=True)
    assert manager.messages() == ["WATCHDOG=1"] * 2
