import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from showcase.database.engine import Database
from showcase.errors import NotFound, Refused
from showcase.jobs import jobs
from showcase.videos import get_own
from showcase.votes import RankedPlayer, ranking, vote
from tests.records import claimed, new_player, new_video
from tests.service.http_server.scenes import wait_until


def processed_video(database: Database, player_id: uuid.UUID) -> uuid.UUID:
    entry = new_video(database, player_id)
    claim = claimed(database, entry)
    with database.writing() as connection:
        jobs.finish(connection, claim, f"processed/{entry.video_id}/1.mp4")
    return entry.video_id


def cast_vote(database: Database, video_id: uuid.UUID, voter: uuid.UUID, own_allowed: bool = True) -> None:
    with database.writing() as connection:
        vote(connection, video_id, voter, own_allowed=own_allowed)


def ranked(database: Database, city: str | None = None, limit: int = 100, offset: int = 0) -> list[RankedPlayer]:
    with database.reading() as connection:
        return ranking(connection, city=city, limit=limit, offset=offset)


def test_a_vote_counts_for_the_video_and_for_its_player(database: Database) -> None:
    player = new_player(database, "Laura")
    video = processed_video(database, player)
    cast_vote(database, video, new_player(database))
    with database.reading() as connection:
        assert get_own(connection, video, player).votes == 1
    assert ranked(database) == [RankedPlayer(1, "Laura", "Gómez", "Bogotá", 1)]


def test_a_second_vote_is_refused_and_does_not_count(database: Database) -> None:
    video, voter = processed_video(database, new_player(database)), new_player(database)
    cast_vote(database, video, voter)
    with pytest.raises(Refused, match="already_voted"):
        cast_vote(database, video, voter)
    assert [line.votes for line in ranked(database)] == [1]


def test_fifty_votes_of_one_player_at_the_same_moment_count_once(database: Database) -> None:
    video, voter = processed_video(database, new_player(database)), new_player(database)

    def try_to_vote(_number: int) -> bool:
        try:
            cast_vote(database, video, voter)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(try_to_vote, range(50))) == 1
    assert [line.votes for line in ranked(database)] == [1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_a_vote_that_waits_for_the_same_vote_in_another_transaction_does_not_count(database: Database) -> None:
    video, voter = processed_video(database, new_player(database)), new_player(database)

    def waits_for_a_lock() -> bool:
        with database.reading() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())

    with ThreadPoolExecutor(1) as threads:
        with database.writing() as connection:
            vote(connection, video, voter, own_allowed=False)
            second = threads.submit(cast_vote, database, video, voter)
            wait_until(waits_for_a_lock, "the second vote waits for the first")
        with pytest.raises(Refused):
            second.result()
    assert [line.votes for line in ranked(database)] == [1]


def test_concurrent_votes_of_many_players_are_all_counted(database: Database) -> None:
    video = processed_video(database, new_player(database))
    voters = [new_player(database) for _ in range(20)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda voter: cast_vote(database, video, voter), voters))
    assert [line.votes for line in ranked(database)] == [20]


def test_only_a_processed_video_is_open_for_voting(database: Database) -> None:
    player = new_player(database)
    waiting = new_video(database, player).video_id
    for unknown in (waiting, uuid.uuid4()):
        with pytest.raises(NotFound):
            cast_vote(database, unknown, player)


def test_a_vote_for_ones_own_video_counts_unless_the_setting_refuses_it(database: Database) -> None:
    player = new_player(database)
    video = processed_video(database, player)
    with pytest.raises(Refused, match="own_video"):
        cast_vote(database, video, player, own_allowed=False)
    cast_vote(database, video, player)
    assert [line.votes for line in ranked(database)] == [1]


def test_the_ranking_adds_up_all_videos_of_a_player_and_leaves_out_players_without_votes(database: Database) -> None:
    first, second = new_player(database, "Ana"), new_player(database, "Eva")
    new_player(database, "Nadie")
    for video in (processed_video(database, first), processed_video(database, first)):
        cast_vote(database, video, second)
    cast_vote(database, processed_video(database, second), first)
    assert [(line.position, line.first_name, line.votes) for line in ranked(database)] == [(1, "Ana", 2), (2, "Eva", 1)]


def test_pages_of_the_ranking_neither_repeat_nor_miss_players_with_the_same_votes(database: Database) -> None:
    voter = new_player(database)
    names = [f"P{n}" for n in range(7)]
    for name in names:
        cast_vote(database, processed_video(database, new_player(database, name)), voter)
    pages = [ranked(database, limit=3, offset=offset) for offset in (0, 3, 6)]
    lines = [line for page in pages for line in page]
    assert sorted(line.first_name for line in lines) == names
    assert [line.position for line in lines] == list(range(1, 8))


def test_a_city_is_found_in_any_spelling_and_ranked_by_itself(database: Database) -> None:
    voter = new_player(database)
    cast_vote(database, processed_video(database, new_player(database, "Ana", "Bogotá")), voter)
    cast_vote(database, processed_video(database, new_player(database, "Eva", "Medellín")), voter)
    lines = ranked(database, city="  MEDELLÍN ")
    assert [(line.position, line.first_name, line.city) for line in lines] == [(1, "Eva", "Medellín")]
