"""Alembic's entry point: migrates the database of its configuration, else that of ANB_DATABASE_URL."""

from alembic import context
from sqlalchemy import event, text

from showcase.database.engine import Database
from showcase.database.tables import Base
from showcase.settings import DatabaseSettings, read_settings

LOCK_WAIT_SECONDS = 10
LOCK = 0x414E42  # the key of the advisory lock; any number that nothing else locks


def migrate() -> None:
    """Run the migrations in one transaction.

    On PostgreSQL, instances that boot together take turns: the first one migrates, and the others find nothing left to
    do. A migration may take a long time, but it may not wait long for a table, because later queries would wait too.
    """
    url = context.config.get_main_option("sqlalchemy.url") or read_settings(DatabaseSettings).database_url
    database = Database(url, pool_size=1)
    if database.engine.dialect.name == "sqlite":
        # Alembic changes a table by a copy that replaces it, and foreign keys point at the old table meanwhile.
        event.listen(database.engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys=OFF"))
    with database.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                for timeout in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    connection.execute(text(f"SET LOCAL {timeout} = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'"))
            context.run_migrations()
    database.close()


migrate()
