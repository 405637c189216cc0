"""``worker.redrive`` shows the true state, its actions can be repeated, and it never loses anything."""

import json
import threading
import time
import uuid
from typing import Any

import pytest
from sqlalchemy import update

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.database.engine import database_time
from showcase.database.tables import Video
from showcase.jobs import jobs
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Entry
from tests.records import claimed
from tests.worker.job_rig import ATTEMPTS_MAX, JobRig
from tests.worker.redrive.conftest import Redrive
from worker.errors import EncodeFailed
from worker.job_record import Outcome
from worker.redrive.__main__ import main
from worker.redrive.dead_letters import DeadLetters

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GAVE_UP_REASON = f"attempt {ATTEMPTS_MAX} failed"


def actions(document: dict[str, Any]) -> list[str]:
    return [message["action"] for message in document["messages"]]


def given_up(rig: JobRig) -> Entry:
    """A video that failed after all its attempts, because ffmpeg crashed each time."""
    entry = rig.accepted_video()

    def crash(_cancelled: threading.Event) -> None:
        raise EncodeFailed(-9, "out of memory")

    rig.maker.on_work = crash
    delivery = rig.receive()
    outcomes = [rig.handler().handle(delivery) for _ in range(ATTEMPTS_MAX)]
    assert outcomes[-1] is Outcome.EXHAUSTED
    rig.maker.on_work = lambda _cancelled: None
    return entry


def dead_letter(rig: JobRig, body: str, reason: str = "") -> None:
    """Put a message into the dead-letter queue. Without a reason, it looks like a message that SQS itself moved."""
    attributes = {"reason": {"DataType": "String", "StringValue": reason}} if reason else {}
    rig.emulator.sqs.send_message(
        QueueUrl=rig.queues.dead_letter,
        MessageBody=body,
        MessageAttributes=attributes,  # type: ignore[arg-type]
    )


def body_of(entry: Entry) -> str:
    ids = {"video_id": str(entry.video_id), "task_id": str(entry.task_id)}
    return json.dumps({**ids, "created_at": "2024-01-01T00:00:00Z"})


def dead_letter_queue(rig: JobRig) -> JobQueue:
    url = rig.queues.dead_letter
    return JobQueue(Aws(REGION, rig.emulator.url), url, url)


def dead_letters(rig: JobRig) -> tuple[int, int]:
    """Numbers of messages in the dead-letter queue: (visible, hidden)."""
    depth = dead_letter_queue(rig).depth()
    return depth.visible, depth.in_flight


def work_off(rig: JobRig) -> None:
    while rig.messages() != (0, 0):
        rig.handler().handle(rig.receive())


def test_a_video_that_failed_after_all_attempts_gets_new_ones_and_is_processed(rig: JobRig, redrive: Redrive) -> None:
    entry = given_up(rig)
    code, document = redrive("run")
    assert (code, actions(document), document["error"]) == (0, ["reopen"], None)
    state = rig.state(entry)
    assert (state.status, state.attempts, state.failure_code, state.failure_reason) == ("uploaded", 0, None, None)
    assert state.has_message_due, "it will be processed even if the message is lost"
    assert (dead_letters(rig), rig.messages()) == ((0, 0), (1, 0))
    delivery = rig.receive()
    assert (delivery.request_id, delivery.traceparent) == (entry.request_id, entry.traceparent)
    rig.queue.release(delivery, 0)
    work_off(rig)
    assert rig.state(entry).status == "processed"
    assert redrive("run")[1]["messages"] == []


def test_the_list_shows_all_that_is_known_and_loses_nothing(rig: JobRig, redrive: Redrive) -> None:
    entry = given_up(rig)
    before = rig.state(entry)
    for _ in range(2):
        code, document = redrive("list")
        (message,) = document["messages"]
        assert (code, message["video_id"], message["reason"]) == (0, str(entry.video_id), GAVE_UP_REASON)
        assert (message["status"], message["failure_code"]) == ("failed", "processing_failed")
        assert message["receive_count"] >= 1
        assert 0 <= message["age_seconds"] < 600
        assert not document["changed"]
    assert rig.state(entry) == before
    assert dead_letters(rig) == (1, 0), "it is visible again at once"


def test_a_dry_run_shows_what_a_run_would_do_and_changes_nothing(rig: JobRig, redrive: Redrive) -> None:
    entry = given_up(rig)
    before = rig.state(entry)
    assert actions(redrive("run", "--dry-run")[1]) == ["reopen"]
    assert (rig.state(entry), dead_letters(rig), rig.messages()) == (before, (1, 0), (0, 0))
    assert actions(redrive("run")[1]) == ["reopen"]


@pytest.mark.parametrize("last_step", ["reopened", "sent", "processed"])
def test_the_next_run_completes_a_run_that_was_killed_after_any_step(
    rig: JobRig, redrive: Redrive, last_step: str
) -> None:
    entry = given_up(rig)
    with rig.database.writing() as connection:
        assert jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
    if last_step != "reopened":
        rig.outbox.deliver(entry)
    if last_step == "processed":
        work_off(rig)
    code, document = redrive("run")
    assert (code, actions(document)) == (0, ["discard" if last_step == "processed" else "resend"])
    work_off(rig)
    assert (rig.state(entry).status, rig.maker.runs) == ("processed", ATTEMPTS_MAX + 1)
    assert dead_letters(rig) == (0, 0)


def test_without_queue_the_run_fails_and_the_dead_letter_stays(
    rig: JobRig, redrive: Redrive, environment: pytest.MonkeyPatch
) -> None:
    entry = given_up(rig)
    environment.setenv("sqs_queue_url", f"{rig.emulator.url}/123456789012/none")
    code, document = redrive("run")
    assert (code, document["messages"]) == (1, [])
    assert str(entry.video_id) in document["error"]
    state = rig.state(entry)
    assert (state.status, state.has_message_due) == ("uploaded", True), "the sweeper will send it"
    assert dead_letters(rig) == (1, 0)
    environment.setenv("sqs_queue_url", rig.queues.jobs)
    assert actions(redrive("run")[1]) == ["resend"]
    assert dead_letters(rig) == (0, 0)


def test_the_message_of_a_video_that_needs_no_work_is_deleted(rig: JobRig, redrive: Redrive) -> None:
    processed, refused = (rig.accepted_video() for _ in range(2))
    claims = [claimed(rig.database, entry) for entry in (processed, refused)]
    with rig.database.writing() as connection:
        jobs.finish(connection, claims[0], "key")
        jobs.fail(connection, claims[1], code="too_short", reason="corto")
    deleted = Entry(uuid.uuid4(), uuid.uuid4(), "", processed.uploaded_at, "")
    other_task = Entry(processed.video_id, uuid.uuid4(), "", processed.uploaded_at, "")
    for entry in (processed, refused, deleted, other_task):
        dead_letter(rig, body_of(entry))
    before = rig.messages()
    code, document = redrive("run")
    assert (code, actions(document)) == (0, ["discard"] * 4)
    assert [message["status"] for message in document["messages"]] == ["processed", "failed", "gone", "gone"]
    assert (dead_letters(rig), rig.messages()) == ((0, 0), before)
    assert rig.state(refused).failure_code == "too_short", "a refused clip stays refused"


def test_the_message_of_a_video_that_waits_or_is_in_work_is_sent_again(rig: JobRig, redrive: Redrive) -> None:
    waiting, running = (rig.accepted_video() for _ in range(2))
    claim = claimed(rig.database, running)
    for entry in (waiting, running):
        dead_letter(rig, body_of(entry))
    document = redrive("run")[1]
    assert actions(document) == ["resend", "resend"]
    assert {message["reason"] for message in document["messages"]} == {"moved by SQS: received too often"}
    assert rig.messages() == (4, 0)
    with rig.database.writing() as connection:
        assert jobs.finish(connection, claim, "key"), "the claim of its worker is still valid"


def test_the_wait_of_a_reopened_video_begins_anew(rig: JobRig) -> None:
    entry = given_up(rig)
    long_ago = {"uploaded_at": database_time(-5000), "enqueued_at": database_time(-4000)}
    with rig.database.writing() as connection:
        connection.execute(update(Video).where(Video.id == entry.video_id).values(long_ago))
        assert jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
    with rig.database.reading() as connection:
        assert jobs.oldest_wait_seconds(connection) < 1000


def test_only_a_video_that_failed_after_all_attempts_is_reopened_and_only_once(rig: JobRig) -> None:
    entry = given_up(rig)
    with rig.database.writing() as connection:
        assert not jobs.reopen(connection, entry.video_id, uuid.uuid4(), code=jobs.GAVE_UP)
        assert not jobs.reopen(connection, entry.video_id, entry.task_id, code="too_short")
        assert jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
        assert not jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
    assert claimed(rig.database, entry).fence == ATTEMPTS_MAX + 1, "fences only rise"


@sqlite_only
def test_a_message_that_becomes_visible_again_during_a_run_is_not_shown_twice(rig: JobRig) -> None:
    dead_letter(rig, "not JSON")
    dead = dead_letter_queue(rig)
    seen: list[str] = []
    with DeadLetters(rig.database, dead, rig.outbox, discards_unreadable=False) as letters:
        for letter in letters.read():
            seen.append(letter.status)
            dead.release(letter.delivery, 0)
    assert seen == ["unreadable"]
    assert dead_letters(rig) == (1, 0)


@sqlite_only
def test_a_message_that_is_not_a_job_stays_unless_the_operator_discards_it(rig: JobRig, redrive: Redrive) -> None:
    dead_letter(rig, "not JSON", "body is not JSON")
    dead_letter(rig, "{}")
    assert actions(redrive("run")[1]) == ["keep", "keep"]
    document = redrive("list")[1]
    assert {message["reason"] for message in document["messages"]} == {
        "body is not JSON",
        "field 'video_id' is missing",
    }
    assert dead_letters(rig) == (2, 0)
    assert actions(redrive("run", "--discard-unreadable")[1]) == ["discard", "discard"]
    assert dead_letters(rig) == (0, 0)


@sqlite_only
def test_only_matching_messages_are_touched(rig: JobRig, redrive: Redrive) -> None:
    first, second = (rig.accepted_video() for _ in range(2))
    dead_letter(rig, body_of(first), "attempt 5 failed")
    dead_letter(rig, body_of(second), "all attempts are used up")
    assert len(redrive("list", "--reason", "Attempt")[1]["messages"]) == 2, "letter case does not matter"
    (message,) = redrive("list", "--reason", "used up")[1]["messages"]
    assert message["video_id"] == str(second.video_id)
    assert redrive("run", "--reason", "used up", "--video", str(first.video_id))[1]["messages"] == []
    (message,) = redrive("run", "--video", str(first.video_id))[1]["messages"]
    assert message["video_id"] == str(first.video_id)
    assert dead_letters(rig) == (1, 0)


@sqlite_only
def test_a_failed_video_without_a_message_is_reopened_by_its_id(rig: JobRig, redrive: Redrive) -> None:
    entry = given_up(rig)
    rig.emulator.sqs.purge_queue(QueueUrl=rig.queues.dead_letter)
    assert redrive("run")[1]["given_up_without_message"] is None, "without --video, nothing is reopened"
    asked = ("run", "--video", str(entry.video_id))
    assert redrive(*asked, "--dry-run")[1]["given_up_without_message"] == str(entry.video_id)
    assert rig.state(entry).status == "failed"
    assert redrive(*asked)[1]["given_up_without_message"] == str(entry.video_id)
    assert rig.handler().handle(rig.receive()) is Outcome.PROCESSED
    assert redrive(*asked)[1]["given_up_without_message"] is None


@sqlite_only
def test_messages_of_several_batches_are_each_seen_once_and_sent_at_the_asked_rate(
    rig: JobRig, redrive: Redrive
) -> None:
    entry = rig.accepted_video()
    for number in range(12):
        dead_letter(rig, body_of(entry), f"number {number}")
    assert len({message["message_id"] for message in redrive("list")[1]["messages"]}) == 12
    begun = time.monotonic()
    assert actions(redrive("run", "--rate", "20")[1]) == ["resend"] * 12
    assert time.monotonic() - begun > 12 / 20
    assert (dead_letters(rig), rig.messages()) == ((0, 0), (13, 0))


@sqlite_only
def test_the_table_is_readable_and_control_characters_never_reach_the_terminal(
    rig: JobRig, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = given_up(rig)
    dead_letter(rig, "nonsense", "red \x1b[31m and\nnew line")
    assert main(["run", "--dry-run"]) == 0
    *rows, summary = capsys.readouterr().out.splitlines()
    (reopened,) = [row for row in rows if str(entry.video_id) in row]
    assert reopened.split() == [
        *("reopen", str(entry.video_id), "failed:", "processing_failed", "1×"),
        *(reopened.split()[5:7]),
        *GAVE_UP_REASON.split(),
    ]
    (kept,) = [row for row in rows if row != reopened]
    assert kept.startswith("keep     message ")
    assert kept.endswith("red ?[31m and?new line")
    assert summary == "2 message(s): 1 reopen, 1 keep. Nothing was changed."


@sqlite_only
def test_the_text_says_that_the_queue_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.startswith("No matching message in the dead-letter queue")


@sqlite_only
def test_a_queue_that_does_not_answer_is_not_called_empty(rig: JobRig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.emulator.sqs.delete_queue(QueueUrl=rig.queues.dead_letter)
    assert main(["list"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("queue: receive failed")


@sqlite_only
def test_the_text_says_that_the_native_move_needs_aws(rig: JobRig, capsys: pytest.CaptureFixture[str]) -> None:
    given_up(rig)
    assert main(["run", "--native"]) == 1
    assert "Only SQS of AWS has --native; without it, run works anywhere." in capsys.readouterr().err
    assert dead_letters(rig) == (1, 0)


@sqlite_only
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "list | run"),
        (["redo"], "invalid choice"),
        (["run", "--rate", "0"], "'0' is not a number of messages a second, 0.1 to 500"),
        (["run", "--rate", "fast"], "'fast' is not a number of messages a second"),
        (["list", "--video", "17"], "--video"),
        (["run", "--native", "--dry-run"], "--native moves every message"),
        (["run", "--native", "--reason", "x"], "--native moves every message"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert text in capsys.readouterr().err


@sqlite_only
def test_wrong_settings_exit_with_2_and_an_absent_database_with_1(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ANB_DATABASE_URL", "postgresql://anb:hunter2@127.0.0.1:1/anb")
    assert main(["list"]) == 1
    environment.delenv("ANB_BUCKET")
    assert main(["list"]) == 2
    printed = capsys.readouterr().err
    assert "database" in printed
    assert "ANB_BUCKET" in printed
    assert "hunter2" not in printed


@sqlite_only
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list", "--help"]])
def test_help_documents_exit_codes_and_options(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    if arguments == ["--help"]:
        assert "exit codes: 0 done 1 something failed: run it again 2 wrong usage or settings;" in printed
    if "run" in arguments:
        assert "It cannot reopen videos" in printed
