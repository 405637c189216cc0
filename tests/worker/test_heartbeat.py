import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.jobs.job_queue import Delivery, JobQueue
from tests.records import claimed, expire_lease, new_video
from tests.worker.workshop import Workshop
from worker.errors import Interrupted, LeaseLost
from worker.heartbeat import Heartbeat

AWAY = "http://127.0.0.1:1"
DELIVERY = Delivery("", "id", "handle", 1, 0, "")


class Turns:
    """What the heartbeat told at each turn: (jobs held, renewals that failed)."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.happened = threading.Event()

    def __call__(self, held: int, failures: int) -> None:
        self.seen.append((held, failures))
        self.happened.set()


def heartbeat(database: Database, queue: JobQueue, turns: Turns, lease_seconds: int = 60) -> Heartbeat:
    return Heartbeat(
        database,
        queue,
        interval_seconds=0.05,
        lease_seconds=lease_seconds,
        visibility_seconds=60,
        on_turn=turns,
    )


def test_a_turn_renews_lease_and_visibility_of_every_job(workshop: Workshop) -> None:
    turns = Turns()
    beat = heartbeat(workshop.database, workshop.queue, turns)
    first, second = workshop.accepted_video(), workshop.accepted_video()
    deliveries = [workshop.receive(), workshop.receive()]
    claims = [claimed(workshop.database, entry, lease_seconds=-5) for entry in (first, second)]
    with beat.holding(claims[0], deliveries[0], time.monotonic()) as one:
        with beat.holding(claims[1], deliveries[1], time.monotonic()) as two:
            beat.turn()
            one.check()
            two.check()
        beat.turn()
    beat.turn()
    assert turns.seen == [(2, 0), (1, 0), (0, 0)]
    assert workshop.outbox.sweep() == 0, "leases that had ended are alive again"


def test_a_claim_that_no_longer_holds_is_lost_at_the_next_turn(workshop: Workshop) -> None:
    beat = heartbeat(workshop.database, workshop.queue, Turns())
    entry = workshop.accepted_video()
    claim = claimed(workshop.database, entry)
    with beat.holding(claim, workshop.receive(), time.monotonic()) as lease:
        expire_lease(workshop.database, entry.video_id)
        claimed(workshop.database, entry)
        beat.turn()
        assert lease.cancelled.is_set()
        with pytest.raises(LeaseLost):
            lease.check()


def test_a_lease_that_cannot_be_renewed_in_time_counts_as_lost(workshop: Workshop) -> None:
    turns = Turns()
    away = Database("postgresql://postgres@127.0.0.1:1/nothing")
    beat = heartbeat(away, workshop.queue, turns, lease_seconds=60)
    claim = claimed(workshop.database, workshop.accepted_video())
    delivery = workshop.receive()
    with beat.holding(claim, delivery, time.monotonic()) as fresh:
        beat.turn()
        fresh.check()
    with beat.holding(claim, delivery, time.monotonic() - 50) as stale:
        beat.turn()
        with pytest.raises(LeaseLost):
            stale.check()
    away.close()
    assert turns.seen == [(1, 1), (1, 1)]


def test_a_confirmed_renewal_makes_the_lease_fresh_again(workshop: Workshop) -> None:
    beat = heartbeat(workshop.database, workshop.queue, Turns())
    claim = claimed(workshop.database, new_video(workshop.database))
    with beat.holding(claim, DELIVERY, time.monotonic() - 50) as lease:
        beat.turn()
        lease.check()


def test_a_message_that_cannot_be_kept_hidden_is_counted_and_costs_no_job(workshop: Workshop) -> None:
    turns = Turns()
    queue = JobQueue(Aws(REGION, AWAY), f"{AWAY}/q", f"{AWAY}/dlq")
    claim = claimed(workshop.database, new_video(workshop.database))
    for kind, expected in ((queue, 1), (workshop.queue, 1)):
        beat = heartbeat(workshop.database, kind, turns)
        with beat.holding(claim, DELIVERY, time.monotonic()) as lease:
            beat.turn()
            lease.check()
        assert turns.seen[-1] == (1, expected)


def test_an_interrupted_job_is_told_apart_from_a_lost_one(workshop: Workshop) -> None:
    beat = heartbeat(workshop.database, workshop.queue, Turns())
    claim = claimed(workshop.database, new_video(workshop.database))
    with beat.holding(claim, DELIVERY, time.monotonic()) as lease:
        beat.interrupt_all()
        with pytest.raises(Interrupted):
            lease.check()


class Interrupting(Database):
    """Calls ``then`` once a write is committed."""

    then: Callable[[], None]

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
        self.then()


def test_a_message_that_was_released_during_a_turn_is_not_hidden_again(workshop: Workshop, database_url: str) -> None:
    database = Interrupting(database_url)
    beat = heartbeat(database, workshop.queue, Turns())
    claim = claimed(workshop.database, workshop.accepted_video())
    delivery = workshop.receive()

    def hand_back() -> None:
        beat.let_go(lease)
        workshop.queue.release(delivery, 0)

    database.then = hand_back
    with beat.holding(claim, delivery, time.monotonic()) as lease:
        beat.turn()
    assert workshop.messages() == (1, 0)
    database.close()


class UnforeseenlyBroken(Database):
    @contextmanager
    def writing(self) -> Iterator[Connection]:
        raise ZeroDivisionError
        yield


def test_a_stale_lease_is_lost_even_when_nobody_foresaw_why_it_cannot_be_renewed(workshop: Workshop) -> None:
    broken = UnforeseenlyBroken("postgresql://postgres@127.0.0.1:1/nothing")
    beat = heartbeat(broken, workshop.queue, Turns())
    claim = claimed(workshop.database, new_video(workshop.database))
    with beat.holding(claim, DELIVERY, time.monotonic() - 50) as lease:
        with pytest.raises(ZeroDivisionError):
            beat.turn()
        with pytest.raises(LeaseLost):
            lease.check()
    broken.close()


def test_it_beats_by_itself_until_it_is_stopped(workshop: Workshop) -> None:
    turns = Turns()
    beat = heartbeat(workshop.database, workshop.queue, turns)
    beat.start()
    assert turns.happened.wait(30)
    beat.stop()
    assert all(turn == (0, 0) for turn in turns.seen)
