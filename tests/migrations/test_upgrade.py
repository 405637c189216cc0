"""``python -m migrations``, as each instance runs it before the API starts."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from local.system.postgres_server import PostgresServer
from migrations.upgrade import configuration
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.settings import child_environment

FIRST, SECOND = "0001", "0002"
RUN_SECONDS = 60
PASSWORD = "geheim-42"


def run(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "migrations", *arguments],
        env=child_environment({"ANB_DATABASE_URL": database_url}),
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )


@pytest.fixture
def empty_url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as url:
        yield url


def test_instances_that_boot_together_all_find_the_schema(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as instances:
        results = list(instances.map(run, [empty_url] * 4))
    assert [done.returncode for done in results] == [0] * 4, [done.stderr for done in results]
    database = Database(empty_url)
    verify_schema(database)
    database.close()


def test_a_database_that_a_newer_release_has_migrated_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    done = run(database_url)
    assert done.returncode == 0 and "9999, which is newer" in done.stderr, done.stderr
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    database.close()


@pytest.mark.parametrize(
    ("database_url", "code", "words"),
    [
        (f"postgresql://anb:{PASSWORD}@127.0.0.1:1/anb", 1, "database"),
        ("mysql://x", 2, "ANB_DATABASE_URL"),
    ],
)
def test_a_failure_and_a_wrong_setting_are_reported_in_a_sentence(database_url: str, code: int, words: str) -> None:
    done = run(database_url)
    assert done.returncode == code and words in done.stderr
    assert "Traceback" not in done.stderr and PASSWORD not in done.stderr


@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("head", 2)])
def test_help_and_wrong_usage_migrate_nothing(tmp_path: Path, argument: str, code: int) -> None:
    done = run(f"sqlite:///{tmp_path / 'new.db'}", argument)
    assert done.returncode == code and "python -m migrations" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_sqlite_keeps_votes_when_the_table_of_videos_is_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    command.upgrade(configuration(url), FIRST)
    database = Database(url)
    with database.writing() as connection:
        connection.execute(text(PLAYER))
        connection.execute(text(VIDEO))
        connection.execute(text("INSERT INTO votes (video_id, player_id, created_at) VALUES ('v', 'p', '2026-01-01')"))
    database.close()
    done = run(url)
    assert done.returncode == 0, done.stderr
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM votes JOIN videos ON videos.id = video_id")).scalar() == 1
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    database.close()


PLAYER = """INSERT INTO players
    (id, email, first_name, last_name, city, city_key, country, password_hash, is_active, votes, created_at)
    VALUES ('p', 'a@example.com', 'Laura', 'Gómez', 'Bogotá', 'bogotá', 'Colombia', 'x', 1, 1, '2026-01-01')"""
VIDEO = """INSERT INTO videos
    (id, player_id, task_id, title, status, original_key, original_bytes, uploaded_at, request_id,
     attempts, fence, progress_percent, votes)
    VALUES ('v', 'p', 't', 'Mi jugada', 'uploaded', 'uploads/v.mp4', 1, '2026-01-01', 'r', 0, 0, 0, 1)"""


def test_a_row_that_an_older_release_writes_has_no_trace(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as connection:
        connection.execute(text(PLAYER))
        connection.execute(text(VIDEO))
        assert connection.execute(text("SELECT traceparent FROM videos")).scalar_one() == ""
    database.close()
