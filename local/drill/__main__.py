"""``python -m local.drill``: a burst, the loss of a zone and scaling in, with real workers on this machine."""

import argparse
import shutil
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.client import RefusedByApi
from local.drill.invariants import Finding
from local.drill.run import Drill
from local.drill.story import DrillFailed
from local.processes import LocalSystemError
from showcase.errors import ShowcaseError

DIRECTORY = Path(".local/drill")
BURST, BURST_SHORT = 60, 26  # more than two workers' worth at the target of 10
MINUTE_SECONDS, MINUTE_SECONDS_SHORT = 2.0, 1.0

DESCRIPTION = """\
Starts the AWS emulator, the API and one real worker process for each instance that the Auto Scaling group has in
the emulator. The alarms and scaling policies of alarms/ are evaluated over the records that the processes write,
a CloudWatch minute in one or two seconds. A burst of uploads comes; a zone is killed while its workers are busy;
the group scales in on a busy worker. Exit code: 0 if every invariant held, 1 if not.
"""


def main(arguments: list[str] | None = None) -> int:
    """One drill; see DESCRIPTION."""
    parser = argparse.ArgumentParser("make drill", description=DESCRIPTION)
    parser.add_argument("--short", action="store_true", help="a smaller burst, shorter minutes")
    parser.add_argument("--videos", type=int, metavar="N", help=f"size of the burst (default {BURST})")
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help=f"logs and picture (default {DIRECTORY})")
    asked = parser.parse_args(arguments)
    burst = asked.videos or (BURST_SHORT if asked.short else BURST)
    console = Console()
    shutil.rmtree(asked.directory, ignore_errors=True)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.default_int_handler)  # both stop everything that was started
    try:
        with Drill(
            asked.directory, console, minute_seconds=MINUTE_SECONDS_SHORT if asked.short else MINUTE_SECONDS
        ) as drill:
            findings = drill.run(burst)
    except (DrillFailed, LocalSystemError, RefusedByApi, ShowcaseError, OSError) as error:
        console.print(f"[bold red]The drill failed:[/] {error}. Logs: {asked.directory}/*.log", highlight=False)
        return 1
    console.print(_table(findings))
    console.print(f"picture: {asked.directory / 'drill.png'}", highlight=False)
    return 0 if all(finding.held for finding in findings) else 1


def _table(findings: list[Finding]) -> Table:
    table = Table("invariant", "held", "evidence", title="What must hold", title_justify="left")
    for finding in findings:
        table.add_row(finding.name, "[green]✓[/]" if finding.held else "[bold red]✗[/]", finding.evidence)
    return table


if __name__ == "__main__":
    sys.exit(main())
