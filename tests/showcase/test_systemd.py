import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from showcase.errors import SettingsError
from showcase.settings import read_settings
from showcase.systemd import Liveness, Notifier, Watchdog
from tests.service_manager import ServiceManager
from worker.settings import WorkerSettings

LIMIT_USEC = 20_000_000
PARTS = ("poller", "heartbeat")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServiceManager]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@anb-{uuid.uuid4().hex}"
    manager = ServiceManager(address)
    yield manager
    manager.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def liveness(clock: Clock) -> Liveness:
    return Liveness(clock)


@pytest.fixture
def watchdog(manager: ServiceManager, liveness: Liveness) -> Watchdog:
    return Watchdog(Notifier(manager.address), liveness, LIMIT_USEC, PARTS)


def test_the_service_manager_receives_ready_alive_and_stopping(manager: ServiceManager) -> None:
    notifier = Notifier(manager.address)
    notifier.ready()
    assert manager.next_message() == "READY=1"
    notifier.alive()
    assert manager.next_message() == "WATCHDOG=1"
    notifier.stopping(150.5)
    assert manager.next_message() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=150500000"


def test_without_a_service_manager_nothing_is_logged_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(None)
    notifier.ready()
    notifier.stopping(1)
    assert Watchdog(notifier, Liveness(), None, PARTS).feed()
    assert not caplog.records


def test_a_service_manager_that_is_gone_is_logged_once(
    manager: ServiceManager, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(manager.address)
    notifier.ready()
    manager.close()
    for _ in range(3):
        notifier.alive()
    assert len(caplog.records) == 1 and "WATCHDOG=1" in caplog.text


def test_a_service_manager_that_does_not_read_causes_no_delay(
    manager: ServiceManager, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(manager.address)
    begun_at = time.monotonic()
    for _ in range(2000):
        notifier.alive()
    assert time.monotonic() - begun_at < 5
    assert len(caplog.records) == 1, "its queue must have been full"
    manager.messages()
    notifier.stopping(1)
    assert manager.messages() == ["STOPPING=1\nEXTEND_TIMEOUT_USEC=1000000"]


def test_the_watchdog_is_fed_while_every_part_reports(
    manager: ServiceManager, clock: Clock, liveness: Liveness, watchdog: Watchdog
) -> None:
    for _ in range(5):
        clock.now += 9
        for part in PARTS:
            liveness.touch(part)
        assert watchdog.feed()
    assert manager.messages() == ["WATCHDOG=1"] * 5


@pytest.mark.parametrize(("alive", "silent"), [PARTS, PARTS[::-1]])
def test_the_watchdog_is_not_fed_when_one_part_is_silent(
    manager: ServiceManager,
    clock: Clock,
    liveness: Liveness,
    watchdog: Watchdog,
    caplog: pytest.LogCaptureFixture,
    alive: str,
    silent: str,
) -> None:
    clock.now += 11
    for _ in range(3):
        liveness.touch(alive)
        assert not watchdog.feed()
    assert manager.messages() == []
    assert len(caplog.records) == 1 and silent in caplog.text and alive not in caplog.text


def test_a_part_that_becomes_alive_again_feeds_the_watchdog(
    manager: ServiceManager, clock: Clock, liveness: Liveness, watchdog: Watchdog
) -> None:
    clock.now += 15
    liveness.touch("heartbeat")
    assert not watchdog.feed()
    liveness.touch("poller")
    assert watchdog.feed()
    assert manager.messages() == ["WATCHDOG=1"]


def test_the_age_of_a_part_without_a_sign_counts_from_the_start(clock: Clock, liveness: Liveness) -> None:
    clock.now += 3
    liveness.touch("poller")
    clock.now += 2
    assert (liveness.age("poller"), liveness.age("heartbeat")) == (2, 5)


@pytest.mark.parametrize(("variable", "value"), [("NOTIFY_SOCKET", "vsock:2:1"), ("WATCHDOG_USEC", "0")])
def test_an_unsupported_variable_of_systemd_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        read_settings(WorkerSettings, env_file=None)


def test_a_failure_after_a_success_is_logged_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(str(tmp_path / "notify"))
    notifier.alive()
    manager = ServiceManager(str(tmp_path / "notify"))
    notifier.alive()
    manager.close()
    notifier.alive()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
