"""A request whose commit fails is answered with 503, and has no other effect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.conftest import Contest
from tests.service.player_requests import error, upload, uploaded
from tests.watched_database import WatchedDatabase, away, nothing


@pytest.fixture
def database(database_url: str) -> Iterator[WatchedDatabase]:
    database = WatchedDatabase(database_url, pool_size=12)
    yield database
    database.close()


def test_an_upload_without_its_row_is_not_answered_201(contest: Contest, database: WatchedDatabase, clip: Path) -> None:
    client = contest.sign_up()
    database.before_commit = away
    assert error(upload(client, clip)) == (503, "unavailable")
    database.before_commit = nothing
    assert client.get("/api/videos").json() == []


def test_a_video_that_is_not_deleted_keeps_its_file(contest: Contest, database: WatchedDatabase, clip: Path) -> None:
    client = contest.sign_up()
    video_id = uploaded(client, clip)["video_id"]
    database.before_commit = away
    assert error(client.delete(f"/api/videos/{video_id}")) == (503, "unavailable")
    database.before_commit = nothing
    assert client.get(f"/api/videos/{video_id}").json()["status"] == "uploaded"
    assert contest.objects() == {f"uploads/{video_id}.mp4"}
