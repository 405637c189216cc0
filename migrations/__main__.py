"""``python -m migrations``: brings the database of ANB_DATABASE_URL to the schema of this release."""

import logging
import sys
from collections.abc import Sequence

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from migrations.upgrade import upgrade
from showcase.errors import SettingsError, ShowcaseError
from showcase.settings import DatabaseSettings, read_settings

DESCRIPTION = """\
Bring the database of ANB_DATABASE_URL to the schema of this release.

Every instance of the API runs this before it starts. It can run several times, and on several instances at the same
time: the first one migrates, the others wait and find nothing left to do. A database that a newer release has migrated
is left as it is, so that an older release can start again.
"""
EXAMPLES = [("", "migrate the database of ANB_DATABASE_URL, from the environment or .env")]
EXIT_CODES = {
    ExitCode.DONE: "the database has the schema of this release, or of a newer one",
    ExitCode.FAILED: "the database could not be migrated; the text says why",
    ExitCode.REFUSED: "nothing was done: wrong usage, or ANB_DATABASE_URL is wrong",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Upgrade the database of ANB_DATABASE_URL, and return an ExitCode."""
    command_parser("migrations", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # one line says which revision the database has
    screen = Screen()
    try:
        upgrade(read_settings(DatabaseSettings).database_url)
    except SettingsError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    except ShowcaseError as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    except (SQLAlchemyError, CommandError) as error:
        screen.fail(f"The database could not be migrated: {error}")
        return ExitCode.FAILED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
