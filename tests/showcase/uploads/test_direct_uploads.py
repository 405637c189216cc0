"""Direct uploads as states of their row, on SQLite and on PostgreSQL."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from migrations.upgrade import configuration
from showcase.database.engine import Database, database_time
from showcase.database.tables import DirectUpload, Video, Vote
from showcase.uploads.direct_uploads import (
    KEPT_SECONDS,
    PART_BYTES_MIN,
    PARTS_MAX,
    NewUpload,
    accept,
    forget_old,
    get_upload,
    open_upload,
    plan_parts,
    refuse,
)
from showcase.videos import NewVideo, original_key
from tests.records import new_player, new_video, original_of


def opened(database: Database, player_id: uuid.UUID, *, seconds: float = 60) -> uuid.UUID:
    upload = NewUpload(uuid.uuid4(), player_id, "Mi jugada", 1000, None)
    with database.writing() as connection:
        open_upload(connection, upload, seconds=seconds)
    return upload.id


def candidate(player_id: uuid.UUID) -> NewVideo:
    """The video that one attempt would make of the upload."""
    video_id = uuid.uuid4()
    return NewVideo(video_id, uuid.uuid4(), player_id, "Mi jugada", original_key(video_id), 1000, None, "request")


def videos(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(Video)).scalar_one()


@given(size=st.integers(1, 5 * 1024**3))
def test_parts_add_up_to_the_whole_and_have_a_size_that_the_storage_takes(size: int) -> None:
    parts = plan_parts(size)
    assert sum(part.size_bytes for part in parts) == size
    assert [part.number for part in parts] == list(range(1, len(parts) + 1)) and len(parts) <= PARTS_MAX
    assert all(part.size_bytes >= PART_BYTES_MIN for part in parts[:-1]) and parts[-1].size_bytes > 0


def test_of_many_concurrent_attempts_one_makes_the_upload_a_video(database: Database) -> None:
    player_id = new_player(database)
    upload_id = opened(database, player_id)
    attempts = [candidate(player_id) for _ in range(12)]

    def attempt(video: NewVideo) -> bool:
        with database.writing() as connection:
            return accept(connection, upload_id, video) is not None

    with ThreadPoolExecutor(len(attempts)) as threads:
        won = list(threads.map(attempt, attempts))
    assert won.count(True) == 1 and videos(database) == 1
    winner = attempts[won.index(True)]
    with database.reading() as connection:
        upload = get_upload(connection, upload_id, player_id)
    assert (upload.status, upload.video_id, upload.task_id) == ("completed", winner.id, winner.task_id)


def test_a_decided_upload_stays_as_it_is(database: Database) -> None:
    player_id = new_player(database)
    refused, completed = opened(database, player_id), opened(database, player_id)
    with database.writing() as connection:
        assert refuse(connection, refused, "too_short")
        assert accept(connection, completed, candidate(player_id))
    with database.writing() as connection:
        assert accept(connection, refused, candidate(player_id)) is None
        assert not refuse(connection, completed, "too_short")
        assert not refuse(connection, refused, "too_long")
        assert get_upload(connection, refused, player_id).refusal_code == "too_short"
        assert get_upload(connection, completed, player_id).status == "completed"
    assert videos(database) == 1


def test_old_rows_are_removed_and_those_that_were_never_decided_are_counted(database: Database) -> None:
    player_id = new_player(database)
    ids = [opened(database, player_id) for _ in range(4)]
    abandoned, completed, refused, recent = ids
    with database.writing() as connection:
        accept(connection, completed, candidate(player_id))
        refuse(connection, refused, "too_short")
        ended = update(DirectUpload).values(expires_at=database_time(-KEPT_SECONDS - 60))
        connection.execute(ended.where(DirectUpload.id != recent))
    with database.writing() as connection:
        assert forget_old(connection) == 1
        assert connection.execute(select(DirectUpload.id)).scalars().all() == [recent]
    assert videos(database) == 1, "a video stays when the row of its upload is removed"
    assert abandoned not in {recent}


def test_the_migration_keeps_rows_votes_and_constraints(database_url: str) -> None:
    config = configuration(database_url)
    database = Database(database_url)
    entry, voter_id = new_video(database), new_player(database)
    with database.writing() as connection:
        connection.execute(insert(Vote).values(video_id=entry.video_id, player_id=voter_id))
    for direction, target in ((command.downgrade, "0003"), (command.upgrade, "0004")):
        database.close()
        direction(config, target)
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM votes")).scalar_one() == 1
            assert connection.execute(text("SELECT original_crc32 FROM videos")).scalar_one() == crc32(
                original_of(entry.video_id)
            )
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("UPDATE videos SET status = 'none'"))
    database.close()
