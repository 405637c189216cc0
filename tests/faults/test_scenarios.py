"""Fault scenarios on real processes; the T numbers are those of docs/RELIABILITY.md.

Each scenario ends with a check of the invariants, and with a count that proves that the fault really happened.
"""

import json
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from local.system.aws_emulator import REGION, AwsEmulator
from local.system.postgres_server import PostgresServer
from showcase.aws import Aws
from showcase.database.engine import database_time
from showcase.database.tables import PublicationReview, Video
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Entry, Outbox
from tests.faults import invariants
from tests.faults.fixtures import SystemMaker
from tests.faults.proxy import FaultProxy, Rule
from tests.faults.system_under_faults import VISIBILITY_SECONDS, SystemUnderFaults
from tests.records import new_video, shift_due

AWAY = {"probability": 1.0, "reset": True}
TIDY = {"ANB_HOUSEKEEPING_SECONDS": "0.5", "ANB_ORPHAN_AGE_SECONDS": "0"}


@pytest.fixture
def proxy(system: SystemUnderFaults, emulator: AwsEmulator) -> Iterator[FaultProxy]:
    with FaultProxy(system.directory / "proxy.log", emulator.url) as proxy:
        yield proxy


def outbox_through(system: SystemUnderFaults, proxy: FaultProxy) -> Outbox:
    urls = system.through(proxy.url)
    queue = JobQueue(Aws(REGION, proxy.url), urls["sqs_queue_url"], urls["sqs_dead_letter_queue_url"])
    return Outbox(system.database, queue, system.bucket)


def finish(system: SystemUnderFaults, *entries: Entry, seconds: float = 60) -> None:
    """Wait until all videos are settled and all messages are gone, stop the processes, check the invariants."""
    for entry in entries:
        system.wait_until(lambda e=entry: system.is_settled(e), f"settled: {entry.video_id}", seconds)  # type: ignore[misc]
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), "queue drained", seconds)
    system.wait_until(lambda: not invariants.orphans(system), "no orphans", seconds)
    for process in system.processes:
        process.stop()
    for entry in entries:
        assert system.state(entry).status == "processed", system.state(entry)
    invariants.check(system)


def sqs(operation: str, **fault: object) -> Rule:
    return {"service": "sqs", "operation": operation, **fault}


def s3(operation: str, **fault: object) -> Rule:
    return {"service": "s3", "operation": operation, **fault}


def test_t3_sends_that_were_applied_although_their_answers_were_lost_give_one_result(
    system: SystemUnderFaults, proxy: FaultProxy
) -> None:
    proxy.set_rules(sqs("SendMessage", times=2, response={"abort_bytes": 0}))
    entry = system.accepted_video(send=False)
    outbox = outbox_through(system, proxy)
    assert not outbox.send(entry), "one attempt, and its answer is lost"
    outbox.deliver(entry)  # the SDK repeats the request
    assert proxy.fired() == 2
    system.start_worker()
    finish(system, entry)
    assert system.counted("DuplicatesSuppressed") >= 2
    assert system.counted("VideosProcessed") == 1


def test_t4_a_queue_that_is_away_during_uploads_gets_the_messages_later(
    system: SystemUnderFaults, proxy: FaultProxy
) -> None:
    proxy.set_rules({"service": "sqs", **AWAY})
    entries = [system.accepted_video(send=False) for _ in range(3)]
    assert not any(outbox_through(system, proxy).send(entry) for entry in entries)
    system.start_worker(**system.through(proxy.url))
    for entry in entries:
        shift_due(system.database, entry.video_id, -1)
    fired = proxy.fired()
    system.wait_until(lambda: proxy.fired() > fired + 5, "requests of worker and sweeper failed")
    proxy.set_rules()
    for entry in entries:
        shift_due(system.database, entry.video_id, -1)
    finish(system, *entries)
    assert system.counted("MessagesResent") >= 3


def test_t5_a_queue_that_lost_its_messages_gets_them_again(system: SystemUnderFaults) -> None:
    entries = [system.accepted_video() for _ in range(3)]
    system.emulator.sqs.purge_queue(QueueUrl=system.queues.jobs)
    system.start_worker()
    for entry in entries:
        shift_due(system.database, entry.video_id, -1)  # instead of waiting for hours
    finish(system, *entries)
    assert system.counted("MessagesResent") == 3


def test_t8_a_worker_whose_heartbeats_fail_kills_its_own_encode(
    system: SystemUnderFaults, postgres: PostgresServer
) -> None:
    name = system.database_url.rpartition("/")[2]
    with FaultProxy(system.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        cut_off = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
        worker = system.start_worker("cut-off", ANB_DATABASE_URL=cut_off, FAKE_ENCODER="60")
        entry = system.accepted_video()
        system.wait_until(lambda: system.state(entry).status == "processing", "in work")
        proxy.set_rules({"service": "postgres", "reset": True})
        system.wait_until(lambda: worker.logged("abandoned"), "lease lost", 30)
        system.start_worker("healthy", **TIDY)
        system.wait_until(lambda: system.is_settled(entry), "settled by the healthy worker")
        assert proxy.fired() > 0
        proxy.set_rules()
        finish(system, entry)
    assert system.counted("LeasesLost") == 1
    assert system.counted("HeartbeatFailures") > 0


def test_t8_a_worker_that_cannot_keep_its_message_hidden_still_does_the_job_once(
    system: SystemUnderFaults, proxy: FaultProxy
) -> None:
    proxy.set_rules(sqs("ChangeMessageVisibilityBatch", error={"code": "InternalError", "status": 500}))
    system.start_worker("cut-off", FAKE_ENCODER=str(3 * VISIBILITY_SECONDS), **system.through(proxy.url))
    entry = system.accepted_video()
    system.wait_until(lambda: system.state(entry).status == "processing", "in work")
    system.start_worker("other")
    finish(system, entry)
    assert system.state(entry).attempts == 1
    assert system.counted("DuplicatesSuppressed") >= 1, "the message came back while the lease was valid"


def test_t9_a_job_five_times_longer_than_the_visibility_is_received_once(system: SystemUnderFaults) -> None:
    system.start_worker(FAKE_ENCODER=str(5 * VISIBILITY_SECONDS))
    system.start_worker("idle")
    entry = system.accepted_video()
    finish(system, entry)
    assert system.state(entry).attempts == 1
    assert system.counted("Jobs") == 1


@pytest.mark.parametrize("offset_ms", [0, 30, 120])
def test_t10_a_message_that_arrives_while_the_worker_stops_is_neither_lost_nor_late(
    system: SystemUnderFaults, offset_ms: int
) -> None:
    leaving = system.start_worker("leaving", ANB_POLL_SECONDS="5")
    timer = threading.Timer(offset_ms / 1000, lambda: leaving.send_signal(signal.SIGTERM))
    timer.start()
    entry = system.accepted_video()
    timer.join()
    assert leaving.wait(30) == 0
    system.start_worker("next")
    finish(system, entry)
    assert system.state(entry).attempts == 1


@pytest.mark.timeout(600)
def test_t12_rolling_restarts_lose_nothing_and_dead_letter_nothing(system: SystemUnderFaults) -> None:
    entries: list[Entry] = []
    for turn in range(10):
        worker = system.start_worker(f"worker-{turn}", FAKE_ENCODER="0.2", ANB_WORKER_SLOTS="4")
        entries += [system.accepted_video() for _ in range(20)]
        assert worker.stop() == 0
    system.start_worker("last", FAKE_ENCODER="0.05", ANB_WORKER_SLOTS="4")
    finish(system, *entries, seconds=240)
    assert all(system.state(entry).attempts == 1 for entry in entries)


def test_t13_five_copies_of_a_message_give_one_run(system: SystemUnderFaults) -> None:
    entry = system.accepted_video()
    for _ in range(4):
        system.outbox.deliver(entry)
    for name in ("one", "two"):
        system.start_worker(name)
    finish(system, entry)
    assert system.counted("VideosProcessed") == 1
    assert system.counted("DuplicatesSuppressed") >= 4


def test_t15_a_message_that_could_not_be_deleted_comes_back_and_is_suppressed(
    system: SystemUnderFaults, proxy: FaultProxy
) -> None:
    proxy.set_rules(sqs("DeleteMessage", times=3, error={"code": "InternalError", "status": 500}))
    system.start_worker(**system.through(proxy.url))
    entry = system.accepted_video()
    finish(system, entry)
    assert proxy.fired() == 3
    assert system.counted("VideosProcessed") + system.counted("JobErrors") >= 1
    assert system.counted("DuplicatesSuppressed") >= 1


def test_t16_poison_messages_go_to_the_dead_letter_queue_and_other_messages_are_processed(
    system: SystemUnderFaults,
) -> None:
    poison = ["not JSON", "{}", json.dumps({"video_id": 7}), "x" * 5000]
    entries = []
    for body in poison:
        system.emulator.sqs.send_message(QueueUrl=system.queues.jobs, MessageBody=body)
        entries.append(system.accepted_video())
    system.start_worker(ANB_WORKER_SLOTS="3")
    for entry in entries:
        system.wait_until(lambda e=entry: system.is_settled(e), "other videos settled")  # type: ignore[misc]
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), "queue drained")
    for process in system.processes:
        process.stop()
    invariants.check(system, dead_letters=True)
    assert system.counted("MessagesDeadLettered") == len(poison)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"response": {"truncate_frac": 0.5}}, id="truncated"),
        pytest.param({"response": {"corrupt_bytes": 4}}, id="corrupt"),
        pytest.param({"error": {"code": "SlowDown", "status": 503}}, id="slow down"),
    ],
)
def test_t17_a_bad_download_is_detected_and_repeated(system: SystemUnderFaults, proxy: FaultProxy, fault: Rule) -> None:
    proxy.set_rules(s3("GetObject", times=2, **fault))
    system.start_worker(**system.through(proxy.url))
    entry = system.accepted_video()
    finish(system, entry, seconds=120)
    assert proxy.fired() >= 1


def test_t17_an_original_that_changed_in_the_bucket_is_never_published(system: SystemUnderFaults) -> None:
    """The storage's checksum covers the bytes that it has now. Only the row's checksum covers what the player sent."""
    entry = system.accepted_video()
    storage, key = system.emulator.s3, entry.original_key
    sent = storage.get_object(Bucket=system.bucket, Key=key)["Body"].read()
    storage.put_object(Bucket=system.bucket, Key=key, Body=sent[:-4] + bytes(byte ^ 0xFF for byte in sent[-4:]))
    system.start_worker()
    system.wait_until(lambda: system.counted("JobErrors") >= 1, "damage detected")
    storage.put_object(Bucket=system.bucket, Key=key, Body=sent)
    finish(system, entry, seconds=120)


def test_t18_a_result_that_was_stored_although_the_answer_was_lost_is_published_once(
    system: SystemUnderFaults, proxy: FaultProxy
) -> None:
    proxy.set_rules(s3("PutObject", times=2, response={"abort_bytes": 0}))
    system.start_worker(**system.through(proxy.url), **TIDY)
    entry = system.accepted_video()
    finish(system, entry)
    assert proxy.fired() >= 1


def test_t19_a_commit_without_an_answer_gives_one_result(system: SystemUnderFaults, postgres: PostgresServer) -> None:
    """The connection is cut at the commit of the result. The row tells whether the commit happened."""
    name = system.database_url.rpartition("/")[2]
    with FaultProxy(system.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
        worker = system.start_worker(ANB_DATABASE_URL=url, FAKE_ENCODER="2", **TIDY)
        entry = system.accepted_video()
        system.wait_until(lambda: system.state(entry).status == "processing", "in work")
        proxy.set_rules({"service": "postgres", "operation": "commit", "times": 3, "reset": True})
        finish(system, entry)
        assert proxy.fired() == 3
        assert worker.logged("database: write failed")


@pytest.mark.timeout(300)
def test_t20_a_crash_of_postgresql_under_load_costs_nothing(make_system: SystemMaker, emulator: AwsEmulator) -> None:
    with PostgresServer() as server:
        server.execute("CREATE DATABASE anb")
        server.execute("ALTER DATABASE anb SET synchronous_commit = on")  # so that committed rows survive the crash
        system = make_system()
        system.move_to(server.url("anb"))
        system.start_worker(ANB_WORKER_SLOTS="3", FAKE_ENCODER="1", **TIDY)
        entries = [system.accepted_video() for _ in range(6)]
        system.wait_until(lambda: system.counted("VideosProcessed") >= 1, "under load")
        server.crash()
        system.wait_until(
            lambda: system.counted("HeartbeatFailures") + system.counted("JobErrors") > 0, "outage detected"
        )
        server.restart()
        finish(system, *entries, seconds=120)


@pytest.mark.long("the outage outlasts every receipt of a message")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("away", ["database", "storage"])
def test_t21_an_outage_fails_no_video_and_dead_letters_no_message(
    system: SystemUnderFaults, proxy: FaultProxy, postgres: PostgresServer, away: str
) -> None:
    name = system.database_url.rpartition("/")[2]
    with FaultProxy(system.directory / "pg.log", f"127.0.0.1:{postgres.port}", "postgres") as pg:
        url = f"postgresql://postgres@127.0.0.1:{pg.port}/{name}"
        worker = system.start_worker(ANB_DATABASE_URL=url, **system.through(proxy.url))
        if away == "database":
            pg.set_rules({"service": "postgres", "reset": True})
        else:
            proxy.set_rules({"service": "s3", **AWAY})
        entries = [system.accepted_video() for _ in range(3)]
        system.wait_until(lambda: worker.logged("polling pauses"), "the breaker is open")
        time.sleep(6 * VISIBILITY_SECONDS)  # long enough for five receives of each message, if the breaker did not open
        pg.set_rules()
        proxy.set_rules()
        finish(system, *entries, seconds=90)
    assert all(system.state(entry).attempts == 1 for entry in entries)


def test_an_upload_that_hangs_is_late_also_while_no_worker_lives(system: SystemUnderFaults) -> None:
    api = system.start_api()
    _hang(system)
    system.wait_until(lambda: system.counted("UploadsLate") == 1, "judged by the API")
    api.stop()
    _hang(system)
    system.start_worker()
    system.wait_until(lambda: system.counted("UploadsLate") == 2, "judged by a worker")
    assert system.counted("UploadsDue") == 2


def _hang(system: SystemUnderFaults) -> None:
    """Accept a video without a file or a message, as if its promised moment were over and it were the next to judge."""
    entry = new_video(system.database)
    with system.database.writing() as connection:
        uploaded = update(Video).where(Video.id == entry.video_id)
        connection.execute(uploaded.values(uploaded_at=database_time(-301)))
        connection.execute(update(PublicationReview).values(judged_until=database_time(-301.001)))


def test_t24_many_sweepers_lose_nothing_and_change_no_state_twice(system: SystemUnderFaults) -> None:
    entries = [system.accepted_video(send=False) for _ in range(20)]
    for entry in entries:
        shift_due(system.database, entry.video_id, -1)
    quick = {"ANB_OUTBOX_INTERVAL_SECONDS": "0.1", "FAKE_ENCODER": "0.05"}
    for name in ("one", "two", "three"):
        system.start_worker(name, **quick)
    system.start_api(ANB_OUTBOX_INTERVAL_SECONDS="0.1")
    finish(system, *entries)
    assert system.counted("MessagesResent") >= 20
    assert system.counted("VideosProcessed") == 20
