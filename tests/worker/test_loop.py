"""The poll loop and its breaker: pacing, slots, outages, and the end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from showcase.aws import Aws
from showcase.dependencies import Dependency
from showcase.errors import Unavailable
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.storage.media_store import MediaStore
from tests.fixtures import VISIBILITY_SECONDS
from tests.telemetry.receivers import wait_until
from tests.worker.job_rig import JobRig
from worker.breaker import Breaker
from worker.job import JobHandler
from worker.loop import EMPTY_SECONDS_MIN, WorkerLoop

WAIT_SECONDS = 30.0
LONG_SECONDS = 20.0  # of a job; far longer than it takes to hand it back

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
def test_a_queue_that_does_not_wait_for_messages_is_polled_about_once_a_second(rig: JobRig) -> None:
    queue = Timed(Aws(REGION, rig.emulator.url), rig.queues.jobs, rig.queues.dead_letter, poll_seconds=0)
    queue.begin()
    loop = WorkerLoop(queue, rig.handler(), Breaker([], lambda: None), slots=1, on_turn=lambda: None)
    loop.start()
    assert queue.is_enough.wait(WAIT_SECONDS)
    loop.stop()
    loop.drain(WAIT_SECONDS, lambda: None)
    first, _, third = queue.asked_at[:3]
    assert third - first >= 2 * EMPTY_SECONDS_MIN


class Away:
    """A dependency that is away until the test is over."""

    def ping(self) -> None:
        raise Unavailable("storage", "ping")


@contextmanager
def polling(rig: JobRig, handler: JobHandler | None = None, breaker: Breaker | None = None) -> Iterator[None]:
    """Poll inside the block, with one slot. At the end, running jobs are handed back at once."""
    breaker = breaker or Breaker([], lambda: None)
    loop = WorkerLoop(rig.queue, handler or rig.handler(), breaker, slots=1, on_turn=lambda: None)
    loop.start()
    try:
        yield
    finally:
        loop.stop()
        loop.drain(0, rig.heartbeat.interrupt_all)


@sqlite_only
def test_a_job_with_an_unexpected_error_gives_its_slot_back(rig: JobRig) -> None:
    def fail_once(_cancelled: threading.Event) -> None:
        rig.maker.on_work = lambda _cancelled: None
        raise ZeroDivisionError

    rig.maker.on_work = fail_once
    entries = [rig.accepted_video() for _ in range(2)]
    with polling(rig):
        wait_until(lambda: "processed" in [rig.state(entry).status for entry in entries], "the other video processed")


@sqlite_only
def test_after_a_job_that_meets_an_outage_no_message_is_received(rig: JobRig) -> None:
    visible: list[int] = []
    is_open = threading.Event()

    def pause() -> None:
        visible.append(rig.messages()[0])
        is_open.set()

    away = MediaStore(Aws(REGION, "http://127.0.0.1:1"), rig.media.bucket)
    for _ in range(2):
        rig.accepted_video()
    with polling(rig, rig.handler(media=away), Breaker([Away()], pause)):
        assert is_open.wait(WAIT_SECONDS)
    assert visible[0] == 1


class StopsAtFirstMessage(Breaker):
    """Breaker and gate of a loop, which it stops while the receive of the first message is under way."""

    def __init__(self) -> None:
        super().__init__([], lambda: None)
        self.has_stopped = threading.Event()
        self.loop: WorkerLoop

    def wait_until_closed(self, stopping: threading.Event) -> bool:
        self.stopping = stopping
        return super().wait_until_closed(stopping)

    def protect(self) -> bool:
        return True

    def busy(self) -> None:
        threading.Thread(target=self.loop.stop).start()
        assert self.stopping.wait(WAIT_SECONDS)
        self.has_stopped.set()

    def idle(self) -> None:
        """The message has not come yet."""


@sqlite_only
def test_messages_that_come_while_the_loop_stops_are_released(rig: JobRig) -> None:
    breaker = StopsAtFirstMessage()
    loop = breaker.loop = WorkerLoop(rig.queue, rig.handler(), breaker, slots=1, on_turn=lambda: None, gate=breaker)
    rig.accepted_video()
    loop.start()
    assert breaker.has_stopped.wait(WAIT_SECONDS)
    loop.stop()
    loop.drain(WAIT_SECONDS, lambda: None)
    assert rig.maker.runs == 0
    began = time.monotonic()
    rig.receive()
    assert time.monotonic() - began < VISIBILITY_SECONDS / 2, "it was hidden until its visibility timeout"


@sqlite_only
def test_jobs_that_outlast_the_drain_are_handed_back(rig: JobRig) -> None:
    began = threading.Event()

    def work_long(cancelled: threading.Event) -> None:
        began.set()
        cancelled.wait(LONG_SECONDS)

    rig.maker.on_work = work_long
    entry = rig.accepted_video()
    with polling(rig):
        assert began.wait(WAIT_SECONDS)
    assert (rig.state(entry).status, rig.state(entry).attempts) == ("uploaded", 0)


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
