"""``python -m worker.redrive run --code``: failed videos get another chance by code and time, without a dead letter."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update

from showcase.database.engine import database_time
from showcase.database.tables import Video
from showcase.jobs import failures, jobs
from showcase.jobs.outbox import Entry
from tests.records import claimed
from tests.worker.job_rig import JobRig
from tests.worker.redrive.conftest import Redrive
from tests.worker.redrive.test_redrive import dead_letter, dead_letters, work_off
from worker.redrive.__main__ import main

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Fail = Callable[..., Entry]


@pytest.fixture
def fail(rig: JobRig) -> Fail:
    """Makes a video that failed with a code, at a time that the test chooses. Its message is gone."""

    def make(code: str = "damaged", at: datetime | None = NOON) -> Entry:
        entry = rig.accepted_video()
        claim = claimed(rig.database, entry)
        rig.queue.delete(rig.receive())
        with rig.database.writing() as connection:
            assert jobs.fail(connection, claim, code=code, reason="El video está dañado.")
            if at is not None:
                connection.execute(update(Video).where(Video.id == entry.video_id).values(failed_at=at))
        return entry

    return make


def reopened(document: dict[str, object]) -> list[str]:
    videos = document["videos"]
    assert isinstance(videos, list)
    return [video["video_id"] for video in videos]


def ids(*entries: Entry) -> list[str]:
    return [str(entry.video_id) for entry in entries]


def test_all_that_failed_with_a_code_in_a_time_is_reopened_and_processed(
    rig: JobRig, redrive: Redrive, fail: Fail
) -> None:
    early, first, last, late = (fail(at=NOON + timedelta(minutes=minutes)) for minutes in (-1, 0, 30, 31))
    other = fail("too_short", NOON)
    window = ("--code", "damaged", "--since", "2026-11-27T12:00", "--until", "2026-11-27T12:30")
    code, document = redrive("run", *window)
    assert (code, reopened(document)) == (0, ids(first, last)), "the oldest failure first"
    assert (document["changed"], document["error"]) == (True, None)
    state = rig.state(first)
    assert (state.status, state.attempts, state.failure_code, state.failure_reason) == ("uploaded", 0, None, None)
    assert state.has_message_due, "it will be processed even if the message is lost"
    assert [rig.state(entry).status for entry in (early, late, other)] == ["failed"] * 3
    assert rig.messages() == (2, 0)
    work_off(rig)
    assert [rig.state(entry).status for entry in (first, last)] == ["processed"] * 2
    assert reopened(redrive("run", *window)[1]) == [], "running it again does no harm"


def test_a_dry_run_and_the_list_show_the_videos_and_change_nothing(rig: JobRig, redrive: Redrive, fail: Fail) -> None:
    entry = fail()
    before = rig.state(entry)
    for command in (("run", "--dry-run"), ("list",)):
        code, document = redrive(*command, "--code", "damaged")
        assert (code, document) == (
            0,
            {
                "videos": [
                    {
                        "video_id": str(entry.video_id),
                        "action": "reopen",
                        "failure_code": "damaged",
                        "failed_at": "2026-11-27T12:00:00.000000Z",
                    }
                ],
                "changed": False,
                "error": None,
            },
        )
    assert (rig.state(entry), rig.messages()) == (before, (0, 0))


def test_the_failure_has_the_time_of_the_database(rig: JobRig, redrive: Redrive, fail: Fail) -> None:
    entry = fail(at=None)
    with rig.database.reading() as connection:
        now = connection.execute(select(database_time())).scalar_one()
    for seconds, found in ((60, []), (-60, ids(entry))):
        moment = (now + timedelta(seconds=seconds)).isoformat()
        assert reopened(redrive("list", "--code", "damaged", "--since", moment)[1]) == found
    assert reopened(redrive("run", "--code", "damaged")[1]) == ids(entry)
    with rig.database.reading() as connection:
        assert connection.execute(select(Video.failed_at).where(Video.id == entry.video_id)).scalar_one() is None


def test_a_failure_of_an_older_release_counts_from_its_upload(rig: JobRig, redrive: Redrive, fail: Fail) -> None:
    entry = fail()
    old = {"failed_at": None, "uploaded_at": NOON}
    with rig.database.writing() as connection:
        connection.execute(update(Video).where(Video.id == entry.video_id).values(old))
    assert reopened(redrive("list", "--code", "damaged", "--since", "2026-11-27T12:01")[1]) == []
    assert reopened(redrive("run", "--code", "damaged", "--until", "2026-11-27T12:00Z")[1]) == ids(entry)


def test_many_videos_are_found_page_by_page_and_each_once(
    rig: JobRig, redrive: Redrive, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAGE_ROWS", 2)
    entries = [fail(at=NOON) for _ in range(3)] + [fail(at=NOON + timedelta(seconds=1)) for _ in range(2)]
    code, document = redrive("run", "--code", "damaged", "--rate", "100")
    found = reopened(document)
    assert (code, sorted(found)) == (0, sorted(ids(*entries)))
    assert set(found[3:]) == set(ids(*entries[3:]))


def test_a_video_that_fails_again_during_the_run_is_not_reopened_again(
    rig: JobRig, redrive: Redrive, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAGE_ROWS", 1)
    entries = [fail(at=NOON + timedelta(seconds=second)) for second in range(2)]

    def fail_again(_seconds: float) -> None:
        for entry in entries:
            if rig.state(entry).status == "uploaded":
                claim = claimed(rig.database, entry)
                with rig.database.writing() as connection:
                    jobs.fail(connection, claim, code="damaged", reason="El video está dañado.")

    monkeypatch.setattr(time, "sleep", fail_again)
    assert reopened(redrive("run", "--code", "damaged")[1]) == ids(*entries)


@sqlite_only
def test_several_codes_and_one_video_can_be_named(rig: JobRig, redrive: Redrive, fail: Fail) -> None:
    damaged, given_up, missing = fail("damaged"), fail("processing_failed"), fail("original_missing")
    asked = ("--code", "damaged", "--code", "processing_failed")
    assert set(reopened(redrive("list", *asked)[1])) == set(ids(damaged, given_up))
    assert reopened(redrive("run", *asked, "--video", str(given_up.video_id))[1]) == ids(given_up)
    assert rig.state(damaged).status == "failed"
    assert reopened(redrive("run", "--code", "original_missing")[1]) == ids(missing)


@sqlite_only
def test_dead_letters_are_left_alone(rig: JobRig, redrive: Redrive, fail: Fail) -> None:
    fail()
    dead_letter(rig, "not JSON")
    assert redrive("run", "--code", "damaged")[0] == 0
    assert dead_letters(rig) == (1, 0)


@sqlite_only
def test_videos_are_sent_at_the_asked_rate(redrive: Redrive, fail: Fail) -> None:
    for _ in range(4):
        fail()
    begun = time.monotonic()
    assert len(reopened(redrive("run", "--code", "damaged", "--rate", "10")[1])) == 4
    assert time.monotonic() - begun > 4 / 10


@sqlite_only
def test_without_queue_the_run_fails_and_the_next_one_does_the_rest(
    rig: JobRig, redrive: Redrive, fail: Fail, environment: pytest.MonkeyPatch
) -> None:
    entries = [fail(at=NOON + timedelta(seconds=second)) for second in range(2)]
    environment.setenv("sqs_queue_url", f"{rig.emulator.url}/123456789012/none")
    code, document = redrive("run", "--code", "damaged")
    assert (code, reopened(document)) == (1, [])
    assert str(entries[0].video_id) in str(document["error"])
    assert rig.state(entries[0]).has_message_due, "the sweeper will send it"
    environment.setenv("sqs_queue_url", rig.queues.jobs)
    assert reopened(redrive("run", "--code", "damaged")[1]) == ids(entries[1])


@sqlite_only
def test_the_table_names_code_and_time(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    entry = fail()
    assert main(["run", "--code", "damaged", "--dry-run"]) == 0
    row, summary = capsys.readouterr().out.splitlines()
    assert row.split() == ["reopen", str(entry.video_id), "failed:", "damaged", "2026-11-27T12:00:00Z"]
    assert summary == "1 failed video(s). Nothing was changed: run would reopen them."
    assert main(["run", "--code", "truncated"]) == 0
    assert capsys.readouterr().out == "No video has failed so in that time.\n"


@sqlite_only
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


@sqlite_only
@pytest.mark.parametrize("text", ["2026-11-27T12:00", "2026-11-27 12:00:00Z", "2026-11-27T07:00-05:00"])
def test_a_time_without_an_offset_is_in_utc(redrive: Redrive, fail: Fail, text: str) -> None:
    before = fail(at=NOON.astimezone(timezone(timedelta(hours=-5))))
    fail(at=NOON + timedelta(seconds=1))
    assert reopened(redrive("list", "--code", "damaged", "--since", text, "--until", text)[1]) == ids(before)
