"""Pictures of alarms: the metric with the alarm's statistic and period, the threshold, and the states over time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alarms.alarm_reading import alarm_of
from alarms.recording import Recording
from alarms.replay import History
from cloudwatch.alarm.datapoints import fetch, newest_values
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.missing_data import default_range
from cloudwatch.alarm.state import AlarmState

COLOURS = {
    AlarmState.OK: "#2ca02c",
    AlarmState.ALARM: "#d62728",
    AlarmState.INSUFFICIENT_DATA: "#9e9e9e",
    None: "white",
}
WIDTH_INCHES, HEIGHT_INCHES = 11.0, 4.0


def draw_history(history: History, recording: Recording, path: Path) -> None:
    """Write a PNG to ``path``. Gaps in the line are missing data. The history must not be skipped."""
    alarm = alarm_of(history.definition)
    assert isinstance(alarm, MetricAlarm)  # noqa: S101 - the caller draws only what was replayed
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[12, 1])
    _draw_metric(above, alarm, recording)
    _draw_states(below, history, recording)
    above.set_title(history.definition.name, loc="left")
    figure.savefig(path, dpi=110)


def _draw_metric(axes: Axes, alarm: MetricAlarm, recording: Recording) -> None:
    evaluations = alarm.schedule.times(recording.start, recording.end)
    seen = fetch(alarm, recording.store, evaluations, 0, default_range(alarm.evaluation_periods))
    times = [_date(time) for time in evaluations]
    points = f"{alarm.datapoints_to_alarm} of {alarm.evaluation_periods} x {alarm.period} s"
    condition = f"{alarm.comparison} {alarm.threshold:g}, {points}, missing: {alarm.treat_missing_data}"
    for newest in newest_values(seen, default_range(alarm.evaluation_periods)):
        values: Sequence[float] = [float("nan") if value is None else value for value in newest]
        axes.plot(times, values, drawstyle="steps-post", color="#1f77b4", marker=".", markersize=3, linewidth=1)  # type: ignore[arg-type]
    axes.axhline(alarm.threshold, color="#d62728", linestyle="--", linewidth=1, label=condition)
    axes.legend(loc="upper left", frameon=False)
    axes.grid(alpha=0.3)


def _draw_states(axes: Axes, history: History, recording: Recording) -> None:
    changes: list[tuple[int, AlarmState | None]] = [
        (recording.start, AlarmState.INSUFFICIENT_DATA),
        *((t.at, t.new) for t in history.transitions),
    ]
    ends = [at for at, _ in changes[1:]] + [recording.end]
    for (begins, state), ends_at in zip(changes, ends, strict=True):
        axes.axvspan(_date(begins), _date(ends_at), color=COLOURS[state], linewidth=0)  # type: ignore[arg-type]
    axes.set_yticks([])
    axes.set_xlim(_date(recording.start), _date(recording.end))  # type: ignore[arg-type]
    axes.set_xlabel("UTC; green OK, red ALARM, grey INSUFFICIENT_DATA")


def _date(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
