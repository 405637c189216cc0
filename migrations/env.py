"""Alembic's entry: migrates the database of ANB_DATABASE_URL (``python -m alembic upgrade head``)."""

from alembic import context

from showcase.database import Database
from showcase.settings import DatabaseSettings, read_settings
from showcase.tables import Base


def migrate() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or read_settings(DatabaseSettings).database_url
    database = Database(url, pool_size=1)
    with database.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
    database.close()


migrate()
