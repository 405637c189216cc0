"""``python -m local.drill``: a burst, the loss of a zone and scaling in, with real workers on this machine."""

import argparse
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from alarms.definition_files import DefinitionError
from local.client import RefusedByApi
from local.drill.drill import Drill
from local.drill.failure import DrillFailed
from local.drill.invariants import HeldInvariant
from local.system.processes import LocalSystemError
from showcase.errors import ShowcaseError

DIRECTORY = Path(".local/drill")
BURST, BURST_SHORT = 60, 26  # more than two workers' worth at the target of 10, while the alarms look at it
MINUTE_SECONDS, MINUTE_SECONDS_SHORT = 2.0, 1.0
INTERRUPTED = 130

DESCRIPTION = f"""\
Starts the AWS emulator, the API and one real worker process for each instance that the Auto Scaling group has in
the emulator. Over the records that the processes write, a CloudWatch minute in one or two seconds, all alarms of
alarms/ are evaluated that have a metric of ours, and its scaling policies, which decide how many instances there are.
A burst of uploads comes; a zone is killed while its workers are busy; the group scales in on a busy worker.

Not played: alarms on metrics of AWS itself, how long an instance takes to boot, what happens to the API and the
database when their zone is lost. Durations are real ones, so alarms on seconds see them as short as they are.

exit codes:
  0    every invariant held
  1    one did not, or the drill failed
  2    wrong usage
  {INTERRUPTED}  stopped by Ctrl-C or SIGTERM
"""

FORESEEN = (
    *(DrillFailed, LocalSystemError, RefusedByApi, ShowcaseError, DefinitionError),
    *(OSError, subprocess.SubprocessError, httpx.HTTPError, BotoCoreError, ClientError, SQLAlchemyError),
)


def main(arguments: list[str] | None = None) -> int:
    """One drill; see DESCRIPTION."""
    asked = _parse(arguments)
    console = Console()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)
    try:
        findings = _drill(asked, console)
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return INTERRUPTED
    except FORESEEN as error:
        console.print(f"[bold red]The drill failed:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        console.print(f"logs: {asked.directory}/*.log", highlight=False, soft_wrap=True)
        return 1
    console.print(_table(findings))
    console.print(f"picture: {asked.directory / 'drill.png'}", highlight=False, soft_wrap=True)
    return 0 if all(finding.held for finding in findings) else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "make drill", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="a smaller burst, shorter minutes")
    parser.add_argument(
        "--videos", type=_burst, metavar="N", help=f"size of the burst (default {BURST}, at least {BURST_SHORT})"
    )
    parser.add_argument(
        "--directory", type=_directory, default=DIRECTORY, help=f"new or empty, for logs and picture ({DIRECTORY})"
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="an empty database, such as PostgreSQL, which production has (default: SQLite in the directory)",
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
        raise argparse.ArgumentTypeError(f"{text} is there already, and not empty; only {DIRECTORY} is ever emptied")
    return path


def _is_default(directory: Path) -> bool:
    return directory.resolve() == DIRECTORY.resolve()


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """Once; after that, everything that was started is stopped in peace."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


def _drill(asked: argparse.Namespace, console: Console) -> list[HeldInvariant]:
    if _is_default(asked.directory) and asked.directory.exists():
        shutil.rmtree(asked.directory)
    burst = asked.videos or (BURST_SHORT if asked.short else BURST)
    minute_seconds = MINUTE_SECONDS_SHORT if asked.short else MINUTE_SECONDS
    with Drill(asked.directory, console, minute_seconds=minute_seconds, database_url=asked.database_url) as drill:
        return drill.run(burst)


def _table(findings: list[HeldInvariant]) -> Table:
    table = Table("invariant", "held", "evidence", title="What must hold", title_justify="left")
    for finding in findings:
        held = "[green]✓[/]" if finding.held else "[bold red]✗[/]"
        table.add_row(finding.name, held, escape(finding.evidence))
    return table


if __name__ == "__main__":
    sys.exit(main())
