from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.engine import Database, database_time
from showcase.database.tables import Video
from showcase.jobs import jobs
from showcase.jobs.job_message import parse_message
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import RESERVED_SECONDS, Outbox
from showcase.videos import FAST_PATH_SECONDS
from tests.records import TRACEPARENT, claimed, expire_lease, new_video, shift_due, video_state

AWAY = "http://127.0.0.1:1"


def received_ids(queue: JobQueue) -> list[str]:
    ids: list[str] = []
    while deliveries := queue.receive(10):
        for delivery in deliveries:
            ids.append(str(parse_message(delivery.body).video_id))
            queue.delete(delivery)
    return ids


def is_due_within(database: Database, seconds: float) -> bool:
    """Whether the message of the only video is due after ``seconds``."""
    with database.reading() as connection:
        return connection.execute(select(Video.message_due_at <= database_time(seconds))).scalar_one()


def test_the_fast_path_sends_the_message_of_the_contract(
    database: Database, queue: JobQueue, outbox: Outbox, bucket: str
) -> None:
    entry = new_video(database)
    assert outbox.send(entry)
    (delivery,) = queue.receive(10)
    message = parse_message(delivery.body)
    assert (message.video_id, message.task_id) == (entry.video_id, entry.task_id)
    assert message.video_path == f"s3://{bucket}/{entry.original_key}"
    assert delivery.body.endswith('Z"}')
    assert (delivery.request_id, delivery.traceparent) == ("request-of-test", TRACEPARENT)
    with database.reading() as connection:
        assert connection.execute(select(Video.enqueued_at)).scalar_one() is not None


def test_a_sent_message_is_not_due_and_an_unsent_one_is(database: Database, queue: JobQueue, outbox: Outbox) -> None:
    sent, unsent = new_video(database), new_video(database)
    outbox.deliver(sent)
    assert outbox.sweep() == 0, "the API may still send the message itself"
    shift_due(database, unsent.video_id, -1)
    assert outbox.sweep() == 1
    assert sorted(received_ids(queue)) == sorted([str(sent.video_id), str(unsent.video_id)])


def test_a_queue_that_is_away_leaves_the_video_for_the_sweeper(
    database: Database, queue: JobQueue, outbox: Outbox, bucket: str
) -> None:
    entry = new_video(database)
    broken = JobQueue(Aws(REGION, AWAY), f"{AWAY}/q", f"{AWAY}/dlq")
    assert not Outbox(database, broken, bucket).send(entry)
    assert is_due_within(database, FAST_PATH_SECONDS), "nobody has noted it as sent"
    shift_due(database, entry.video_id, -1)
    assert Outbox(database, broken, bucket).sweep() == 0
    assert is_due_within(database, RESERVED_SECONDS)
    assert received_ids(queue) == []
    shift_due(database, entry.video_id, -1)
    assert outbox.sweep() == 1
    assert received_ids(queue) == [str(entry.video_id)]


def test_a_message_that_vanished_is_sent_again(database: Database, queue: JobQueue, outbox: Outbox) -> None:
    entry = new_video(database)
    outbox.deliver(entry)
    assert received_ids(queue) == [str(entry.video_id)]
    assert outbox.sweep() == 0
    shift_due(database, entry.video_id, -1)
    assert outbox.sweep() == 1
    assert received_ids(queue) == [str(entry.video_id)]


def test_the_video_of_a_dead_worker_is_sent_again_after_lease_and_grace(
    database: Database, queue: JobQueue, outbox: Outbox
) -> None:
    entry = new_video(database)
    claimed(database, entry, lease_seconds=-jobs.LEASE_GRACE_SECONDS - 1)
    assert outbox.sweep() == 1
    assert received_ids(queue) == [str(entry.video_id)]
    assert claimed(database, entry).fence == 2


def test_a_video_with_a_live_lease_is_not_sent_again(database: Database, outbox: Outbox) -> None:
    entry = new_video(database)
    shift_due(database, entry.video_id, -1)
    claim = claimed(database, entry)
    assert outbox.sweep() == 0
    with database.writing() as connection:
        jobs.renew_leases(connection, [(claim.video_id, claim.fence)], lease_seconds=60)
    assert outbox.sweep() == 0


def test_a_lease_that_is_renewed_moves_the_date_of_the_message(database: Database, outbox: Outbox) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    shift_due(database, entry.video_id, -1)
    with database.writing() as connection:
        jobs.renew_leases(connection, [(claim.video_id, claim.fence)], lease_seconds=60)
    assert outbox.sweep() == 0


def test_a_late_confirmation_does_not_hide_the_end_of_a_lease(database: Database, outbox: Outbox) -> None:
    entry = new_video(database)
    claimed(database, entry, lease_seconds=-jobs.LEASE_GRACE_SECONDS - 1)
    outbox.deliver(entry)
    assert outbox.sweep() == 1


@pytest.mark.parametrize("is_in_work", [False, True])
def test_a_row_of_a_producer_without_outbox_is_an_entry_once_it_was_sent(
    database: Database, queue: JobQueue, outbox: Outbox, is_in_work: bool
) -> None:
    entry = new_video(database)
    if is_in_work:
        claimed(database, entry)
    with database.writing() as connection:
        connection.execute(update(Video).values(message_due_at=None))
    outbox.deliver(entry)
    assert received_ids(queue) == [str(entry.video_id)]
    state = video_state(database, entry.video_id)
    assert state and state.has_message_due
    assert outbox.sweep() == 0
    shift_due(database, entry.video_id, -1)
    assert outbox.sweep() == 1


def test_settled_videos_are_never_sent_again(database: Database, queue: JobQueue, outbox: Outbox) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    with database.writing() as connection:
        jobs.finish(connection, claim, "key")
    outbox.deliver(entry)
    state = video_state(database, entry.video_id)
    assert state and not state.has_message_due
    assert outbox.sweep() == 0


def test_concurrent_sweepers_send_each_message_once(database: Database, queue: JobQueue, outbox: Outbox) -> None:
    entries = [new_video(database) for _ in range(30)]
    for entry in entries:
        shift_due(database, entry.video_id, -1)
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda _: outbox.sweep(), range(4)))
    assert sum(counts) == 30
    assert sorted(received_ids(queue)) == sorted(str(entry.video_id) for entry in entries)


def test_a_video_that_was_handed_back_is_sent_and_claimed_again(database: Database, outbox: Outbox) -> None:
    entry = new_video(database)
    claim = claimed(database, entry)
    with database.writing() as connection:
        jobs.hand_back(connection, claim, due_seconds=-1, attempt_counts=True)
    assert outbox.sweep() == 1
    claimed(database, entry)
    expire_lease(database, entry.video_id)
