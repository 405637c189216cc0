"""Pictures of replayed alarms: the values with the threshold, and below them the states over time."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alarms.alarm_reading import alarm_of, composite_of
from alarms.backtest.value_names import SIGNS, condition_text, name_inputs, name_values
from alarms.definition_files import DefinitionKind
from alarms.pictures.line_styles import OTHER_LINE, line_styles
from alarms.pictures.panels import (
    TEXT_CHARACTERS,
    add_line_legend,
    axis_time,
    draw_gaps,
    draw_line,
    draw_threshold,
    finish_values,
    label_values,
    new_panels,
    plain_texts,
    say_in_the_middle,
    shortened,
    show_dates,
)
from alarms.pictures.state_rows import FILLS, MUTED, NOT_REPLAYED, StateRow, Stretch, add_fill_legend, draw_state_rows
from alarms.recording import Recording
from alarms.replay import History
from cloudwatch.alarm.datapoints import GroupedDatapoints, fetch, newest_values
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.missing_data import default_range
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm

VALUES_INCHES, ROW_INCHES = 3.2, 0.3
LINES_MAX = 10  # a query with GROUP BY may have hundreds of time series


@plain_texts()
def history_figure(history: History, recording: Recording) -> Figure:
    """The picture of a metric alarm or composite that was replayed.

    A composite has a row for each alarm that it watches.
    """
    if history.definition.kind is DefinitionKind.METRIC_ALARM:
        alarm = alarm_of(history.definition)
        assert isinstance(alarm, MetricAlarm)  # noqa: S101 - only such an alarm is replayed
        rows = [StateRow("state", _stretches(history.transitions, recording)), *_mute_rows(history)]
        subtitle = (
            f"{condition_text(alarm)}\n{shortened(name_inputs(history.definition, alarm), TEXT_CHARACTERS)}".rstrip()
        )
        figure, (values, states) = new_panels(history.definition.name, subtitle, (VALUES_INCHES, _height(rows)))
        _draw_values(figure, values, history, alarm, recording)
    else:
        composite = composite_of(history.definition)
        assert isinstance(composite, CompositeAlarm)  # noqa: S101 - only such a composite is replayed
        rows = [StateRow("composite", _stretches(history.transitions, recording)), *_mute_rows(history)]
        rows += _watched_rows(composite, history, recording)
        rule = shortened(f"ALARM while {history.definition.parameters['AlarmRule']}", TEXT_CHARACTERS)
        figure, (states,) = new_panels(composite.name, rule, (_height(rows),))
    draw_state_rows(states, rows)
    used = {stretch.fill for row in rows for stretch in row.stretches}
    add_fill_legend(figure, [fill for fill in (*FILLS.values(), NOT_REPLAYED, MUTED) if fill in used])
    show_dates(states, recording.start, recording.end)
    return figure


def _height(rows: Sequence[StateRow]) -> float:
    return ROW_INCHES * len(rows)


def _draw_values(figure: Figure, axes: Axes, history: History, alarm: MetricAlarm, recording: Recording) -> None:
    """Draw the value of each evaluation at its time, which is the end of the value's period."""
    evaluations = alarm.schedule.times(recording.start, recording.end)
    label_values(axes, *name_values(history.definition, alarm, recording))
    draw_threshold(axes, alarm.threshold, f"ALARM {SIGNS[alarm.comparison]}")
    times = [axis_time(time) for time in evaluations]
    lines = _values(alarm, recording, evaluations)
    named = _draw_lines(axes, times, lines, alarm)
    is_missing = [all(line[index] is None for line in lines.values()) for index in range(len(times))]
    has_gaps = draw_gaps(axes, times, axis_time(recording.end), is_missing)
    if all(is_missing):
        say_in_the_middle(axes, "no datapoint in these logs")
    finish_values(axes)
    add_line_legend(figure, named, has_gaps)


def _values(alarm: MetricAlarm, recording: Recording, evaluations: range) -> dict[str, list[float | None]]:
    """The newest value of each evaluation, by the name of the line."""
    if not evaluations:
        return {}
    count = default_range(alarm.evaluation_periods)
    seen = fetch(alarm, recording.store, evaluations, 0, count)
    names = [" ".join(group) for group in seen.groups] if isinstance(seen, GroupedDatapoints) else ["value"]
    return dict(zip(names, newest_values(seen, count), strict=True))


def _draw_lines(
    axes: Axes, times: Sequence[float], lines: Mapping[str, Sequence[float | None]], alarm: MetricAlarm
) -> list[Line2D]:
    """Draw the lines that come closest to the threshold, or exceed it most, the others thin and grey.

    Returns the lines that the legend explains.
    """

    sign = 1 if alarm.comparison.upward else -1

    def height(name: str) -> float:
        values = (value for value in lines[name] if value is not None)
        return max((sign * value for value in values), default=float("-inf"))

    by_height = sorted(lines, key=height, reverse=True)
    named, others = by_height[:LINES_MAX], by_height[LINES_MAX:]
    drawn = [
        draw_line(axes, times, lines[name], style, name)
        for name, style in zip(named, line_styles(len(named)), strict=True)
    ]
    grey = [draw_line(axes, times, lines[name], OTHER_LINE, f"{len(others)} others") for name in others]
    return drawn + grey[:1]


def _stretches(transitions: Sequence[Transition], recording: Recording) -> list[Stretch]:
    changes: list[tuple[int, AlarmState | None]] = [
        (recording.start, AlarmState.INSUFFICIENT_DATA),
        *((t.at, t.new) for t in transitions),
    ]
    ends = [at for at, _ in changes[1:]] + [recording.end]
    return [
        Stretch(axis_time(begins), axis_time(ends_at), FILLS[state])
        for (begins, state), ends_at in zip(changes, ends, strict=True)
    ]


def _mute_rows(history: History) -> Iterator[StateRow]:
    for rule, windows in history.mute_windows.items():
        yield StateRow(f"rule {rule}", [Stretch(axis_time(b), axis_time(e), MUTED) for b, e in windows])


def _watched_rows(composite: CompositeAlarm, history: History, recording: Recording) -> Iterator[StateRow]:
    whole = Stretch(axis_time(recording.start), axis_time(recording.end), NOT_REPLAYED)
    for name, transitions in history.watched.items():
        role = " (suppressor)" if composite.suppressor and name == composite.suppressor.alarm else ""
        stretches = [whole] if transitions is None else _stretches(transitions, recording)
        yield StateRow(f"{name}{role}", stretches)
