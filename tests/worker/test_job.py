"""One message from receipt to end, with a fake encoder: the state after each outcome."""

import io
import json
import os
import shutil
import threading
import time
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.clips.clip_rules import unacceptable
from showcase.database.engine import Database, database_time
from showcase.database.tables import Video
from showcase.storage.media_store import MediaStore
from showcase.videos import delete_own
from tests.records import claimed, expire_lease, new_player, new_video, original_of, video_state
from tests.watched_database import WatchedDatabase, away, in_turn, nothing
from tests.worker.job_rig import ATTEMPTS_MAX, JobRig, result_of
from worker.errors import EncodeFailed, EncodeStuck, EncodeWrong
from worker.job import BACKOFF_SECONDS, MESSAGE_GRACE_SECONDS, backoff_seconds
from worker.job_record import Outcome
from worker.outages import Outages

AWAY = "http://127.0.0.1:1"


def fail_with(error: Exception, rig: JobRig) -> None:
    def raise_it(_cancelled: threading.Event) -> None:
        raise error

    rig.maker.on_work = raise_it


def test_a_video_is_published_under_a_key_that_carries_the_fence(rig: JobRig) -> None:
    entry = rig.accepted_video()
    assert rig.handler().handle(rig.receive()) is Outcome.PROCESSED
    state = rig.state(entry)
    assert (state.status, state.processed_key, state.attempts) == ("processed", result_of(entry), 1)
    assert rig.objects() == {entry.original_key, result_of(entry)}
    assert rig.messages() == (0, 0)
    assert rig.leftovers() == []


def test_the_job_writes_one_record_with_times_and_outcomes(rig: JobRig) -> None:
    entry = rig.accepted_video()
    rig.handler().handle(rig.receive())
    recorded = rig.recorded
    assert recorded.values("Jobs") == [1]
    assert recorded.values("VideosProcessed") == [1]
    for absent in ("JobErrors", "VideosRefused", "Retries", "DuplicatesSuppressed", "LeasesLost"):
        assert recorded.values(absent) == [0]
    for duration in ("QueueWait", "ProcessingTime", "UploadToProcessed", "DownloadTime", "EncodeTime", "PublishTime"):
        (milliseconds,) = recorded.values(duration)
        assert 0 <= milliseconds < 60_000
    record = next(line for line in recorded.path.read_text().splitlines() if '"Jobs"' in line)
    properties = json.loads(record)
    assert (properties["video_id"], properties["fence"]) == (str(entry.video_id), 1)
    assert (properties["outcome"], properties["request_id"]) == ("processed", "request-of-test")
    _, trace_id, parent_id, _ = entry.traceparent.split("-")
    assert (properties["trace_id"], properties["parent_id"]) == (trace_id, parent_id)
    assert properties["span_id"] != parent_id and properties["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["Service"]
    ]


@pytest.mark.parametrize("copies", [1, 4])
def test_duplicates_of_a_processed_video_are_suppressed(rig: JobRig, copies: int) -> None:
    entry = rig.accepted_video()
    for _ in range(copies):
        rig.outbox.deliver(entry)
    handler = rig.handler()
    outcomes = [handler.handle(rig.receive()) for _ in range(copies + 1)]
    assert outcomes == [Outcome.PROCESSED, *[Outcome.DUPLICATE] * copies]
    assert rig.recorded.values("VideosProcessed") == [1, *[0] * copies]
    assert rig.recorded.values("DuplicatesSuppressed") == [0, *[1] * copies]
    assert rig.maker.runs == 1
    assert rig.messages() == (0, 0)


def test_a_duplicate_of_a_video_in_work_is_kept_for_a_retry(rig: JobRig) -> None:
    entry = rig.accepted_video()
    claimed(rig.database, entry)
    assert rig.handler().handle(rig.receive()) is Outcome.BUSY
    assert rig.maker.runs == 0
    assert rig.messages() == (0, 1)


@pytest.mark.parametrize("body", ["not JSON", "{}", '{"video_id": "1; DROP TABLE"}'])
def test_an_unreadable_message_goes_to_the_dead_letter_queue_with_the_reason(rig: JobRig, body: str) -> None:
    rig.emulator.sqs.send_message(QueueUrl=rig.queues.jobs, MessageBody=body)
    assert rig.handler().handle(rig.receive()) is Outcome.UNREADABLE
    ((dead_body, reason),) = rig.dead_letters()
    assert dead_body == body and reason
    assert rig.messages() == (0, 0)


def test_a_message_of_an_unknown_video_is_dropped(rig: JobRig) -> None:
    body = {"video_id": str(uuid.uuid4()), "task_id": str(uuid.uuid4()), "created_at": "2024-01-01T00:00:00Z"}
    rig.emulator.sqs.send_message(QueueUrl=rig.queues.jobs, MessageBody=json.dumps(body))
    assert rig.handler().handle(rig.receive()) is Outcome.DUPLICATE
    assert rig.messages() == (0, 0)


def test_a_bad_clip_fails_for_good_with_a_reason_for_its_owner(rig: JobRig) -> None:
    entry = rig.accepted_video()
    fail_with(unacceptable("too_short"), rig)
    assert rig.handler().handle(rig.receive()) is Outcome.REFUSED
    state = rig.state(entry)
    assert (state.status, state.failure_code) == ("failed", "too_short")
    assert state.failure_reason == "El video dura menos de 20 segundos."
    assert rig.messages() == (0, 0) and rig.dead_letters() == []
    assert rig.recorded.values("VideosRefused") == [1]
    assert rig.recorded.values("JobErrors") == [0]


def test_a_missing_original_fails_for_good(rig: JobRig) -> None:
    entry = rig.accepted_video()
    rig.media.delete(entry.original_key)
    assert rig.handler().handle(rig.receive()) is Outcome.ORIGINAL_MISSING
    assert rig.state(entry).failure_code == "original_missing"


@pytest.mark.parametrize("error", [EncodeFailed(-11, "crash"), EncodeStuck("no progress"), OSError("disk full")])
def test_a_technical_failure_is_tried_again_later_and_never_shows_as_failed(rig: JobRig, error: Exception) -> None:
    entry = rig.accepted_video()
    fail_with(error, rig)
    assert rig.handler().handle(rig.receive()) is Outcome.RETRY
    state = rig.state(entry)
    assert (state.status, state.attempts, state.is_leased, state.has_message_due) == ("uploaded", 1, False, True)
    assert rig.messages() == (0, 1), "hidden for its back-off"
    assert rig.leftovers() == []
    assert rig.recorded.values("JobErrors") == [1]


def test_the_last_attempt_fails_the_video_and_dead_letters_the_message(rig: JobRig) -> None:
    entry = rig.accepted_video()
    fail_with(EncodeFailed(-9, "out of memory"), rig)
    handler = rig.handler()
    delivery = rig.receive()
    outcomes = [handler.handle(delivery) for _ in range(ATTEMPTS_MAX)]
    assert outcomes == [Outcome.RETRY] * (ATTEMPTS_MAX - 1) + [Outcome.EXHAUSTED]
    state = rig.state(entry)
    assert (state.status, state.failure_code, state.attempts) == ("failed", "processing_failed", ATTEMPTS_MAX)
    ((_, reason),) = rig.dead_letters()
    assert reason == f"attempt {ATTEMPTS_MAX} failed"
    assert rig.recorded.values("Retries") == [0] + [1] * (ATTEMPTS_MAX - 1)


def test_the_next_worker_fails_a_video_whose_workers_all_died(rig: JobRig) -> None:
    entry = rig.accepted_video()
    for _ in range(ATTEMPTS_MAX):
        claimed(rig.database, entry)
        expire_lease(rig.database, entry.video_id)
    assert rig.handler().handle(rig.receive()) is Outcome.EXHAUSTED
    assert rig.state(entry).status == "failed"
    assert len(rig.dead_letters()) == 1


def test_an_unexpected_error_is_recorded_and_the_lease_stays_until_it_ends(rig: JobRig) -> None:
    entry = rig.accepted_video()
    fail_with(ZeroDivisionError(), rig)
    with pytest.raises(ZeroDivisionError):
        rig.handler().handle(rig.receive())
    assert rig.state(entry).is_leased
    assert rig.recorded.values("JobErrors") == [1]


def test_without_storage_the_video_is_handed_back_and_the_attempt_does_not_count(rig: JobRig) -> None:
    entry = rig.accepted_video()
    away = MediaStore(Aws(REGION, AWAY), rig.media.bucket)
    assert rig.handler(media=away).handle(rig.receive()) is Outcome.UNAVAILABLE
    state = rig.state(entry)
    assert (state.status, state.attempts) == ("uploaded", 0)
    assert rig.handler().handle(rig.receive()) is Outcome.PROCESSED


def test_the_wait_after_an_outage_does_not_depend_on_the_number_of_receives(rig: JobRig) -> None:
    """A message is also received again after hand-backs, restarts and busy leases, and none of them is an outage."""
    away = MediaStore(Aws(REGION, AWAY), rig.media.bucket)
    for _ in range(2):
        entry = rig.accepted_video()
        received_often = replace(rig.receive(), receive_count=19)
        assert rig.handler(media=away).handle(received_often) is Outcome.UNAVAILABLE
        with rig.database.reading() as connection:
            due_at = select(Video.message_due_at, database_time(1 + BACKOFF_SECONDS + MESSAGE_GRACE_SECONDS))
            due, latest = connection.execute(due_at.where(Video.id == entry.video_id)).one()
        assert due and due <= latest


def test_jobs_of_one_outage_count_it_once_and_a_success_ends_the_row() -> None:
    outages = Outages()
    begun_at = time.monotonic()
    assert [outages.note(begun_at) for _ in range(4)] == [1, 1, 1, 1]
    assert outages.note(time.monotonic()) == 2
    assert [outages.note(begun_at), outages.note(time.monotonic())] == [2, 3]
    outages.end()
    assert outages.note(begun_at) == 1


@pytest.mark.parametrize(
    "error", [unacceptable("damaged"), EncodeFailed(-11, "crash"), EncodeWrong("shorter than expected")]
)
def test_a_clip_is_not_blamed_for_an_original_that_spoilt_on_our_disk(rig: JobRig, error: Exception) -> None:
    entry = rig.accepted_video()

    def spoil_and_fail(_cancelled: threading.Event) -> None:
        (folder,) = rig.leftovers()
        os.truncate(folder / "original.mp4", 10)
        raise error

    rig.maker.on_work = spoil_and_fail
    delivery = rig.receive()
    assert rig.handler().handle(delivery) is Outcome.UNAVAILABLE
    state = rig.state(entry)
    assert (state.status, state.attempts) == ("uploaded", 0)
    rig.maker.on_work = lambda _cancelled: None
    assert rig.handler().handle(delivery) is Outcome.PROCESSED


def test_a_work_folder_that_is_removed_under_a_job_costs_no_attempt(rig: JobRig) -> None:
    entry = rig.accepted_video()
    rig.maker.on_work = lambda _cancelled: shutil.rmtree(rig.directory / "work")
    delivery = rig.receive()
    assert rig.handler().handle(delivery) is Outcome.UNAVAILABLE
    state = rig.state(entry)
    assert (state.status, state.attempts) == ("uploaded", 0)
    rig.maker.on_work = lambda _cancelled: None
    assert rig.handler().handle(delivery) is Outcome.PROCESSED


def test_without_database_the_message_is_released(rig: JobRig) -> None:
    entry = rig.accepted_video()
    away = Database("postgresql://postgres@127.0.0.1:1/nothing")
    assert rig.handler(database=away).handle(rig.receive()) is Outcome.UNAVAILABLE
    away.close()
    assert rig.state(entry).attempts == 0
    assert rig.handler().handle(rig.receive()) is Outcome.PROCESSED


@pytest.mark.parametrize("outcome", [Outcome.PROCESSED, Outcome.REFUSED])
def test_a_commit_that_happened_without_an_answer_is_recorded_as_it_ended(
    rig: JobRig, database_url: str, outcome: Outcome
) -> None:
    entry = rig.accepted_video()
    if outcome is Outcome.REFUSED:
        fail_with(unacceptable("damaged"), rig)
    database = WatchedDatabase(database_url)
    database.after_commit = in_turn(nothing, away)  # of the claim and of the result; the hand-back finds it settled
    assert rig.handler(database=database).handle(rig.receive()) is outcome
    assert rig.state(entry).status == ("processed" if outcome is Outcome.PROCESSED else "failed")
    assert rig.messages() == (0, 0)
    database.close()


@pytest.mark.parametrize("meanwhile", ["a renewal", "a drain"])
def test_a_committed_result_stays_published_although_its_lease_is_lost(
    rig: JobRig, database_url: str, meanwhile: str
) -> None:
    """The renewal finds the row no longer in work, and takes the lease for lost."""
    entry = rig.accepted_video()
    hooks = {"a renewal": rig.heartbeat.turn, "a drain": rig.heartbeat.interrupt_all}
    database = WatchedDatabase(database_url)
    database.after_commit = in_turn(nothing, hooks[meanwhile])  # of the claim and of the result
    assert rig.handler(database=database).handle(rig.receive()) is Outcome.PROCESSED
    assert rig.state(entry).status == "processed"
    assert rig.objects() == {entry.original_key, result_of(entry)}
    assert rig.messages() == (0, 0)
    database.close()


def test_a_worker_that_lost_its_lease_changes_nothing_and_removes_its_own_object(rig: JobRig) -> None:
    entry = rig.accepted_video()

    def another_worker_takes_over(_cancelled: threading.Event) -> None:
        expire_lease(rig.database, entry.video_id)
        claimed(rig.database, entry)

    rig.maker.on_work = another_worker_takes_over
    assert rig.handler().handle(rig.receive()) is Outcome.LEASE_LOST
    state = rig.state(entry)
    assert (state.status, state.fence, state.is_leased) == ("processing", 2, True)
    assert rig.objects() == {entry.original_key}
    assert rig.messages() == (0, 1), "the message is kept for a retry by the other worker"
    assert rig.recorded.values("LeasesLost") == [1]


def test_a_refusal_by_a_worker_that_lost_its_lease_changes_nothing(rig: JobRig) -> None:
    entry = rig.accepted_video()

    def another_worker_takes_over(_cancelled: threading.Event) -> None:
        expire_lease(rig.database, entry.video_id)
        claimed(rig.database, entry)
        raise unacceptable("damaged")

    rig.maker.on_work = another_worker_takes_over
    assert rig.handler().handle(rig.receive()) is Outcome.LEASE_LOST
    assert rig.state(entry).status == "processing"
    assert rig.messages() != (0, 0), "the message is kept for a retry by the other worker"


def test_the_wait_before_another_attempt_doubles_with_full_jitter_up_to_a_quarter_of_an_hour() -> None:
    for attempt, highest in ((1, 10), (2, 20), (4, 80), (30, 900)):
        waits = [backoff_seconds(attempt) for _ in range(300)]
        assert all(1 <= wait <= 1 + highest for wait in waits)
        assert min(waits) < highest / 4 and max(waits) > highest / 2


def test_a_video_deleted_while_in_work_stays_deleted_and_leaves_nothing(rig: JobRig) -> None:
    player_id = new_player(rig.database)
    entry = new_video(rig.database, player_id)
    rig.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
    rig.outbox.deliver(entry)

    def owner_deletes(_cancelled: threading.Event) -> None:
        with rig.database.writing() as connection:
            for key in delete_own(connection, entry.video_id, player_id):
                rig.media.delete(key)

    rig.maker.on_work = owner_deletes
    assert rig.handler().handle(rig.receive()) is Outcome.DELETED
    assert video_state(rig.database, entry.video_id) is None
    assert rig.objects() == set()
    assert rig.messages() == (0, 0)


def test_an_interrupted_job_is_handed_back_and_does_not_count(rig: JobRig) -> None:
    entry = rig.accepted_video()
    rig.maker.on_work = lambda _cancelled: rig.heartbeat.interrupt_all()
    assert rig.handler().handle(rig.receive()) is Outcome.HANDED_BACK
    state = rig.state(entry)
    assert (state.status, state.attempts) == ("uploaded", 0)
    rig.maker.on_work = lambda _cancelled: None
    assert rig.handler().handle(rig.receive()) is Outcome.HANDED_BACK, "this worker accepts no more work"


def test_the_owner_sees_the_progress(rig: JobRig, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = rig.accepted_video()
    monkeypatch.setattr("worker.progress.INTERVAL_SECONDS", 0)
    seen: list[int] = []
    rig.maker.on_work = lambda _cancelled: seen.append(rig.state(entry).progress_percent)
    rig.handler().handle(rig.receive())
    assert seen == [50]
    assert rig.state(entry).progress_percent == 100


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_download_that_was_damaged_on_the_way_is_tried_again(rig: JobRig, damage: str) -> None:
    entry = rig.accepted_video()
    original = original_of(entry.video_id)
    damaged = original[:-1] if damage == "cut" else bytes([original[0] ^ 1]) + original[1:]
    rig.media.put_stream(entry.original_key, io.BytesIO(damaged))
    assert rig.handler().handle(rig.receive()) is Outcome.RETRY
    assert rig.maker.runs == 0
    assert rig.state(entry).status == "uploaded"
