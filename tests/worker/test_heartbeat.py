import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.jobs.job_queue import Delivery, JobQueue
from tests.records import claimed, expire_lease, new_video
from tests.telemetry.receivers import wait_until
from tests.watched_database import WatchedDatabase
from tests.worker.job_rig import JobRig
from worker.errors import Interrupted, LeaseLost
from worker.heartbeat import Heartbeat, Turn

AWAY = "http://127.0.0.1:1"
DELIVERY = Delivery("", "id", "handle", 1, 0, "")


class Turns:
    """Records the calls of ``on_turn``: (running jobs, failed renewals)."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.happened = threading.Event()

    def __call__(self, turn: Turn) -> None:
        self.seen.append((turn.jobs, turn.failed_renewals))
        self.latest = turn
        self.happened.set()


def heartbeat(database: Database, queue: JobQueue, turns: Turns, lease_seconds: int = 60) -> Heartbeat:
    return Heartbeat(
        database,
        queue,
        interval_seconds=0.05,
        lease_seconds=lease_seconds,
        visibility_seconds=60,
        job_seconds=600,
        on_turn=turns,
    )


def test_a_turn_renews_lease_and_visibility_of_every_job(rig: JobRig) -> None:
    turns = Turns()
    beat = heartbeat(rig.database, rig.queue, turns)
    first, second = rig.accepted_video(), rig.accepted_video()
    deliveries = [rig.receive(), rig.receive()]
    claims = [claimed(rig.database, entry, lease_seconds=-5) for entry in (first, second)]
    with beat.holding(claims[0], deliveries[0], time.monotonic()) as one:
        with beat.holding(claims[1], deliveries[1], time.monotonic()) as two:
            beat.turn()
            one.check()
            two.check()
        beat.turn()
    beat.turn()
    assert turns.seen == [(2, 0), (1, 0), (0, 0)]
    assert rig.outbox.sweep() == 0, "the leases had ended, and are valid again"


def test_a_lease_is_lost_at_the_next_turn_after_another_claim(rig: JobRig) -> None:
    beat = heartbeat(rig.database, rig.queue, Turns())
    entry = rig.accepted_video()
    claim = claimed(rig.database, entry)
    with beat.holding(claim, rig.receive(), time.monotonic()) as lease:
        expire_lease(rig.database, entry.video_id)
        claimed(rig.database, entry)
        beat.turn()
        assert lease.cancelled.is_set()
        with pytest.raises(LeaseLost):
            lease.check()


def test_a_lease_that_cannot_be_renewed_in_time_counts_as_lost(rig: JobRig) -> None:
    turns = Turns()
    away = Database("postgresql://postgres@127.0.0.1:1/nothing")
    beat = heartbeat(away, rig.queue, turns, lease_seconds=60)
    claim = claimed(rig.database, rig.accepted_video())
    delivery = rig.receive()
    with beat.holding(claim, delivery, time.monotonic()) as fresh:
        beat.turn()
        fresh.check()
    with beat.holding(claim, delivery, time.monotonic() - 50) as stale:
        beat.turn()
        with pytest.raises(LeaseLost):
            stale.check()
    away.close()
    assert turns.seen == [(1, 1), (1, 1)]


def test_a_confirmed_renewal_makes_the_lease_fresh_again(rig: JobRig) -> None:
    beat = heartbeat(rig.database, rig.queue, Turns())
    claim = claimed(rig.database, new_video(rig.database))
    with beat.holding(claim, DELIVERY, time.monotonic() - 50) as lease:
        beat.turn()
        lease.check()


def test_a_message_that_cannot_be_kept_hidden_is_counted_and_ends_no_job(rig: JobRig) -> None:
    turns = Turns()
    queue = JobQueue(Aws(REGION, AWAY), f"{AWAY}/q", f"{AWAY}/dlq")
    claim = claimed(rig.database, new_video(rig.database))
    for kind, expected in ((queue, 1), (rig.queue, 1)):
        beat = heartbeat(rig.database, kind, turns)
        with beat.holding(claim, DELIVERY, time.monotonic()) as lease:
            beat.turn()
            lease.check()
        assert turns.seen[-1] == (1, expected)


def test_an_interrupted_job_raises_another_error_than_a_lost_one(rig: JobRig) -> None:
    beat = heartbeat(rig.database, rig.queue, Turns())
    claim = claimed(rig.database, new_video(rig.database))
    with beat.holding(claim, DELIVERY, time.monotonic()) as lease:
        beat.interrupt_all()
        with pytest.raises(Interrupted):
            lease.check()


def test_a_message_that_was_released_during_a_turn_is_not_hidden_again(rig: JobRig, database_url: str) -> None:
    database = WatchedDatabase(database_url)
    beat = heartbeat(database, rig.queue, Turns())
    claim = claimed(rig.database, rig.accepted_video())
    delivery = rig.receive()

    def hand_back() -> None:
        beat.let_go(lease)
        rig.queue.release(delivery, 0)

    database.after_commit = hand_back
    with beat.holding(claim, delivery, time.monotonic()) as lease:
        beat.turn()
    assert rig.messages() == (1, 0)
    database.close()


class InterruptingLock:
    """A lock. Before it is taken for the first time, all jobs are interrupted."""

    def __init__(self, interrupt_all: Callable[[], None]) -> None:
        self._interrupt_all: Callable[[], None] | None = interrupt_all
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        interrupt_all, self._interrupt_all = self._interrupt_all, None
        if interrupt_all:
            interrupt_all()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_a_job_that_is_claimed_while_all_are_interrupted_is_interrupted_too(
    rig: JobRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat = heartbeat(rig.database, rig.queue, Turns())
    monkeypatch.setattr(beat, "_lock", InterruptingLock(beat.interrupt_all))
    claim = claimed(rig.database, new_video(rig.database))
    with beat.holding(claim, DELIVERY, time.monotonic()) as lease, pytest.raises(Interrupted):
        lease.check()


class QueueWithCallback(JobQueue):
    """Calls ``before_hiding`` before it hides messages."""

    before_hiding: Callable[[], None]

    def extend(self, deliveries: Iterable[Delivery], seconds: int) -> list[Delivery]:
        self.before_hiding()
        return super().extend(deliveries, seconds)


def test_a_message_that_is_released_while_it_is_hidden_stays_visible(rig: JobRig) -> None:
    queue = QueueWithCallback(Aws(REGION, rig.emulator.url), rig.queues.jobs, rig.queues.dead_letter)
    beat = heartbeat(rig.database, queue, Turns())
    claim = claimed(rig.database, rig.accepted_video())
    delivery = rig.receive()

    def hand_back() -> None:
        beat.let_go(lease)
        rig.queue.release(delivery, 0)

    handing_back = threading.Thread(target=hand_back)

    def hand_back_meanwhile() -> None:
        handing_back.start()
        handing_back.join(0.5)  # it must still wait after this time

    queue.before_hiding = hand_back_meanwhile
    with beat.holding(claim, delivery, time.monotonic()) as lease:
        beat.turn()
    handing_back.join()
    assert rig.messages() == (1, 0)


class BrokenDatabase(Database):
    """Raises an unexpected error at each write."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        raise ZeroDivisionError
        yield


def test_a_stale_lease_is_lost_even_after_an_unexpected_error(rig: JobRig) -> None:
    broken = BrokenDatabase("postgresql://postgres@127.0.0.1:1/nothing")
    beat = heartbeat(broken, rig.queue, Turns())
    claim = claimed(rig.database, new_video(rig.database))
    with beat.holding(claim, DELIVERY, time.monotonic() - 50) as lease:
        with pytest.raises(ZeroDivisionError):
            beat.turn()
        with pytest.raises(LeaseLost):
            lease.check()
    broken.close()


def test_the_heartbeat_turns_in_its_thread_until_it_is_stopped(rig: JobRig) -> None:
    turns = Turns()
    beat = heartbeat(rig.database, rig.queue, turns)
    beat.start()
    assert turns.happened.wait(30)
    beat.stop()
    assert all(turn == (0, 0) for turn in turns.seen)


def test_a_job_that_stands_still_loses_its_lease_although_every_renewal_would_succeed(rig: JobRig) -> None:
    beat = Heartbeat(
        rig.database,
        rig.queue,
        interval_seconds=60,
        lease_seconds=60,
        visibility_seconds=60,
        job_seconds=600,
        on_turn=Turns(),
        still_seconds=0.2,
        stuck_seconds=0.2,
    )
    entry = rig.accepted_video()
    claim = claimed(rig.database, entry, lease_seconds=-5)
    with beat.holding(claim, rig.receive(), time.monotonic()) as lease:
        beat.turn()
        assert rig.outbox.sweep() == 0, "a job that moves is renewed"
        wait_until(lambda: time.monotonic() - lease.moved_at > 0.2, "still for long enough")
        beat.turn()
        with pytest.raises(LeaseLost):
            lease.check()
        assert not beat.stuck.is_set()
        wait_until(lambda: time.monotonic() - lease.lost_at > 0.2, "lost for long enough")
        lease.lose()  # each turn calls this again while the last confirmation is old
        beat.turn()
        assert beat.stuck.is_set(), "its thread did not come back"


def test_a_job_that_moves_for_longer_than_its_deadline_loses_its_lease(rig: JobRig) -> None:
    beat = heartbeat(rig.database, rig.queue, Turns())
    claim = claimed(rig.database, rig.accepted_video())
    with beat.holding(claim, rig.receive(), time.monotonic() - 601) as lease:
        lease.move()
        beat.turn()
        with pytest.raises(LeaseLost):
            lease.check()


def test_a_turn_tells_the_age_of_the_oldest_job_and_how_many_stand_still(rig: JobRig) -> None:
    turns = Turns()
    beat = heartbeat(rig.database, rig.queue, turns)
    old, young = (claimed(rig.database, rig.accepted_video()) for _ in range(2))
    now = time.monotonic()
    with beat.holding(old, rig.receive(), now - 100), beat.holding(young, rig.receive(), now) as lease:
        lease.move()
        beat.turn()
        assert 100 <= turns.latest.oldest_job_seconds < 130
        assert turns.latest.still_jobs == 1
    beat.turn()
    assert (turns.latest.oldest_job_seconds, turns.latest.still_jobs) == (0, 0)
