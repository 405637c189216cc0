"""A target of a benchmark: what was promised, what was measured, and whether the promise is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """``is_met`` is None when what it needs was not measured."""

    text: str
    measured: str
    is_met: bool | None


def target_table(targets: Sequence[Target]) -> Table:
    """One row for each target."""
    table = Table(title="targets")
    for heading in ("target", "measured", "met"):
        table.add_column(heading)
    words = {True: "yes", False: "NO", None: "-"}
    for target in targets:
        table.add_row(target.text, target.measured, words[target.is_met])
    return table
