"""What happened, minute by minute: as text while it runs, and as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console

COLUMNS = f"{'min':>4} {'waiting':>8} {'in work':>8} {'backlog/w':>10} {'workers':>8} {'desired':>8} {'processed':>10}"


@dataclass(frozen=True, slots=True)
class Row:
    """One simulated minute. ``waiting``, ``in_flight`` and ``backlog`` are None where nothing was published."""

    minute: int
    waiting: float | None
    in_flight: float | None
    backlog: float | None
    workers: int
    desired: int
    processed: int
    events: tuple[str, ...] = ()
    deed: str = ""  # what the story did, for the picture


def print_row(console: Console, row: Row) -> None:
    waiting, in_flight, backlog = (_number(value) for value in (row.waiting, row.in_flight, row.backlog))
    numbers = f"{backlog:>10} {row.workers:>8} {row.desired:>8} {row.processed:>10}"
    console.print(f"{row.minute:>4} {waiting:>8} {in_flight:>8} {numbers}", highlight=False)
    for event in (row.deed, *row.events):
        if event:
            console.print(f"     [cyan]▸[/] {event}", highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def draw(rows: Sequence[Row], target: float, path: Path) -> None:
    """A PNG with four rows over simulated minutes; what the story did is written at its minute."""
    figure = Figure(figsize=(12, 10), layout="constrained")
    axes = figure.subplots(4, 1, sharex=True)
    minutes = [row.minute for row in rows]
    nothing = float("nan")
    axes[0].plot(minutes, [nothing if r.waiting is None else r.waiting for r in rows], label="waiting")
    axes[0].plot(minutes, [nothing if r.in_flight is None else r.in_flight for r in rows], label="in flight")
    axes[1].plot(minutes, [nothing if r.backlog is None else r.backlog for r in rows], label="backlog per worker")
    axes[1].axhline(target, color="#d62728", linestyle="--", linewidth=1, label=f"target {target:g}")
    axes[2].plot(minutes, [r.desired for r in rows], drawstyle="steps-post", label="desired", linestyle="--")
    axes[2].plot(minutes, [r.workers for r in rows], drawstyle="steps-post", label="in service")
    axes[3].plot(minutes, [r.processed for r in rows], label="processed")
    for each, title in zip(axes, ("queue", "backlog per worker", "workers", "videos processed"), strict=True):
        each.set_title(title, loc="left", fontsize=10)
        each.grid(alpha=0.3)
        each.legend(loc="best", frameon=False, fontsize=8)
    for row in (row for row in rows if row.deed):
        axes[0].text(row.minute, 0, f" {row.deed}", rotation=90, fontsize=7, va="bottom", ha="right")
        for each in axes:
            each.axvline(row.minute, color="grey", linewidth=0.8, linestyle=":")
    axes[2].yaxis.get_major_locator().set_params(integer=True)
    axes[3].set_xlabel("simulated minutes")
    figure.savefig(path, dpi=110)
