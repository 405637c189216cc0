"""``python -m worker.redrive run --code``: failed videos get another chance by code and time, without a dead letter."""

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from showcase.database.tables import Video
from showcase.jobs import jobs
from showcase.jobs.outbox import Entry
from tests.records import claimed, new_video, original_of
from tests.worker.job_rig import JobRig
from tests.worker.redrive.conftest import Redrive
from tests.worker.redrive.test_redrive import dead_letter, dead_letters, work_off
from worker.redrive.__main__ import main
from worker.redrive.redrive_options import failures_of, parse_options

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
WINDOW = ("--code", "damaged", "--since", "2026-11-27T12:00", "--until", "2026-11-27T12:30")

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Fail = Callable[..., Entry]


@pytest.fixture
def fail(rig: JobRig) -> Fail:
    """Makes a video that failed some minutes after noon. The queue has no message of it."""

    def make(minutes: float = 0, code: str = "damaged") -> Entry:
        entry = new_video(rig.database)
        claim = claimed(rig.database, entry)
        failed_at = NOON + timedelta(minutes=minutes)
        with rig.database.writing() as connection:
            assert jobs.fail(connection, claim, code=code, reason="El video está dañado.")
            connection.execute(update(Video).where(Video.id == entry.video_id).values(failed_at=failed_at))
        return entry

    return make


def reopened(document: dict[str, Any]) -> list[str]:
    return [video["video_id"] for video in document["videos"]]


def ids(*entries: Entry) -> list[str]:
    return [str(entry.video_id) for entry in entries]


def test_all_that_failed_with_a_code_in_a_time_is_reopened_and_processed(
    rig: JobRig, redrive: Redrive, fail: Fail
) -> None:
    early, first, last, late = (fail(minutes) for minutes in (-1, 0, 30, 31))
    other = fail(code="too_short")
    dead_letter(rig, "not JSON")
    code, document = redrive("run", *WINDOW)
    assert (code, reopened(document)) == (0, ids(first, last)), "the oldest failure first"
    assert (document["changed"], document["error"]) == (True, None)
    state = rig.state(first)
    assert (state.status, state.attempts, state.failure_code, state.failure_reason) == ("uploaded", 0, None, None)
    assert state.has_message_due, "it will be processed even if the message is lost"
    assert [rig.state(entry).status for entry in (early, late, other)] == ["failed"] * 3
    assert (rig.messages(), dead_letters(rig)) == ((2, 0), (1, 0)), "dead letters are left alone"
    for entry in (first, last):
        rig.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
    work_off(rig)
    assert [rig.state(entry).status for entry in (first, last)] == ["processed"] * 2
    assert reopened(redrive("run", *WINDOW)[1]) == [], "running it again does no harm"


@pytest.mark.parametrize("command", [("run", "--dry-run"), ("list",)])
def test_a_dry_run_and_the_list_show_the_videos_and_change_nothing(
    rig: JobRig, redrive: Redrive, fail: Fail, command: tuple[str, ...]
) -> None:
    entry = fail()
    before = rig.state(entry)
    shown = {"action": "reopen", "failure_code": "damaged", "failed_at": "2026-11-27T12:00:00.000000Z"}
    assert redrive(*command, "--code", "damaged") == (
        0,
        {"videos": [{"video_id": str(entry.video_id), **shown}], "changed": False, "error": None},
    )
    assert (rig.state(entry), rig.messages()) == (before, (0, 0))


def test_videos_are_sent_at_the_asked_rate(redrive: Redrive, fail: Fail) -> None:
    entries = [fail(minute) for minute in range(3)]
    begun = time.monotonic()
    assert reopened(redrive("run", "--code", "damaged", "--rate", "1")[1]) == ids(*entries)
    assert time.monotonic() - begun > 3


def test_without_queue_the_run_fails_and_the_next_one_does_the_rest(
    rig: JobRig, redrive: Redrive, fail: Fail, environment: pytest.MonkeyPatch
) -> None:
    first, second = fail(0), fail(1)
    environment.setenv("sqs_queue_url", f"{rig.emulator.url}/123456789012/none")
    code, document = redrive("run", "--code", "damaged")
    assert (code, reopened(document)) == (1, [])
    assert str(first.video_id) in document["error"]
    assert rig.state(first).has_message_due, "the sweeper will send it"
    environment.setenv("sqs_queue_url", rig.queues.jobs)
    assert reopened(redrive("run", "--code", "damaged")[1]) == ids(second)


def test_the_table_names_code_and_time(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    entry = fail()
    assert main(["run", "--code", "damaged", "--dry-run"]) == 0
    row, summary = capsys.readouterr().out.splitlines()
    assert row.split() == ["reopen", str(entry.video_id), "failed:", "damaged", "2026-11-27T12:00:00Z"]
    assert summary == "1 failed video(s). Nothing was changed: run would reopen them."
    assert main(["run", "--code", "truncated"]) == 0
    assert capsys.readouterr().out == "No failed video matches the options.\n"


@pytest.mark.parametrize("text", ["2026-11-27T12:00", "2026-11-27 12:00:00Z", "2026-11-27T07:00-05:00"])
def test_a_time_without_an_offset_is_in_utc(text: str) -> None:
    failures = failures_of(parse_options(["list", "--code", "damaged", "--code", "truncated", "--since", text]))
    assert (failures.codes, failures.since, failures.until) == (("damaged", "truncated"), NOON, None)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run", "--code", "damagd"], "invalid choice: 'damagd'"),
        (["run", "--code", "damaged", "--since", "yesterday"], "'yesterday' is not a time like 2026-11-27T14:00"),
        (["list", "--since", "2026-11-27T14:00"], "--since and --until need --code"),
        (["run", "--code", "damaged", "--reason", "x"], "--code looks at rows"),
        (["run", "--code", "damaged", "--native"], "--native moves every message"),
        (
            ["run", "--code", "damaged", "--since", "2026-11-28", "--until", "2026-11-27"],
            "--since is later than --until",
        ),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert text in capsys.readouterr().err
