"""A picture of the contenders side by side: the work, the fleet, and the backlog per worker."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from alarms.pictures.line_styles import line_styles
from alarms.pictures.panels import (
    TEXT_CHARACTERS,
    add_line_legend,
    axis_time,
    draw_line,
    draw_threshold,
    finish_values,
    label_values,
    new_panels,
    plain_texts,
    shortened,
    show_dates,
)
from alarms.simulate.simulated_metrics import MINUTE
from alarms.simulate.simulation import SimulationOutcome

PANEL_INCHES = 2.4
MINUTES_PER_HOUR = 60


@plain_texts()
def outcome_figure(
    outcomes: Sequence[SimulationOutcome], target: float, *, subtitle: str, begins: float | None = None
) -> Figure:
    """Three panels over time. ``target`` is a backlog per worker.

    ``begins`` is the beginning of the simulation in seconds since the epoch; None: it has no date.
    """
    figure, panels = new_panels(
        "Ways to scale the fleet, with the same uploads", shortened(subtitle, TEXT_CHARACTERS), (PANEL_INCHES,) * 3
    )
    work, workers, backlog = panels
    label_values(work, "videos waiting or in work", "value of each minute", "Count")
    label_values(workers, "workers in service", "value of each minute", "Count")
    label_values(backlog, "BacklogPerWorker", "value of each minute", "Count")
    lines = []
    for outcome, style in zip(outcomes, line_styles(len(outcomes)), strict=True):
        column = outcome.metrics.column
        depths = [sum(pair) for pair in zip(column("QueueDepth"), column("MessagesInFlight"), strict=True)]
        times = _times(len(depths), begins)
        for axes, values in ((work, depths), (workers, column("Workers")), (backlog, column("BacklogPerWorker"))):
            line = draw_line(axes, times, values, style, outcome.contender)
        lines.append(line)
    draw_threshold(backlog, target, "target")
    for axes in panels:
        finish_values(axes)
    add_line_legend(figure, lines)
    minutes = max(len(outcome.metrics.column("Workers")) for outcome in outcomes)
    if begins is None:
        backlog.set_xlim(0, minutes / MINUTES_PER_HOUR)
        backlog.set_xlabel("simulated hours (no date: the uploads are made up)")
    else:
        show_dates(backlog, begins, begins + minutes * MINUTE)
    return figure


def _times(minutes: int, begins: float | None) -> list[float]:
    """The places of minutes on the horizontal axis. The value of a minute is published at its end."""
    if begins is None:
        return [minute / MINUTES_PER_HOUR for minute in range(1, minutes + 1)]
    return [axis_time(begins + minute * MINUTE) for minute in range(1, minutes + 1)]
