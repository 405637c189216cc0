"""Brings a database to the schema of this release.

A database that a newer release has migrated is left as it is. Migrations only add, so an older release can start on it
again. Several processes can upgrade at once (see env.py).
"""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from showcase.database.engine import Database

ROOT = Path(__file__).resolve().parent.parent

log = logging.getLogger("migrations")


def upgrade(database_url: str) -> None:
    """Upgrade to the newest revision that this release has. Raises ShowcaseError, SQLAlchemyError, CommandError."""
    config = configuration(database_url)
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    database = Database(database_url, pool_size=1)
    try:
        with database.reading() as connection:
            current = set(MigrationContext.configure(connection).get_current_heads())  # none before the first migration
    finally:
        database.close()
    if newer := current - known:
        log.info("the database is at revision %s, which is newer than this release: left as it is", min(newer))
        return
    command.upgrade(config, "head")
    log.info("the database is at revision %s", scripts.get_current_head())


def configuration(database_url: str) -> Config:
    """Alembic's configuration for this database."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config
