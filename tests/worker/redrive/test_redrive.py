"""The operator's tool: what it shows is true, what it does can be repeated, and nothing is ever lost by it."""

import json
import threading
import time
import uuid
from collections.abc import Callable
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
from tests.worker.worker_variables import worker_variables
from tests.worker.workshop import ATTEMPTS_MAX, Workshop
from worker.errors import EncodeFailed
from worker.job_record import Outcome
from worker.redrive.__main__ import main
from worker.redrive.dead_letters import DeadLetters

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GAVE_UP_REASON = f"attempt {ATTEMPTS_MAX} failed"


@pytest.fixture(autouse=True)
def environment(workshop: Workshop, database_url: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.chdir(workshop.directory)  # no .env of the checkout
    monkeypatch.setattr("worker.redrive.POLL_SECONDS", 0)  # the emulator has one server: nothing means nothing
    variables = worker_variables(
        workshop.emulator,
        workshop.queues,
        database_url=database_url,
        bucket=workshop.media.bucket,
        directory=workshop.directory,
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


Redrive = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def redrive(capsys: pytest.CaptureFixture[str]) -> Redrive:
    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def actions(document: dict[str, Any]) -> list[str]:
    return [message["action"] for message in document["messages"]]


def given_up(workshop: Workshop) -> Entry:
    """A video that failed for a reason of ours until its attempts were used up."""
    entry = workshop.accepted_video()

    def crash(_cancelled: threading.Event) -> None:
        raise EncodeFailed(-9, "out of memory")

    workshop.maker.on_work = crash
    delivery = workshop.receive()
    outcomes = [workshop.handler().handle(delivery) for _ in range(ATTEMPTS_MAX)]
    assert outcomes[-1] is Outcome.EXHAUSTED
    workshop.maker.on_work = lambda _cancelled: None
    return entry


def dead_letter(workshop: Workshop, body: str, reason: str = "") -> None:
    """A message in the dead-letter queue; without a reason, it is as SQS itself would have moved it."""
    attributes = {"reason": {"DataType": "String", "StringValue": reason}} if reason else {}
    workshop.emulator.sqs.send_message(
        QueueUrl=workshop.queues.dead_letter,
        MessageBody=body,
        MessageAttributes=attributes,  # type: ignore[arg-type]
    )


def body_of(entry: Entry) -> str:
    ids = {"video_id": str(entry.video_id), "task_id": str(entry.task_id)}
    return json.dumps({**ids, "created_at": "2024-01-01T00:00:00Z"})


def dead_letter_queue(workshop: Workshop) -> JobQueue:
    url = workshop.queues.dead_letter
    return JobQueue(Aws(REGION, workshop.emulator.url), url, url)


def dead_letters(workshop: Workshop) -> tuple[int, int]:
    """(visible, hidden) of the dead-letter queue."""
    depth = dead_letter_queue(workshop).depth()
    return depth.visible, depth.in_flight


def work_off(workshop: Workshop) -> None:
    while workshop.messages() != (0, 0):
        workshop.handler().handle(workshop.receive())


def test_a_video_that_was_given_up_gets_fresh_attempts_and_is_processed(workshop: Workshop, redrive: Redrive) -> None:
    entry = given_up(workshop)
    code, document = redrive("run")
    assert (code, actions(document), document["error"]) == (0, ["reopen"], None)
    state = workshop.state(entry)
    assert (state.status, state.attempts, state.failure_code, state.failure_reason) == ("uploaded", 0, None, None)
    assert state.has_message_due, "from now on it is processed whatever becomes of the message"
    assert (dead_letters(workshop), workshop.messages()) == ((0, 0), (1, 0))
    work_off(workshop)
    assert workshop.state(entry).status == "processed"
    assert redrive("run")[1]["messages"] == []


def test_the_list_tells_what_is_known_and_loses_nothing(workshop: Workshop, redrive: Redrive) -> None:
    entry = given_up(workshop)
    before = workshop.state(entry)
    for _ in range(2):
        code, document = redrive("list")
        (message,) = document["messages"]
        assert (code, message["video_id"], message["reason"]) == (0, str(entry.video_id), GAVE_UP_REASON)
        assert (message["status"], message["failure_code"]) == ("failed", "processing_failed")
        assert message["receive_count"] >= 1
        assert 0 <= message["age_seconds"] < 600
        assert not document["changed"]
    assert workshop.state(entry) == before
    assert dead_letters(workshop) == (1, 0), "it is visible again at once"


def test_a_dry_run_says_what_a_run_would_do_and_changes_nothing(workshop: Workshop, redrive: Redrive) -> None:
    entry = given_up(workshop)
    before = workshop.state(entry)
    assert actions(redrive("run", "--dry-run")[1]) == ["reopen"]
    assert (workshop.state(entry), dead_letters(workshop), workshop.messages()) == (before, (1, 0), (0, 0))
    assert actions(redrive("run")[1]) == ["reopen"]


@pytest.mark.parametrize("came_to", ["reopened", "sent", "processed"])
def test_a_run_that_was_cut_off_after_any_step_is_completed_by_the_next(
    workshop: Workshop, redrive: Redrive, came_to: str
) -> None:
    entry = given_up(workshop)
    with workshop.database.writing() as connection:
        assert jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
    if came_to != "reopened":
        assert workshop.outbox.send(entry)
    if came_to == "processed":
        work_off(workshop)
    code, document = redrive("run")
    assert (code, actions(document)) == (0, ["discard" if came_to == "processed" else "resend"])
    work_off(workshop)
    assert (workshop.state(entry).status, workshop.maker.runs) == ("processed", ATTEMPTS_MAX + 1)
    assert dead_letters(workshop) == (0, 0)


def test_a_queue_that_takes_no_message_fails_the_run_and_keeps_the_dead_letter(
    workshop: Workshop, redrive: Redrive, environment: pytest.MonkeyPatch
) -> None:
    entry = given_up(workshop)
    environment.setenv("sqs_queue_url", f"{workshop.emulator.url}/123456789012/none")
    code, document = redrive("run")
    assert (code, document["messages"]) == (1, [])
    assert str(entry.video_id) in document["error"]
    state = workshop.state(entry)
    assert (state.status, state.has_message_due) == ("uploaded", True), "the sweeper will send it"
    assert dead_letters(workshop) == (1, 0)
    environment.setenv("sqs_queue_url", workshop.queues.jobs)
    assert actions(redrive("run")[1]) == ["resend"]
    assert dead_letters(workshop) == (0, 0)


def test_a_message_whose_video_needs_nothing_any_more_is_deleted(workshop: Workshop, redrive: Redrive) -> None:
    processed, refused = (workshop.accepted_video() for _ in range(2))
    claims = [claimed(workshop.database, entry) for entry in (processed, refused)]
    with workshop.database.writing() as connection:
        jobs.finish(connection, claims[0], "key")
        jobs.fail(connection, claims[1], code="too_short", reason="corto")
    deleted = Entry(uuid.uuid4(), uuid.uuid4(), "", processed.uploaded_at, "")
    other_generation = Entry(processed.video_id, uuid.uuid4(), "", processed.uploaded_at, "")
    for entry in (processed, refused, deleted, other_generation):
        dead_letter(workshop, body_of(entry))
    before = workshop.messages()
    code, document = redrive("run")
    assert (code, actions(document)) == (0, ["discard"] * 4)
    assert [message["status"] for message in document["messages"]] == ["processed", "failed", "gone", "gone"]
    assert (dead_letters(workshop), workshop.messages()) == ((0, 0), before)
    assert workshop.state(refused).failure_code == "too_short", "the clip's own fault is not forgiven"


def test_a_message_that_sqs_moved_while_its_video_waits_or_is_in_work_is_sent_again(
    workshop: Workshop, redrive: Redrive
) -> None:
    waiting, running = (workshop.accepted_video() for _ in range(2))
    claim = claimed(workshop.database, running)
    for entry in (waiting, running):
        dead_letter(workshop, body_of(entry))
    document = redrive("run")[1]
    assert actions(document) == ["resend", "resend"]
    assert {message["reason"] for message in document["messages"]} == {"moved by SQS: received too often"}
    assert workshop.messages() == (4, 0)
    with workshop.database.writing() as connection:
        assert jobs.finish(connection, claim, "key"), "the claim of whoever works on it still holds"


def test_a_reopened_video_is_not_as_old_as_its_upload(workshop: Workshop) -> None:
    entry = given_up(workshop)
    long_ago = {"uploaded_at": database_time(-5000), "enqueued_at": database_time(-4000)}
    with workshop.database.writing() as connection:
        connection.execute(update(Video).where(Video.id == entry.video_id).values(long_ago))
        assert jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
    with workshop.database.reading() as connection:
        assert jobs.oldest_wait_seconds(connection) < 1000


def test_only_a_video_that_was_given_up_is_reopened_and_only_once(workshop: Workshop) -> None:
    entry = given_up(workshop)
    with workshop.database.writing() as connection:
        assert not jobs.reopen(connection, entry.video_id, uuid.uuid4(), code=jobs.GAVE_UP)
        assert not jobs.reopen(connection, entry.video_id, entry.task_id, code="too_short")
        assert jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
        assert not jobs.reopen(connection, entry.video_id, entry.task_id, code=jobs.GAVE_UP)
    assert claimed(workshop.database, entry).fence == ATTEMPTS_MAX + 1, "fences only rise"


@sqlite_only
def test_a_message_that_comes_back_while_the_others_are_read_is_not_shown_twice(workshop: Workshop) -> None:
    dead_letter(workshop, "not JSON")
    dead = dead_letter_queue(workshop)
    seen: list[str] = []
    with DeadLetters(workshop.database, dead, workshop.outbox, discards_unreadable=False) as letters:
        for letter in letters.read():
            seen.append(letter.status)
            dead.release(letter.delivery, 0)
    assert seen == ["unreadable"]
    assert dead_letters(workshop) == (1, 0)


@sqlite_only
def test_what_is_not_one_of_our_messages_stays_until_somebody_says_otherwise(
    workshop: Workshop, redrive: Redrive
) -> None:
    dead_letter(workshop, "not JSON", "body is not JSON")
    dead_letter(workshop, "{}")
    assert actions(redrive("run")[1]) == ["keep", "keep"]
    document = redrive("list")[1]
    assert {message["reason"] for message in document["messages"]} == {
        "body is not JSON",
        "field 'video_id' is missing",
    }
    assert dead_letters(workshop) == (2, 0)
    assert actions(redrive("run", "--discard-unreadable")[1]) == ["discard", "discard"]
    assert dead_letters(workshop) == (0, 0)


@sqlite_only
def test_only_the_chosen_messages_are_touched(workshop: Workshop, redrive: Redrive) -> None:
    first, second = (workshop.accepted_video() for _ in range(2))
    dead_letter(workshop, body_of(first), "attempt 5 failed")
    dead_letter(workshop, body_of(second), "all attempts are used up")
    assert len(redrive("list", "--reason", "Attempt")[1]["messages"]) == 2, "letter case does not matter"
    (message,) = redrive("list", "--reason", "used up")[1]["messages"]
    assert message["video_id"] == str(second.video_id)
    assert redrive("run", "--reason", "used up", "--video", str(first.video_id))[1]["messages"] == []
    (message,) = redrive("run", "--video", str(first.video_id))[1]["messages"]
    assert message["video_id"] == str(first.video_id)
    assert dead_letters(workshop) == (1, 0)


@sqlite_only
def test_a_given_up_video_is_reopened_by_its_id_although_its_message_is_gone(
    workshop: Workshop, redrive: Redrive
) -> None:
    entry = given_up(workshop)
    workshop.emulator.sqs.purge_queue(QueueUrl=workshop.queues.dead_letter)
    assert redrive("run")[1]["given_up_without_message"] is None, "nothing is reopened that nobody named"
    asked = ("run", "--video", str(entry.video_id))
    assert redrive(*asked, "--dry-run")[1]["given_up_without_message"] == str(entry.video_id)
    assert workshop.state(entry).status == "failed"
    assert redrive(*asked)[1]["given_up_without_message"] == str(entry.video_id)
    assert workshop.handler().handle(workshop.receive()) is Outcome.PROCESSED
    assert redrive(*asked)[1]["given_up_without_message"] is None


@sqlite_only
def test_more_messages_than_a_batch_has_are_each_seen_once_at_the_rate_that_was_asked_for(
    workshop: Workshop, redrive: Redrive
) -> None:
    entry = workshop.accepted_video()
    for number in range(12):
        dead_letter(workshop, body_of(entry), f"number {number}")
    assert len({message["message_id"] for message in redrive("list")[1]["messages"]}) == 12
    begun = time.monotonic()
    assert actions(redrive("run", "--rate", "20")[1]) == ["resend"] * 12
    assert time.monotonic() - begun > 12 / 20
    assert (dead_letters(workshop), workshop.messages()) == ((0, 0), (13, 0))


@sqlite_only
def test_the_table_is_for_people_and_nothing_in_it_steers_their_terminal(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = given_up(workshop)
    dead_letter(workshop, "nonsense", "red \x1b[31m and\nnew line")
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
def test_an_empty_queue_is_said_to_be_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.startswith("No such message in the dead-letter queue")


@sqlite_only
def test_the_native_move_needs_aws_and_says_so(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    given_up(workshop)
    assert main(["run", "--native"]) == 1
    assert "Only SQS of AWS has --native; without it, run works anywhere." in capsys.readouterr().err
    assert dead_letters(workshop) == (1, 0)


@sqlite_only
@pytest.mark.parametrize(
    ("arguments", "said"),
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
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@sqlite_only
def test_wrong_settings_end_with_2_and_an_absent_database_with_1(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ANB_DATABASE_URL", "postgresql://anb:hunter2@127.0.0.1:1/anb")
    assert main(["list"]) == 1
    environment.delenv("ANB_BUCKET")
    assert main(["list"]) == 2
    said = capsys.readouterr().err
    assert "database" in said
    assert "ANB_BUCKET" in said
    assert "hunter2" not in said


@sqlite_only
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list", "--help"]])
def test_help_is_given(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    if arguments == ["--help"]:
        assert "Exit code: 0 done, 1 something failed (run it again), 2 wrong usage or settings." in said
    if "run" in arguments:
        assert "It cannot reopen videos" in said
