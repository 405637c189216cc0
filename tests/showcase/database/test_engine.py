from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import event, func, select, text, update

from local.system.postgres_server import PostgresServer
from migrations.upgrade import configuration
from showcase.database.engine import Database, database_time
from showcase.database.tables import Player, verify_schema
from showcase.errors import ShowcaseError, Unavailable
from tests.records import new_player


def test_the_migrations_create_exactly_the_tables_of_the_code(database_url: str) -> None:
    config = configuration(database_url)
    command.check(config)


def test_the_migrations_can_be_undone(database_url: str) -> None:
    config = configuration(database_url)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_the_error_of_a_database_without_schema_names_the_command_that_creates_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(ShowcaseError, match="python -m migrations"):
        verify_schema(database)
    database.close()


def test_a_migrated_database_is_accepted(database: Database) -> None:
    verify_schema(database)


def test_the_clock_is_that_of_the_database_in_utc(database: Database) -> None:
    with database.reading() as connection:
        now, later = connection.execute(select(database_time(), database_time(90.5))).one()
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    assert later - now == timedelta(seconds=90.5)


def test_stored_times_keep_their_order_and_zone(database: Database) -> None:
    player_id = new_player(database)
    with database.reading() as connection:
        row = connection.execute(
            select(
                Player.created_at, Player.created_at <= database_time(), Player.created_at < database_time(-60)
            ).where(Player.id == player_id)
        ).one()
    assert row.created_at.tzinfo is UTC
    assert tuple(row)[1:] == (True, False)


def test_a_block_that_raises_writes_nothing(database: Database) -> None:
    player_id = new_player(database)
    with pytest.raises(RuntimeError), database.writing() as connection:
        connection.execute(update(Player).where(Player.id == player_id).values(votes=5))
        raise RuntimeError
    with database.reading() as connection:
        assert connection.execute(select(Player.votes)).scalar_one() == 0


def test_concurrent_writers_wait_for_each_other_and_lose_no_update(database: Database) -> None:
    player_id = new_player(database)

    def add_one(_number: int) -> None:
        with database.writing() as connection:
            votes = connection.execute(
                select(Player.votes).where(Player.id == player_id).with_for_update()
            ).scalar_one()
            connection.execute(update(Player).where(Player.id == player_id).values(votes=votes + 1))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(40)))
    with database.reading() as connection:
        assert connection.execute(select(Player.votes)).scalar_one() == 40


def test_a_database_that_is_away_raises_unavailable() -> None:
    database = Database("postgresql://postgres:geheim@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable, match=r"\(OperationalError\)") as caught:
        database.ping()
    assert "geheim" not in str(caught.value)
    assert caught.value.dependency == "database"
    database.close()


def test_connections_that_the_server_closed_are_replaced(postgres: PostgresServer, postgres_url: str) -> None:
    database = Database(postgres_url, pool_size=2)
    with database.reading() as connection:
        pid = connection.execute(select(func.pg_backend_pid())).scalar_one()
    postgres.execute(f"SELECT pg_terminate_backend({pid}, 5000)")  # waits until the connection is closed
    database.ping()
    database.close()


def test_connections_that_the_server_closes_as_soon_as_they_are_open_raise_unavailable(
    postgres: PostgresServer, postgres_url: str
) -> None:
    database = Database(postgres_url, pool_size=2)

    def close(connection: Any, _record: object, _proxy: object) -> None:
        postgres.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 5000)")

    event.listen(database.engine, "checkout", close, insert=True)
    for transaction in (database.reading, database.writing):
        with pytest.raises(Unavailable), transaction():
            pass
    database.close()


def test_a_connection_with_an_unread_notification_is_kept(postgres: PostgresServer, postgres_url: str) -> None:
    database = Database(postgres_url, pool_size=1)
    with database.writing() as connection:
        connection.execute(text("LISTEN news"))
        pid = connection.execute(select(func.pg_backend_pid())).scalar_one()
    other = Database(postgres_url)
    with other.writing() as notifier:
        notifier.execute(text("NOTIFY news"))
    other.close()
    with database.reading() as connection:
        assert connection.execute(select(func.pg_backend_pid())).scalar_one() == pid
    database.close()


def test_a_connection_that_is_cut_in_a_transaction_raises_unavailable(
    postgres: PostgresServer, postgres_url: str
) -> None:
    database = Database(postgres_url, pool_size=2)
    with pytest.raises(Unavailable), database.writing() as connection:
        pid = connection.execute(select(func.pg_backend_pid())).scalar_one()
        postgres.execute(f"SELECT pg_terminate_backend({pid})")
        connection.execute(text("SELECT 1"))
    database.close()


def test_statements_that_differ_only_in_seconds_are_compiled_once_and_use_their_own_seconds(database: Database) -> None:
    compiled: dict[object, object] = {}
    with database.reading() as connection:
        cached = connection.execution_options(compiled_cache=compiled)
        for seconds in (0.0, 90.5, -60.0):
            now, shifted = cached.execute(select(database_time(), database_time(seconds))).one()
            assert shifted - now == timedelta(seconds=seconds)
    assert len(compiled) == 1
