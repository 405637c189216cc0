"""Brings a database to the schema of this release.

A database that a newer release has migrated already is left alone, so that a release that is rolled back to starts:
migrations only add. Any number may run at once (env.py).
"""

import logging
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from showcase.database.engine import Database
from showcase.errors import ShowcaseError
from showcase.settings import DatabaseSettings, read_settings

ROOT = Path(__file__).resolve().parent.parent

log = logging.getLogger("migrations")


def main() -> int:
    """Upgrade the database of ANB_DATABASE_URL; the exit code is 1, with a sentence why, if that was not possible."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        upgrade(read_settings(DatabaseSettings).database_url)
    except ShowcaseError as error:
        return _failed(str(error))
    except (SQLAlchemyError, CommandError) as error:
        return _failed(f"The database could not be migrated: {error}")
    return 0


def _failed(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - a tool for the terminal
    return 1


def upgrade(database_url: str) -> None:
    """To the newest revision that this release knows. Raises ShowcaseError, SQLAlchemyError, CommandError."""
    config = configuration(database_url)
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    if newer := _revisions(database_url) - known:
        log.info("the database is at revision %s, which is newer than this release: left as it is", min(newer))
        return
    command.upgrade(config, "head")
    log.info("the database is at revision %s", scripts.get_current_head())


def configuration(database_url: str) -> Config:
    """Alembic's, for this database."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def _revisions(database_url: str) -> set[str]:
    """Where the database is; none before the first migration."""
    database = Database(database_url, pool_size=1)
    try:
        with database.reading() as connection:
            return set(MigrationContext.configure(connection).get_current_heads())
    finally:
        database.close()
