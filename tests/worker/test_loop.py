"""The poll loop and its breaker: neither turns in a hot loop, whatever the queue answers."""

import threading
import time

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from showcase.aws import Aws
from showcase.dependencies import Dependency
from showcase.errors import Unavailable
from showcase.jobs.job_queue import Delivery, JobQueue
from tests.worker.job_rig import JobRig
from worker.breaker import Breaker
from worker.loop import EMPTY_SECONDS_MIN, WorkerLoop

WAIT_SECONDS = 30.0

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Timed(JobQueue):
    """Notes the times of its receives. ``is_enough`` is set at the third one."""

    def begin(self) -> None:
        self.asked_at: list[float] = []
        self.is_enough = threading.Event()

    def receive(self, count_max: int, *, hidden_seconds: int | None = None) -> list[Delivery]:
        self.asked_at.append(time.monotonic())
        if len(self.asked_at) == 3:
            self.is_enough.set()
        return super().receive(count_max, hidden_seconds=hidden_seconds)


@sqlite_only
def test_a_queue_that_does_not_wait_for_messages_is_asked_about_once_a_second(rig: JobRig) -> None:
    queue = Timed(Aws(REGION, rig.emulator.url), rig.queues.jobs, rig.queues.dead_letter, poll_seconds=0)
    queue.begin()
    loop = WorkerLoop(queue, rig.handler(), Breaker([], lambda: None), slots=1, on_turn=lambda: None)
    loop.start()
    assert queue.is_enough.wait(WAIT_SECONDS)
    loop.stop()
    loop.drain(WAIT_SECONDS, lambda: None)
    first, _, third = queue.asked_at[:3]
    assert third - first >= 2 * EMPTY_SECONDS_MIN


class Answering:
    def ping(self) -> None:
        """Do nothing: the dependency answers."""


def pauses(monkeypatch: pytest.MonkeyPatch, dependencies: list[Dependency], *, is_fixed_after: int = 0) -> list[float]:
    """The pauses of a breaker that is tripped again each time it closes, six times or more."""
    waited: list[float] = []

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            return len(waited) > 6

    monkeypatch.setattr("worker.breaker.random.uniform", lambda _low, high: high)
    breaker, stopping = Breaker(dependencies, lambda: None), Stopping()
    while len(waited) <= 6:
        breaker.trip()
        breaker.wait_until_closed(stopping)
        if len(waited) == is_fixed_after:
            breaker.note_success()
    return waited[:6]


def test_the_pauses_grow_although_every_ping_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """This happens without the permission to receive messages, for example."""
    assert pauses(monkeypatch, [Answering()]) == [1, 2, 4, 8, 16, 30]


def test_the_pauses_begin_again_after_a_job_succeeded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pauses(monkeypatch, [Answering()], is_fixed_after=3) == [1, 2, 4, 1, 2, 4]


def test_the_pauses_begin_again_after_a_calm_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.breaker.CALM_SECONDS", 0.0)
    assert pauses(monkeypatch, [Answering()]) == [1] * 6


def test_the_breaker_stays_open_while_the_queue_does_not_exist(
    emulator: AwsEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{emulator.url}/123456789012/none"
    queue = JobQueue(Aws(REGION, emulator.url), url, url)
    assert pauses(monkeypatch, [queue]) == [1, 2, 4, 8, 16, 30]
    assert "answers again" not in caplog.text
    with pytest.raises(Unavailable):
        queue.ping()
