"""The failed videos of an incident are found by code and time, each once."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from showcase.database.engine import Database, database_time
from showcase.database.tables import Video
from showcase.jobs import failures, jobs
from showcase.jobs.failures import Failures, find_failed
from tests.records import claimed, new_player, new_video

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAMAGED = ("damaged",)
Fail = Callable[..., uuid.UUID]


@pytest.fixture
def fail(database: Database) -> Fail:
    """Makes a video that failed ``seconds`` after noon. With None, it failed now."""
    player = new_player(database)

    def make(seconds: float | None = 0, code: str = "damaged") -> uuid.UUID:
        entry = new_video(database, player)
        claim = claimed(database, entry)
        with database.writing() as connection:
            assert jobs.fail(connection, claim, code=code, reason="El video está dañado.")
        if seconds is not None:
            change(database, entry.video_id, failed_at=after_noon(seconds))
        return entry.video_id

    return make


def change(database: Database, video_id: uuid.UUID, **values: object) -> None:
    with database.writing() as connection:
        connection.execute(update(Video).where(Video.id == video_id).values(values))


def after_noon(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def found(database: Database, meant: Failures) -> list[uuid.UUID]:
    return [video.video_id for video in find_failed(database, meant)]


def test_failures_are_found_by_code_and_time_the_oldest_first(database: Database, fail: Fail) -> None:
    late, first, _early, last = fail(61), fail(0), fail(-1), fail(60)
    other = fail(0, "too_short")
    assert found(database, Failures(DAMAGED, NOON, after_noon(60))) == [first, last]
    assert found(database, Failures(DAMAGED, NOON)) == [first, last, late]
    assert set(found(database, Failures(("damaged", "too_short"), NOON, NOON))) == {first, other}
    assert found(database, Failures(DAMAGED, video_id=last)) == [last]
    assert found(database, Failures(DAMAGED, video_id=other)) == []


def test_the_failure_has_the_time_of_the_database_until_the_video_is_reopened(database: Database, fail: Fail) -> None:
    with database.reading() as connection:
        now = connection.execute(select(database_time())).scalar_one()
    video_id = fail(None)
    assert found(database, Failures(DAMAGED, now)) == [video_id]
    assert found(database, Failures(DAMAGED, now + timedelta(minutes=5))) == []
    (video,) = find_failed(database, Failures(DAMAGED))
    with database.writing() as connection:
        assert jobs.reopen(connection, video_id, video.task_id, code="damaged")
        assert connection.execute(select(Video.failed_at).where(Video.id == video_id)).scalar_one() is None


def test_a_video_whose_workers_all_died_has_a_time_of_failure_too(database: Database) -> None:
    entry = new_video(database)
    with database.writing() as connection:
        assert jobs.fail_exhausted(connection, entry.video_id, attempts_max=0, code=jobs.GAVE_UP, reason="Otra vez.")
        assert connection.execute(select(Video.failed_at).where(Video.id == entry.video_id)).scalar_one() is not None


def test_a_failure_of_an_older_release_counts_from_its_upload(database: Database, fail: Fail) -> None:
    video_id = fail()
    change(database, video_id, failed_at=None, uploaded_at=NOON)
    assert found(database, Failures(DAMAGED, after_noon(1))) == []
    assert found(database, Failures(DAMAGED, NOON, NOON)) == [video_id]


def test_many_videos_are_found_page_by_page_and_each_once(
    database: Database, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAGE_ROWS", 2)
    at_once, later = [fail(0) for _ in range(3)], [fail(1) for _ in range(2)]
    seen = found(database, Failures(DAMAGED))
    assert (set(seen[:3]), set(seen[3:]), len(seen)) == (set(at_once), set(later), 5)


def test_a_video_that_fails_again_during_the_search_is_not_found_again(
    database: Database, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAGE_ROWS", 1)
    videos = [fail(0), fail(1)]
    seen = []
    for video in find_failed(database, Failures(DAMAGED)):
        seen.append(video.video_id)
        change(database, video.video_id, failed_at=database_time(1))
    assert seen == videos
