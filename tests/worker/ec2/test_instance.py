import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from local.system.ec2_stub import END_SECONDS, INSTANCE_ID, STATE, Answer, Asked, Imds, Stub
from showcase.errors import SettingsError, Unavailable
from showcase.settings import read_settings
from tests.worker.ec2.watching import OFTEN_SECONDS, SPOT, Leaving, watching
from worker.ec2.instance import InstanceMetadata, InstanceWatch
from worker.settings import WorkerSettings


class Warned(logging.Handler):
    """``happened`` is set when a warning is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.happened = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.happened.set()


@pytest.fixture
def silent_imds() -> Iterator[Imds]:
    """Refuses connections until it is started."""
    with Imds() as imds:
        yield imds


@pytest.fixture
def imds(silent_imds: Imds) -> Imds:
    return silent_imds.start()


@pytest.fixture
def warned() -> Iterator[Warned]:
    warned = Warned()
    logger = logging.getLogger("worker.ec2.instance")
    logger.addHandler(warned)
    yield warned
    logger.removeHandler(warned)


def wait_until_the_watch_has_ended() -> None:
    """Wait for the end of its thread, without stopping it."""
    for thread in threading.enumerate():
        if thread.name == "instance-watch":
            thread.join(END_SECONDS)
            assert not thread.is_alive()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_one_token_serves_many_reads(imds: Imds) -> None:
    metadata = InstanceMetadata(imds.url)
    assert metadata.instance_id() == INSTANCE_ID
    assert metadata.read(STATE) == "InService"
    assert metadata.read(SPOT) is None
    assert imds.asked == ["instance-id", STATE, SPOT]
    assert len(imds.tokens) == 1


def test_an_expired_token_is_replaced_within_the_same_read(imds: Imds) -> None:
    metadata = InstanceMetadata(imds.url)
    metadata.read(STATE)
    imds.expire_token()
    assert metadata.read(STATE) == "InService"
    assert imds.tokens == ["token-0", "expired", "token-2"]


def test_a_read_ends_when_even_a_new_token_is_refused(imds: Imds) -> None:
    imds.items[STATE] = 401
    with pytest.raises(Unavailable, match=r"GET autoscaling/target-lifecycle-state \(401\)"):
        InstanceMetadata(imds.url).read(STATE)
    assert len(imds.tokens) == 1


def test_a_refused_token_request_is_an_outage(imds: Imds) -> None:
    imds.token_status = 403
    with pytest.raises(Unavailable, match=r"PUT token \(403\)"):
        InstanceMetadata(imds.url).read(STATE)


def test_an_instance_without_an_id_is_an_outage(imds: Imds) -> None:
    del imds.items["instance-id"]
    with pytest.raises(Unavailable, match="instance-id"):
        InstanceMetadata(imds.url).instance_id()


def test_an_answer_that_is_not_http_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        metadata = InstanceMetadata(f"http://127.0.0.1:{server.getsockname()[1]}")

        def answer_nonsense() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"nonsense\r\n\r\n")

        thread = threading.Thread(target=answer_nonsense)
        thread.start()
        with pytest.raises(Unavailable):
            metadata.read(STATE)
        thread.join()


def test_a_proxy_of_the_environment_is_not_used(imds: Imds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert InstanceMetadata(imds.url).instance_id() == INSTANCE_ID


@pytest.mark.parametrize("state", ["Terminated", "Standby", "Detached", "Warmed:Stopped"])
def test_a_target_state_other_than_in_service_is_reported_once(
    imds: Imds, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    leaving = Leaving()
    with watching(imds.url, leaving):
        imds.wait_until(lambda: imds.asked.count(STATE) >= 3)
        assert not leaving.reasons
        imds.items[STATE] = state
        assert leaving.happened.wait(END_SECONDS)
        wait_until_the_watch_has_ended()
    assert leaving.reasons == [f"Auto Scaling: {state}"]
    assert warnings(caplog) == [f"this instance must leave: Auto Scaling: {state}"]


def test_a_spot_notice_is_reported_once_even_outside_a_group(imds: Imds) -> None:
    del imds.items[STATE]
    leaving = Leaving()
    with watching(imds.url, leaving):
        imds.wait_until(lambda: imds.asked.count(SPOT) >= 3)
        imds.items[SPOT] = '{"action": "terminate", "time": "2026-01-01T00:00:00Z"}'
        assert leaving.happened.wait(END_SECONDS)
        wait_until_the_watch_has_ended()
    assert leaving.reasons == ['Spot: {"action": "terminate", "time": "2026-01-01T00:00:00Z"}']


def test_an_instance_in_service_stays_and_nothing_is_logged(imds: Imds, caplog: pytest.LogCaptureFixture) -> None:
    leaving = Leaving()
    with watching(imds.url, leaving):
        imds.wait_until(lambda: imds.asked.count(SPOT) >= 5)
    assert not leaving.reasons and not warnings(caplog)


def test_an_outage_is_logged_once_and_the_checks_continue(imds: Imds, caplog: pytest.LogCaptureFixture) -> None:
    imds.items[STATE] = 503
    leaving = Leaving()
    with watching(imds.url, leaving):
        imds.wait_until(lambda: imds.asked.count(STATE) >= 5)
        assert len(warnings(caplog)) == 1
        imds.items[STATE] = "Terminated"
        assert leaving.happened.wait(END_SECONDS)
    assert len(warnings(caplog)) == 2 and len(leaving.reasons) == 1


PAGE = "<html><body>Welcome</body></html>"


@pytest.mark.parametrize("item", [STATE, SPOT])
@pytest.mark.parametrize("text", [PAGE, "", "OK", "Terminat"])
def test_an_item_that_looks_like_no_item_is_an_outage_and_no_departure(
    imds: Imds, caplog: pytest.LogCaptureFixture, item: str, text: str
) -> None:
    imds.items[item] = text
    leaving = Leaving()
    with watching(imds.url, leaving):
        imds.wait_until(lambda: imds.asked.count(item) >= 3)
    assert not leaving.reasons
    (warning,) = warnings(caplog)
    assert "UnexpectedAnswer" in warning and "Welcome" not in warning


def test_a_token_that_looks_like_no_token_is_an_outage() -> None:
    class Proxy(Stub):
        def answer(self, asked: Asked) -> Answer:
            return Answer(200, f"{PAGE}\r\n{PAGE}".encode())

    with Proxy() as proxy, pytest.raises(Unavailable, match=r"PUT token failed \(UnexpectedAnswer\)"):
        InstanceMetadata(proxy.start().url).read(STATE)


def test_metadata_that_is_away_at_the_start_delays_nothing_and_is_read_later(
    silent_imds: Imds, warned: Warned, caplog: pytest.LogCaptureFixture
) -> None:
    silent_imds.items[STATE] = "Terminated"
    leaving = Leaving()
    with watching(silent_imds.url, leaving):
        assert warned.happened.wait(END_SECONDS)
        silent_imds.start()
        assert leaving.happened.wait(END_SECONDS)
    assert len(warnings(caplog)) == 2 and len(leaving.reasons) == 1


def test_metadata_that_never_answers_delays_neither_start_nor_stop_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        begun_at = time.monotonic()
        with watching(f"http://127.0.0.1:{mute.getsockname()[1]}", Leaving()):
            connection, _ = mute.accept()
            assert time.monotonic() - begun_at < 1
        assert time.monotonic() - begun_at < 5
        connection.close()


def test_outside_of_aws_no_thread_runs() -> None:
    before = threading.active_count()
    watch = InstanceWatch(None, interval_seconds=OFTEN_SECONDS, on_leaving=Leaving())
    watch.start()
    assert threading.active_count() == before
    watch.stop()


@pytest.mark.parametrize("url", ["https://169.254.169.254", "http://169.254.169.254/latest", "169.254.169.254"])
def test_a_wrong_metadata_address_stops_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ANB_METADATA_URL", url)
    with pytest.raises(SettingsError, match="ANB_METADATA_URL"):
        read_settings(WorkerSettings, env_file=None)
