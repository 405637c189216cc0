"""One message from receipt to end, with a fake encoder: what each way to end leaves behind."""

import io
import json
import threading
import uuid

import pytest

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.clips.clip_rules import unacceptable
from showcase.database.engine import Database
from showcase.storage.media_store import MediaStore
from showcase.videos import delete_own
from tests.records import claimed, expire_lease, new_player, new_video, original_of, video_state
from tests.worker.workshop import ATTEMPTS_MAX, Workshop, result_of
from worker.errors import EncodeFailed, EncodeStuck
from worker.job import backoff_seconds
from worker.job_record import Outcome

AWAY = "http://127.0.0.1:1"


def fail_with(error: Exception, workshop: Workshop) -> None:
    def raise_it(_cancelled: threading.Event) -> None:
        raise error

    workshop.maker.on_work = raise_it


def test_a_video_is_published_under_a_key_that_carries_the_fence(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    assert workshop.handler().handle(workshop.receive()) is Outcome.PROCESSED
    state = workshop.state(entry)
    assert (state.status, state.processed_key, state.attempts) == ("processed", result_of(entry), 1)
    assert workshop.objects() == {entry.original_key, result_of(entry)}
    assert workshop.messages() == (0, 0)
    assert workshop.leftovers() == []


def test_the_job_writes_one_record_with_times_and_outcomes(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    workshop.handler().handle(workshop.receive())
    recorded = workshop.recorded
    assert recorded.values("Jobs") == [1]
    assert recorded.values("VideosProcessed") == [1]
    for absent in ("JobErrors", "VideosRefused", "Retries", "DuplicatesSuppressed", "LeasesLost"):
        assert recorded.values(absent) == [0]
    for time in ("QueueWait", "ProcessingTime", "UploadToProcessed", "DownloadTime", "EncodeTime", "PublishTime"):
        (milliseconds,) = recorded.values(time)
        assert 0 <= milliseconds < 60_000
    record = next(line for line in recorded.path.read_text().splitlines() if '"Jobs"' in line)
    properties = json.loads(record)
    assert (properties["video_id"], properties["fence"]) == (str(entry.video_id), 1)
    assert (properties["outcome"], properties["request_id"]) == ("processed", "request-of-test")


@pytest.mark.parametrize("copies", [1, 4])
def test_duplicates_of_a_processed_video_are_suppressed(workshop: Workshop, copies: int) -> None:
    entry = workshop.accepted_video()
    for _ in range(copies):
        workshop.outbox.send(entry)
    handler = workshop.handler()
    outcomes = [handler.handle(workshop.receive()) for _ in range(copies + 1)]
    assert outcomes == [Outcome.PROCESSED, *[Outcome.DUPLICATE] * copies]
    assert workshop.maker.runs == 1
    assert workshop.messages() == (0, 0)


def test_a_duplicate_of_a_video_in_work_waits_as_the_retry_ticket(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    claimed(workshop.database, entry)
    assert workshop.handler().handle(workshop.receive()) is Outcome.BUSY
    assert workshop.maker.runs == 0
    assert workshop.messages() == (0, 1)


@pytest.mark.parametrize("body", ["not JSON", "{}", '{"video_id": "1; DROP TABLE"}'])
def test_an_unreadable_message_goes_to_the_dead_letter_queue_with_the_reason(workshop: Workshop, body: str) -> None:
    workshop.emulator.sqs.send_message(QueueUrl=workshop.queues.jobs, MessageBody=body)
    assert workshop.handler().handle(workshop.receive()) is Outcome.UNREADABLE
    ((dead_body, reason),) = workshop.dead_letters()
    assert dead_body == body and reason
    assert workshop.messages() == (0, 0)


def test_a_message_of_an_unknown_video_is_dropped(workshop: Workshop) -> None:
    body = {"video_id": str(uuid.uuid4()), "task_id": str(uuid.uuid4()), "created_at": "2024-01-01T00:00:00Z"}
    workshop.emulator.sqs.send_message(QueueUrl=workshop.queues.jobs, MessageBody=json.dumps(body))
    assert workshop.handler().handle(workshop.receive()) is Outcome.DUPLICATE
    assert workshop.messages() == (0, 0)


def test_a_bad_clip_fails_for_good_with_a_reason_for_its_owner(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    fail_with(unacceptable("too_short"), workshop)
    assert workshop.handler().handle(workshop.receive()) is Outcome.REFUSED
    state = workshop.state(entry)
    assert (state.status, state.failure_code) == ("failed", "too_short")
    assert state.failure_reason == "El video dura menos de 20 segundos."
    assert workshop.messages() == (0, 0) and workshop.dead_letters() == []
    assert workshop.recorded.values("VideosRefused") == [1]
    assert workshop.recorded.values("JobErrors") == [0]


def test_a_missing_original_fails_for_good(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    workshop.media.delete(entry.original_key)
    assert workshop.handler().handle(workshop.receive()) is Outcome.ORIGINAL_MISSING
    assert workshop.state(entry).failure_code == "original_missing"


@pytest.mark.parametrize("error", [EncodeFailed(-11, "crash"), EncodeStuck("no progress"), OSError("disk full")])
def test_a_fault_of_ours_is_tried_again_later_and_never_shows_as_failed(workshop: Workshop, error: Exception) -> None:
    entry = workshop.accepted_video()
    fail_with(error, workshop)
    assert workshop.handler().handle(workshop.receive()) is Outcome.RETRY
    state = workshop.state(entry)
    assert (state.status, state.attempts, state.is_leased, state.has_message_due) == ("uploaded", 1, False, True)
    assert workshop.messages() == (0, 1), "hidden for its back-off"
    assert workshop.leftovers() == []
    assert workshop.recorded.values("JobErrors") == [1]


def test_the_last_attempt_fails_the_video_and_dead_letters_the_message(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    fail_with(EncodeFailed(-9, "out of memory"), workshop)
    handler = workshop.handler()
    delivery = workshop.receive()
    outcomes = [handler.handle(delivery) for _ in range(ATTEMPTS_MAX)]
    assert outcomes == [Outcome.RETRY] * (ATTEMPTS_MAX - 1) + [Outcome.EXHAUSTED]
    state = workshop.state(entry)
    assert (state.status, state.failure_code, state.attempts) == ("failed", "processing_failed", ATTEMPTS_MAX)
    ((_, reason),) = workshop.dead_letters()
    assert reason == f"attempt {ATTEMPTS_MAX} failed"
    assert workshop.recorded.values("Retries") == [0] + [1] * (ATTEMPTS_MAX - 1)


def test_a_video_whose_every_worker_died_is_given_up_by_the_next(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    for _ in range(ATTEMPTS_MAX):
        claimed(workshop.database, entry)
        expire_lease(workshop.database, entry.video_id)
    assert workshop.handler().handle(workshop.receive()) is Outcome.EXHAUSTED
    assert workshop.state(entry).status == "failed"
    assert len(workshop.dead_letters()) == 1


def test_an_unforeseen_error_is_recorded_and_left_to_the_lease(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    fail_with(ZeroDivisionError(), workshop)
    with pytest.raises(ZeroDivisionError):
        workshop.handler().handle(workshop.receive())
    assert workshop.state(entry).is_leased
    assert workshop.recorded.values("JobErrors") == [1]


def test_a_storage_that_is_away_hands_the_video_back_without_counting_the_attempt(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    away = MediaStore(Aws(REGION, AWAY), workshop.media.bucket)
    assert workshop.handler(media=away).handle(workshop.receive()) is Outcome.UNAVAILABLE
    state = workshop.state(entry)
    assert (state.status, state.attempts) == ("uploaded", 0)
    assert workshop.handler().handle(workshop.receive()) is Outcome.PROCESSED


def test_a_database_that_is_away_releases_the_message(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    away = Database("postgresql://postgres@127.0.0.1:1/nothing")
    assert workshop.handler(database=away).handle(workshop.receive()) is Outcome.UNAVAILABLE
    away.close()
    assert workshop.state(entry).attempts == 0
    assert workshop.handler().handle(workshop.receive()) is Outcome.PROCESSED


def test_a_worker_that_lost_its_lease_changes_nothing_and_removes_its_own_object(workshop: Workshop) -> None:
    entry = workshop.accepted_video()

    def another_worker_takes_over(_cancelled: threading.Event) -> None:
        expire_lease(workshop.database, entry.video_id)
        claimed(workshop.database, entry)

    workshop.maker.on_work = another_worker_takes_over
    assert workshop.handler().handle(workshop.receive()) is Outcome.LEASE_LOST
    state = workshop.state(entry)
    assert (state.status, state.fence, state.is_leased) == ("processing", 2, True)
    assert workshop.objects() == {entry.original_key}
    assert workshop.recorded.values("LeasesLost") == [1]


def test_a_refusal_by_a_worker_that_lost_its_lease_changes_nothing(workshop: Workshop) -> None:
    entry = workshop.accepted_video()

    def another_worker_takes_over(_cancelled: threading.Event) -> None:
        expire_lease(workshop.database, entry.video_id)
        claimed(workshop.database, entry)
        raise unacceptable("damaged")

    workshop.maker.on_work = another_worker_takes_over
    assert workshop.handler().handle(workshop.receive()) is Outcome.LEASE_LOST
    assert workshop.state(entry).status == "processing"
    assert workshop.messages() != (0, 0), "the message is the other's retry ticket"


def test_the_wait_before_another_attempt_doubles_with_full_jitter_up_to_a_quarter_of_an_hour() -> None:
    for attempt, highest in ((1, 10), (2, 20), (4, 80), (30, 900)):
        waits = [backoff_seconds(attempt) for _ in range(300)]
        assert all(1 <= wait <= 1 + highest for wait in waits)
        assert min(waits) < highest / 4 and max(waits) > highest / 2


def test_a_video_deleted_while_in_work_stays_deleted_and_leaves_nothing(workshop: Workshop) -> None:
    player_id = new_player(workshop.database)
    entry = new_video(workshop.database, player_id)
    workshop.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
    workshop.outbox.send(entry)

    def owner_deletes(_cancelled: threading.Event) -> None:
        with workshop.database.writing() as connection:
            for key in delete_own(connection, entry.video_id, player_id):
                workshop.media.delete(key)

    workshop.maker.on_work = owner_deletes
    assert workshop.handler().handle(workshop.receive()) is Outcome.DELETED
    assert video_state(workshop.database, entry.video_id) is None
    assert workshop.objects() == set()
    assert workshop.messages() == (0, 0)


def test_an_interrupted_job_is_handed_back_and_does_not_count(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    workshop.maker.on_work = lambda _cancelled: workshop.heartbeat.interrupt_all()
    assert workshop.handler().handle(workshop.receive()) is Outcome.HANDED_BACK
    state = workshop.state(entry)
    assert (state.status, state.attempts) == ("uploaded", 0)
    workshop.maker.on_work = lambda _cancelled: None
    assert workshop.handler().handle(workshop.receive()) is Outcome.HANDED_BACK, "this worker takes nothing on any more"


def test_the_owner_sees_the_progress(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = workshop.accepted_video()
    monkeypatch.setattr("worker.progress.INTERVAL_SECONDS", 0)
    seen: list[int] = []
    workshop.maker.on_work = lambda _cancelled: seen.append(workshop.state(entry).progress_percent)
    workshop.handler().handle(workshop.receive())
    assert seen == [50]
    assert workshop.state(entry).progress_percent == 100


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_download_that_was_damaged_on_the_way_is_tried_again(workshop: Workshop, damage: str) -> None:
    entry = workshop.accepted_video()
    original = original_of(entry.video_id)
    damaged = original[:-1] if damage == "cut" else bytes([original[0] ^ 1]) + original[1:]
    workshop.media.put_stream(entry.original_key, io.BytesIO(damaged))
    assert workshop.handler().handle(workshop.receive()) is Outcome.RETRY
    assert workshop.maker.runs == 0
    assert workshop.state(entry).status == "uploaded"
