"""The timeline of a drill as a picture, over simulated minutes."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alarms.pictures.line_styles import LINE_ALONE, line_styles
from alarms.pictures.panels import (
    add_line_legend,
    draw_gaps,
    draw_line,
    draw_threshold,
    finish_values,
    label_values,
    new_panels,
    plain_texts,
)
from alarms.pictures.state_rows import IN_ALARM, NOT_IN_ALARM, StateRow, Stretch, add_fill_legend, draw_state_rows
from alarms.replay import find_episodes
from local.drill.clock import BASE, MINUTE
from local.drill.timeline import TimelineRow

TITLE = "Drill: a burst, the loss of a zone, scaling in"
STORY_INCHES, VALUES_INCHES, ROW_INCHES = 0.7, 1.9, 0.3
STORY_LINES = 3  # events that follow each other closely are written on different lines


@plain_texts()
def timeline_figure(rows: Sequence[TimelineRow], target: float) -> Figure:
    """Panels over the minutes of ``rows`` (at least one). ``target`` is a backlog per worker.

    Each event of the story stands above its minute.
    """
    alarms = _alarm_rows(rows)
    heights = (STORY_INCHES, *(VALUES_INCHES,) * 4, ROW_INCHES * max(1, len(alarms)))
    figure, (story, queue, backlog, workers, processed, states) = new_panels(TITLE, "", heights)
    named = _draw_work(queue, workers, rows)
    _draw_alone(backlog, rows, [row.backlog for row in rows])
    _draw_alone(processed, rows, [row.processed for row in rows])
    label_values(queue, "messages", "Average of 1 min", "Count")
    label_values(backlog, "BacklogPerWorker", "Average of 1 min", "Count")
    label_values(workers, "workers", "at the end of the minute")
    label_values(processed, "videos processed", "since the start")
    draw_threshold(backlog, target, "target")
    for axes in (queue, backlog, workers, processed):
        finish_values(axes)
    draw_state_rows(states, alarms)
    _draw_story(story, [queue, backlog, workers, processed, states], rows)
    add_line_legend(figure, named, has_gaps=any(None in (row.waiting, row.backlog) for row in rows))
    add_fill_legend(figure, [IN_ALARM, NOT_IN_ALARM])
    states.set_xlim(0, rows[-1].minute + 1)
    states.set_xlabel("simulated minutes since the start (no date: time is compressed)")
    return figure


def _draw_work(queue: Axes, workers: Axes, rows: Sequence[TimelineRow]) -> list[Line2D]:
    """Draw the panels that have two lines, which a legend must tell apart."""
    waiting, in_flight, in_service, desired = line_styles(4)
    minutes = _minutes(rows)
    _shade_gaps(queue, rows, [row.waiting for row in rows])
    return [
        draw_line(queue, minutes, [row.waiting for row in rows], waiting, "queue: waiting"),
        draw_line(queue, minutes, [row.in_flight for row in rows], in_flight, "queue: in flight"),
        draw_line(workers, minutes, [row.workers for row in rows], in_service, "workers: in service"),
        draw_line(workers, minutes, [row.desired for row in rows], desired, "workers: desired"),
    ]


def _draw_alone(axes: Axes, rows: Sequence[TimelineRow], values: Sequence[float | None]) -> None:
    """Draw the line of a panel that has no other; its axis says what it is."""
    draw_line(axes, _minutes(rows), values, LINE_ALONE, "")
    _shade_gaps(axes, rows, values)


def _shade_gaps(axes: Axes, rows: Sequence[TimelineRow], values: Sequence[float | None]) -> None:
    draw_gaps(axes, _minutes(rows), rows[-1].minute + 1, [value is None for value in values])


def _minutes(rows: Sequence[TimelineRow]) -> list[float]:
    return [row.minute for row in rows]


def _alarm_rows(rows: Sequence[TimelineRow]) -> list[StateRow]:
    """A row for each alarm that was in ALARM."""
    changes = [change for row in rows for change in row.changes]
    first, last = rows[0].minute, rows[-1].minute
    found = []
    for name in dict.fromkeys(change.name for change in changes):
        episodes = find_episodes([change for change in changes if change.name == name], BASE + last * MINUTE)
        spans = [((e.begins - BASE) / MINUTE, (e.ends - BASE) / MINUTE) for e in episodes]
        in_alarm = [Stretch(begins, ends, IN_ALARM) for begins, ends in spans]
        found.append(StateRow(name, [Stretch(first, last, NOT_IN_ALARM), *in_alarm]))
    return found


def _draw_story(story: Axes, others: Sequence[Axes], rows: Sequence[TimelineRow]) -> None:
    """Write the events into a panel of their own, with a dotted line down through the other panels."""
    story.axis("off")
    for number, row in enumerate(row for row in rows if row.story_event):
        height = 1 - (number % STORY_LINES + 0.5) / STORY_LINES
        transform = story.get_xaxis_transform()
        story.text(row.minute, height, f" {row.story_event}", fontsize=9, va="center", transform=transform)
        for axes in (story, *others):
            axes.axvline(row.minute, color="grey", linewidth=0.8, linestyle=":")
