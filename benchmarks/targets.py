"""The targets of a benchmark: the promise, the measured value, and whether the promise is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from cli.command_parser import ExitCode


@dataclass(frozen=True, slots=True)
class Target:
    """One target. ``is_met`` is None when a measurement that it needs is missing."""

    text: str
    measured: str
    is_met: bool | None


EXIT_CODES = {
    ExitCode.DONE: "every target that was measured is met",
    ExitCode.FAILED: "a target is missed, or the benchmark failed",
}


def exit_code(targets: Sequence[Target]) -> ExitCode:
    """FAILED when a target is missed."""
    return ExitCode.FAILED if any(target.is_met is False for target in targets) else ExitCode.DONE


def target_table(targets: Sequence[Target]) -> Table:
    """A row for each target."""
    table = Table(title="targets")
    for heading in ("target", "measured", "met"):
        table.add_column(heading)
    words = {True: "yes", False: "NO", None: "-"}
    for target in targets:
        table.add_row(target.text, target.measured, words[target.is_met])
    return table
