"""Alembic's entry: migrates the database of its configuration, else that of ANB_DATABASE_URL."""

from alembic import context
from sqlalchemy import Connection, event, text

from showcase.database.engine import Database
from showcase.database.tables import Base
from showcase.settings import DatabaseSettings, read_settings

LOCK_WAIT_SECONDS = 10
LOCK = 0x414E42  # any number that is nobody else's


def migrate() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or read_settings(DatabaseSettings).database_url
    database = Database(url, pool_size=1)
    if database.engine.dialect.name == "sqlite":
        # A table is changed by a copy that takes its place: whoever refers to it must bear that.
        event.listen(database.engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys=OFF"))
    with database.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            _be_alone(connection)
            context.run_migrations()
    database.close()


def _be_alone(connection: Connection) -> None:
    """Instances that boot together take turns: the first one migrates, the others find nothing left to do.

    A migration may take its time, but not wait for a table: whoever comes after it would wait as well.
    """
    if connection.dialect.name == "postgresql":
        for timeout in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {timeout} = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'"))


migrate()
