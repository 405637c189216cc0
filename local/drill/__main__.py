"""``python -m local.drill``: a burst, the loss of a zone and scaling in, with real workers on this machine."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from alarms.definition_files import DefinitionError
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.client import RefusedByApi
from local.drill.drill import Drill
from local.drill.errors import DrillFailed
from local.drill.invariants import InvariantCheck
from local.system.processes import INTERRUPTED, LocalSystemError, interrupt_once
from showcase.errors import ShowcaseError

DIRECTORY = Path(".local/drill")
BURST, BURST_SHORT = 60, 26  # videos; at the target of 10 they need more than two workers while an alarm is evaluated
MINUTE_SECONDS, MINUTE_SECONDS_SHORT = 2.0, 1.0

DESCRIPTION = """\
Run the production topology on this machine through a burst of uploads, the loss of a zone while its workers are busy,
and the scale-in of a busy worker; then check that nothing was lost or done twice.

The drill starts the AWS emulator, the API, and one real worker process for each instance that the Auto Scaling group
has in the emulator. It evaluates the alarms and scaling policies of alarms/ over the records that the processes write.
A CloudWatch minute takes one or two seconds. The policies decide how many instances there are.
"""
NOTES = f"""\
Not simulated: alarms on metrics of AWS itself, the time that an instance takes to boot, and the loss of a zone for the
API and the database. Durations are real ones, so an alarm on a duration sees real seconds.

Ctrl-C and SIGTERM stop everything; the exit code is then {INTERRUPTED}.
"""
EXAMPLES = [
    ("", f"{BURST} uploads, minutes of {MINUTE_SECONDS:g} s"),
    ("--short", f"{BURST_SHORT} uploads, minutes of {MINUTE_SECONDS_SHORT:g} s"),
]
EXIT_CODES = {
    ExitCode.DONE: "every invariant held",
    ExitCode.FAILED: "an invariant did not hold, or the drill failed; the text says which",
}
EXPECTED_ERRORS = (
    *(DrillFailed, LocalSystemError, RefusedByApi, ShowcaseError, DefinitionError),
    *(OSError, subprocess.SubprocessError, httpx.HTTPError, BotoCoreError, ClientError, SQLAlchemyError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one drill; return an ExitCode, or INTERRUPTED."""
    asked = _parse(arguments)
    screen = Screen()
    burst = asked.videos or (BURST_SHORT if asked.short else BURST)
    minute_seconds = MINUTE_SECONDS_SHORT if asked.short else MINUTE_SECONDS
    interrupt_once()
    try:
        if _is_default(asked.directory) and asked.directory.exists():
            shutil.rmtree(asked.directory)
        with Drill(asked.directory, screen, minute_seconds=minute_seconds, database_url=asked.database_url) as drill:
            checks = drill.run(burst)
    except KeyboardInterrupt:
        screen.line("stopped; nothing is left running")
        return INTERRUPTED
    except EXPECTED_ERRORS as error:
        screen.fail(f"The drill failed: {error}\nlogs: {asked.directory}/*.log")
        return ExitCode.FAILED
    screen.show(_table(checks))
    screen.line(f"picture: {asked.directory / 'drill.png'}")
    return ExitCode.DONE if all(check.held for check in checks) else ExitCode.FAILED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("local.drill", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--short", action="store_true", help="a smaller burst and shorter minutes")
    parser.add_argument(
        "--videos", type=_burst, metavar="N", help=f"size of the burst (default {BURST}, at least {BURST_SHORT})"
    )
    parser.add_argument(
        "--directory",
        type=_directory,
        default=DIRECTORY,
        help=f"a new or empty directory for logs and picture (default {DIRECTORY}, which is emptied first)",
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="an empty database, for example PostgreSQL as in production (default: SQLite in the directory)",
    )
    return parser.parse_args(arguments)


def _burst(text: str) -> int:
    if not text.isdecimal() or int(text) < BURST_SHORT:
        raise argparse.ArgumentTypeError(f"{text}: three workers need a burst of at least {BURST_SHORT}")
    return int(text)


def _directory(text: str) -> Path:
    path = Path(text)
    is_free = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if not is_free and not _is_default(path):
        raise argparse.ArgumentTypeError(f"{text} exists and is not empty; only {DIRECTORY} is ever emptied")
    return path


def _is_default(directory: Path) -> bool:
    return directory.resolve() == DIRECTORY.resolve()


def _table(checks: Sequence[InvariantCheck]) -> Table:
    table = Table("invariant", "held", "evidence", title="What must hold", title_justify="left")
    for check in checks:
        held = "[green]✓[/]" if check.held else "[bold red]✗[/]"
        table.add_row(check.name, held, escape(check.evidence))
    return table


if __name__ == "__main__":
    sys.exit(main())
