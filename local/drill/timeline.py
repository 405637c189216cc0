"""The timeline of a drill: a row of text for each simulated minute, printed while it runs."""

from dataclasses import dataclass

from cli.screen import Screen
from cloudwatch.alarm.state import Transition

COLUMNS = f"{'min':>4} {'waiting':>8} {'in work':>8} {'backlog/w':>10} {'workers':>8} {'desired':>8} {'processed':>10}"


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One simulated minute.

    ``waiting``, ``in_flight`` and ``backlog`` are None where nothing was published. ``changes`` are those of alarms.
    ``story_event`` is the event of the story in this minute, if any.
    """

    minute: int
    waiting: float | None
    in_flight: float | None
    backlog: float | None
    workers: int
    desired: int
    processed: int
    events: tuple[str, ...] = ()
    changes: tuple[Transition, ...] = ()
    story_event: str = ""


def print_row(screen: Screen, row: TimelineRow) -> None:
    """Print the figures of a minute, and its events below them."""
    published = (row.waiting, row.in_flight, row.backlog)
    waiting, in_flight, backlog = ("-" if value is None else f"{value:.4g}" for value in published)
    numbers = f"{backlog:>10} {row.workers:>8} {row.desired:>8} {row.processed:>10}"
    screen.line(f"{row.minute:>4} {waiting:>8} {in_flight:>8} {numbers}")
    alarms = [f"{change.name}: {change.old or 'unknown'} → {change.new or 'unknown'}" for change in row.changes]
    for event in (row.story_event, *alarms, *row.events):
        if event:
            screen.line(f"     ▸ {event}")
