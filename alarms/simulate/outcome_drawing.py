"""A picture of the contenders side by side: the work, the fleet, and the backlog per worker."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from alarms.simulate.simulation import SimulationOutcome

WIDTH_INCHES, HEIGHT_INCHES = 12.0, 8.0
MINUTES_PER_HOUR = 60


def draw_outcomes(outcomes: Sequence[SimulationOutcome], target: float, path: Path) -> None:
    """Write a PNG with three rows over simulated hours. ``target`` is a backlog per worker."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    rows = figure.subplots(3, 1, sharex=True)
    for outcome in outcomes:
        metrics = outcome.metrics
        work = [a + b for a, b in zip(metrics.column("QueueDepth"), metrics.column("MessagesInFlight"), strict=True)]
        columns = (work, metrics.column("Workers"), metrics.column("BacklogPerWorker"))
        for axes, values in zip(rows, columns, strict=True):
            hours = [minute / MINUTES_PER_HOUR for minute in range(len(values))]
            axes.plot(hours, values, drawstyle="steps-post", linewidth=1, label=outcome.contender)
    for axes, title in zip(rows, ("waiting or in work", "workers in service", "backlog per worker"), strict=True):
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(alpha=0.3)
    rows[2].axhline(target, color="#d62728", linestyle="--", linewidth=1, label=f"target {target:g}")
    rows[0].legend(loc="upper right", frameon=False)
    rows[2].legend(loc="upper right", frameon=False)
    rows[2].set_xlabel("simulated hours")
    figure.savefig(path, dpi=110)
