"""What happened, minute by minute, as text while it runs."""

from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from cloudwatch.alarm.state import Transition

COLUMNS = f"{'min':>4} {'waiting':>8} {'in work':>8} {'backlog/w':>10} {'workers':>8} {'desired':>8} {'processed':>10}"


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One simulated minute. ``waiting``, ``in_flight`` and ``backlog`` are None where nothing was published."""

    minute: int
    waiting: float | None
    in_flight: float | None
    backlog: float | None
    workers: int
    desired: int
    processed: int
    events: tuple[str, ...] = ()
    changes: tuple[Transition, ...] = ()  # of alarms
    deed: str = ""  # what the story did, for the picture


def print_row(console: Console, row: TimelineRow) -> None:
    waiting, in_flight, backlog = (_number(value) for value in (row.waiting, row.in_flight, row.backlog))
    numbers = f"{backlog:>10} {row.workers:>8} {row.desired:>8} {row.processed:>10}"
    console.print(f"{row.minute:>4} {waiting:>8} {in_flight:>8} {numbers}", highlight=False)
    alarms = [f"{change.name}: {change.old} → {change.new}" for change in row.changes]
    for event in (row.deed, *alarms, *row.events):
        if event:
            console.print(f"     [cyan]▸[/] {escape(event)}", highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
