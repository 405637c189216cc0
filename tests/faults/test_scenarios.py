"""Fault scenarios over real processes; the T numbers are those of docs/RELIABILITY.md.

Each ends with the invariants, and with a count that proves that the bad path was really visited.
"""

import json
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from local.system.postgres_server import PostgresServer
from showcase.aws import Aws
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Entry, Outbox
from tests.faults import invariants
from tests.faults.fixtures import StageMaker
from tests.faults.proxy import FaultProxy, Rule
from tests.faults.system_under_faults import VISIBILITY_SECONDS, Stage
from tests.records import shift_due

AWAY = {"probability": 1.0, "reset": True}
TIDY = {"ANB_HOUSEKEEPING_SECONDS": "0.5", "ANB_ORPHAN_AGE_SECONDS": "0"}


@pytest.fixture
def proxy(stage: Stage, emulator: AwsEmulator) -> Iterator[FaultProxy]:
    with FaultProxy(stage.directory / "proxy.log", emulator.url) as proxy:
        yield proxy


def outbox_through(stage: Stage, proxy: FaultProxy) -> Outbox:
    urls = stage.through(proxy.url)
    queue = JobQueue(Aws(REGION, proxy.url), urls["sqs_queue_url"], urls["sqs_dead_letter_queue_url"])
    return Outbox(stage.database, queue, stage.bucket)


def finish(stage: Stage, *entries: Entry, seconds: float = 60) -> None:
    """Wait for the end of all videos and messages, stop everything, hold the invariants."""
    for entry in entries:
        stage.wait_until(lambda e=entry: stage.is_settled(e), f"settled: {entry.video_id}", seconds)  # type: ignore[misc]
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), "queue drained", seconds)
    stage.wait_until(lambda: not invariants.orphans(stage), "no orphans", seconds)
    for process in stage.processes:
        process.stop()
    for entry in entries:
        assert stage.state(entry).status == "processed", stage.state(entry)
    invariants.check(stage)


def sqs(operation: str, **fault: object) -> Rule:
    return {"service": "sqs", "operation": operation, **fault}


def s3(operation: str, **fault: object) -> Rule:
    return {"service": "s3", "operation": operation, **fault}


def test_t3_a_send_that_was_applied_although_its_answer_was_lost_gives_one_result(
    stage: Stage, proxy: FaultProxy
) -> None:
    proxy.rules(sqs("SendMessage", times=2, response={"abort_bytes": 0}))
    entry = stage.accepted_video(send=False)
    assert outbox_through(stage, proxy).send(entry), "the SDK sent it again"
    assert proxy.fired() == 2
    stage.start_worker()
    finish(stage, entry)
    assert stage.counted("DuplicatesSuppressed") >= 2
    assert stage.counted("VideosProcessed") == 1


def test_t4_a_queue_that_is_away_during_uploads_gets_the_messages_later(stage: Stage, proxy: FaultProxy) -> None:
    proxy.rules({"service": "sqs", **AWAY})
    entries = [stage.accepted_video(send=False) for _ in range(3)]
    assert not any(outbox_through(stage, proxy).send(entry) for entry in entries)
    stage.start_worker(**stage.through(proxy.url))
    for entry in entries:
        shift_due(stage.database, entry.video_id, -1)
    fired = proxy.fired()
    stage.wait_until(lambda: proxy.fired() > fired + 5, "worker and sweeper have met the outage")
    proxy.rules()
    for entry in entries:
        shift_due(stage.database, entry.video_id, -1)
    finish(stage, *entries)
    assert stage.counted("MessagesResent") >= 3


def test_t5_a_queue_that_lost_its_messages_gets_them_again(stage: Stage) -> None:
    entries = [stage.accepted_video() for _ in range(3)]
    stage.emulator.sqs.purge_queue(QueueUrl=stage.queues.jobs)
    stage.start_worker()
    for entry in entries:
        shift_due(stage.database, entry.video_id, -1)  # instead of waiting for hours
    finish(stage, *entries)
    assert stage.counted("MessagesResent") == 3


def test_t8_a_worker_whose_heartbeats_fail_kills_its_own_encode(stage: Stage, postgres: PostgresServer) -> None:
    name = stage.database_url.rpartition("/")[2]
    with FaultProxy(stage.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        cut_off = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
        worker = stage.start_worker("cut-off", ANB_DATABASE_URL=cut_off, FAKE_ENCODER="60")
        entry = stage.accepted_video()
        stage.wait_until(lambda: stage.state(entry).status == "processing", "in work")
        proxy.rules({"service": "postgres", "reset": True})
        stage.wait_until(lambda: worker.logged("abandoned"), "lease lost", 30)
        stage.start_worker("healthy", **TIDY)
        stage.wait_until(lambda: stage.is_settled(entry), "settled by the healthy worker")
        assert proxy.fired() > 0
        proxy.rules()
        finish(stage, entry)
    assert stage.counted("LeasesLost") == 1
    assert stage.counted("HeartbeatFailures") > 0


def test_t8_a_worker_that_cannot_keep_its_message_hidden_still_does_the_job_once(
    stage: Stage, proxy: FaultProxy
) -> None:
    proxy.rules(sqs("ChangeMessageVisibilityBatch", error={"code": "InternalError", "status": 500}))
    stage.start_worker("deaf", FAKE_ENCODER=str(3 * VISIBILITY_SECONDS), **stage.through(proxy.url))
    entry = stage.accepted_video()
    stage.wait_until(lambda: stage.state(entry).status == "processing", "in work")
    stage.start_worker("other")
    finish(stage, entry)
    assert stage.state(entry).attempts == 1
    assert stage.counted("DuplicatesSuppressed") >= 1, "the message came back, and met a live lease"


def test_t9_a_job_five_times_longer_than_the_visibility_is_received_once(stage: Stage) -> None:
    stage.start_worker(FAKE_ENCODER=str(5 * VISIBILITY_SECONDS))
    stage.start_worker("idle")
    entry = stage.accepted_video()
    finish(stage, entry)
    assert stage.state(entry).attempts == 1
    assert stage.counted("Jobs") == 1


@pytest.mark.parametrize("offset_ms", [0, 30, 120])
def test_t10_a_message_that_arrives_while_the_worker_stops_is_neither_lost_nor_late(
    stage: Stage, offset_ms: int
) -> None:
    leaving = stage.start_worker("leaving", ANB_POLL_SECONDS="5")
    timer = threading.Timer(offset_ms / 1000, lambda: leaving.send_signal(signal.SIGTERM))
    timer.start()
    entry = stage.accepted_video()
    timer.join()
    assert leaving.wait(30) == 0
    stage.start_worker("next")
    finish(stage, entry)
    assert stage.state(entry).attempts == 1


@pytest.mark.timeout(600)
def test_t12_rolling_restarts_lose_nothing_and_dead_letter_nothing(stage: Stage) -> None:
    entries: list[Entry] = []
    for turn in range(10):
        worker = stage.start_worker(f"worker-{turn}", FAKE_ENCODER="0.2", ANB_WORKER_SLOTS="4")
        entries += [stage.accepted_video() for _ in range(20)]
        assert worker.stop() == 0
    stage.start_worker("last", FAKE_ENCODER="0.05", ANB_WORKER_SLOTS="4")
    finish(stage, *entries, seconds=240)
    assert all(stage.state(entry).attempts == 1 for entry in entries)


def test_t13_five_copies_of_a_message_give_one_run(stage: Stage) -> None:
    entry = stage.accepted_video()
    for _ in range(4):
        stage.outbox.send(entry)
    for name in ("one", "two"):
        stage.start_worker(name)
    finish(stage, entry)
    assert stage.counted("VideosProcessed") == 1
    assert stage.counted("DuplicatesSuppressed") >= 4


def test_t15_a_message_that_could_not_be_deleted_comes_back_and_is_suppressed(stage: Stage, proxy: FaultProxy) -> None:
    proxy.rules(sqs("DeleteMessage", times=3, error={"code": "InternalError", "status": 500}))
    stage.start_worker(**stage.through(proxy.url))
    entry = stage.accepted_video()
    finish(stage, entry)
    assert proxy.fired() == 3
    assert stage.counted("VideosProcessed") + stage.counted("JobErrors") >= 1
    assert stage.counted("DuplicatesSuppressed") >= 1


def test_t16_poison_messages_go_to_the_dead_letter_queue_and_their_neighbours_are_unharmed(stage: Stage) -> None:
    poison = ["not JSON", "{}", json.dumps({"video_id": 7}), "x" * 5000]
    entries = []
    for body in poison:
        stage.emulator.sqs.send_message(QueueUrl=stage.queues.jobs, MessageBody=body)
        entries.append(stage.accepted_video())
    stage.start_worker(ANB_WORKER_SLOTS="3")
    for entry in entries:
        stage.wait_until(lambda e=entry: stage.is_settled(e), "neighbours settled")  # type: ignore[misc]
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), "queue drained")
    for process in stage.processes:
        process.stop()
    invariants.check(stage, dead_letters=True)
    assert stage.counted("MessagesDeadLettered") == len(poison)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"response": {"truncate_frac": 0.5}}, id="truncated"),
        pytest.param({"response": {"corrupt_bytes": 4}}, id="corrupt"),
        pytest.param({"error": {"code": "SlowDown", "status": 503}}, id="slow down"),
    ],
)
def test_t17_a_download_that_goes_wrong_is_noticed_and_made_again(stage: Stage, proxy: FaultProxy, fault: Rule) -> None:
    proxy.rules(s3("GetObject", times=2, **fault))
    stage.start_worker(**stage.through(proxy.url))
    entry = stage.accepted_video()
    finish(stage, entry, seconds=120)
    assert proxy.fired() >= 1


def test_t17_an_original_that_changed_in_the_bucket_is_never_published(stage: Stage) -> None:
    """The storage vouches for the bytes that it has; only our own checksum knows what the player sent."""
    entry = stage.accepted_video()
    storage, key = stage.emulator.s3, entry.original_key
    sent = storage.get_object(Bucket=stage.bucket, Key=key)["Body"].read()
    storage.put_object(Bucket=stage.bucket, Key=key, Body=sent[:-4] + bytes(byte ^ 0xFF for byte in sent[-4:]))
    stage.start_worker()
    stage.wait_until(lambda: stage.counted("JobErrors") >= 1, "noticed")
    storage.put_object(Bucket=stage.bucket, Key=key, Body=sent)
    finish(stage, entry, seconds=120)


def test_t18_a_result_that_was_stored_although_the_answer_was_lost_is_published_once(
    stage: Stage, proxy: FaultProxy
) -> None:
    proxy.rules(s3("PutObject", times=2, response={"abort_bytes": 0}))
    stage.start_worker(**stage.through(proxy.url), **TIDY)
    entry = stage.accepted_video()
    finish(stage, entry)
    assert proxy.fired() >= 1


def test_t19_a_commit_without_an_answer_gives_one_result(stage: Stage, postgres: PostgresServer) -> None:
    """The connection is cut when the result is committed: the row decides what has happened."""
    name = stage.database_url.rpartition("/")[2]
    with FaultProxy(stage.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
        worker = stage.start_worker(ANB_DATABASE_URL=url, FAKE_ENCODER="2", **TIDY)
        entry = stage.accepted_video()
        stage.wait_until(lambda: stage.state(entry).status == "processing", "in work")
        proxy.rules({"service": "postgres", "operation": "commit", "times": 3, "reset": True})
        finish(stage, entry)
        assert proxy.fired() == 3
        assert worker.logged("database: write failed")


@pytest.mark.timeout(300)
def test_t20_a_crash_of_postgresql_under_load_costs_nothing(make_stage: StageMaker, emulator: AwsEmulator) -> None:
    with PostgresServer() as server:
        server.execute("CREATE DATABASE anb")
        server.execute("ALTER DATABASE anb SET synchronous_commit = on")  # what was committed survives the crash
        stage = make_stage()
        stage.move_to(server.url("anb"))
        stage.start_worker(ANB_WORKER_SLOTS="3", FAKE_ENCODER="1", **TIDY)
        entries = [stage.accepted_video() for _ in range(6)]
        stage.wait_until(lambda: stage.counted("VideosProcessed") >= 1, "under load")
        server.crash()
        stage.wait_until(lambda: stage.counted("HeartbeatFailures") + stage.counted("JobErrors") > 0, "noticed")
        server.restart()
        finish(stage, *entries, seconds=120)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("away", ["database", "storage"])
def test_t21_an_outage_fails_no_video_and_dead_letters_no_message(
    stage: Stage, proxy: FaultProxy, postgres: PostgresServer, away: str
) -> None:
    name = stage.database_url.rpartition("/")[2]
    with FaultProxy(stage.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as pg:
        url = f"postgresql://postgres@127.0.0.1:{pg.port}/{name}"
        worker = stage.start_worker(ANB_DATABASE_URL=url, **stage.through(proxy.url))
        if away == "database":
            pg.rules({"service": "postgres", "reset": True})
        else:
            proxy.rules({"service": "s3", **AWAY})
        entries = [stage.accepted_video() for _ in range(3)]
        stage.wait_until(lambda: worker.logged("polling pauses"), "the breaker is open")
        time.sleep(6 * VISIBILITY_SECONDS)  # the outage itself: long enough to use up five receipts without a breaker
        pg.rules()
        proxy.rules()
        finish(stage, *entries, seconds=90)
    assert all(stage.state(entry).attempts == 1 for entry in entries)


def test_t24_many_sweepers_lose_nothing_and_change_no_state_twice(stage: Stage) -> None:
    entries = [stage.accepted_video(send=False) for _ in range(20)]
    for entry in entries:
        shift_due(stage.database, entry.video_id, -1)
    quick = {"ANB_OUTBOX_INTERVAL_SECONDS": "0.1", "FAKE_ENCODER": "0.05"}
    for name in ("one", "two", "three"):
        stage.start_worker(name, **quick)
    stage.start_api(ANB_OUTBOX_INTERVAL_SECONDS="0.1")
    finish(stage, *entries)
    assert stage.counted("MessagesResent") >= 20
    assert stage.counted("VideosProcessed") == 20
