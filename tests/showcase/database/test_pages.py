"""Pages have the same rows as a plain offset."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, insert, update

from showcase.database.engine import Database
from showcase.database.tables import Player, Video, VideoStatus
from showcase.videos import list_public
from showcase.votes import ranking, vote
from tests.records import new_player, new_video

CITIES = ("Bogotá", "Cali")


@pytest.fixture
def crowd(database: Database) -> list[dict[str, object]]:
    """Players with 0, 1 or 2 votes in two cities: most of them tie."""
    rows = [_player(number) for number in range(24)]
    with database.writing() as connection:
        connection.execute(insert(Player), rows)
    return rows


def _player(number: int) -> dict[str, object]:
    city = CITIES[number % 2]
    return {
        "id": uuid.uuid4(),
        "email": f"{number}@example.com",
        "first_name": f"P{number}",
        "last_name": "Gómez",
        "city": city,
        "city_key": city.casefold(),
        "country": "Colombia",
        "password_hash": "none",
        "votes": number % 3,
    }


@pytest.mark.parametrize("city", [None, "Cali", "Tunja"])
def test_every_page_of_the_ranking_is_a_slice_of_the_whole(
    database: Database, crowd: list[dict[str, object]], city: str | None
) -> None:
    ranked = [row for row in crowd if row["votes"] and city in (None, row["city"])]
    whole = sorted(ranked, key=lambda row: (row["votes"], str(row["id"])), reverse=True)
    names = [row["first_name"] for row in whole]
    with database.reading() as connection:
        for offset in (0, 1, 5, len(names), 1000):
            page = ranking(connection, city=city, limit=4, offset=offset)
            assert [line.first_name for line in page] == names[offset : offset + 4]
            assert [line.position for line in page] == list(range(offset + 1, offset + 1 + len(page)))


def test_every_page_of_the_public_list_is_a_slice_of_the_whole(database: Database) -> None:
    owner = new_player(database)
    moments = [
        datetime(2031, 5, 1, 12, minute // 3, tzinfo=UTC) for minute in range(9)
    ]  # three videos share each minute
    videos = [(moment, new_video(database, owner).video_id) for moment in moments]
    with database.writing() as connection:
        for moment, video_id in videos:
            processed = {"status": VideoStatus.PROCESSED, "processed_at": moment, "processed_key": str(video_id)}
            connection.execute(update(Video).where(Video.id == video_id).values(processed))
    new_video(database, owner)  # not open for voting
    whole = [video_id for _, video_id in sorted(videos, key=lambda video: (video[0], str(video[1])), reverse=True)]
    with database.reading() as connection:
        for offset in (0, 2, 8, 9, 1000):
            page = list_public(connection, limit=4, offset=offset)
            assert [video.id for video in page] == whole[offset : offset + 4]


def test_a_vote_takes_four_statements_and_locks_the_video_before_the_player(database: Database) -> None:
    owner, voter = new_player(database), new_player(database)
    video_id = new_video(database, owner).video_id
    with database.writing() as connection:
        result = {"status": VideoStatus.PROCESSED, "processed_at": datetime.now(UTC), "processed_key": "k"}
        connection.execute(update(Video).where(Video.id == video_id).values(result))
    sent: list[str] = []
    with database.writing() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda _connection, _cursor, statement, *_: sent.append(statement)
        )
        vote(connection, video_id, voter, own_allowed=True)
    assert [" ".join(statement.split()[:3]).removesuffix(" (video_id,") for statement in sent] == [
        "SELECT videos.player_id FROM",
        "INSERT INTO votes",
        "UPDATE videos SET",
        "UPDATE players SET",
    ]
