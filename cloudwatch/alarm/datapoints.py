"""The datapoints that an alarm evaluates: one value for each period of its evaluations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloudwatch.alarm.evaluation_schedule import Periods
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.watched import Values, WatchedMath, WatchedMetric
from cloudwatch.alarm.watched_query import Group, WatchedQuery
from cloudwatch.metric import MetricSource
from cloudwatch.spans import Span


@dataclass(frozen=True, slots=True)
class FixedDatapoints:
    """Each period has one value, which all evaluations share.

    ``samples`` are the sample counts of the same periods, if the alarm needs them.
    """

    periods: Periods
    values: Values
    samples: Values | None = None

    def window(self, newest: int, count: int) -> Values:
        """The values of the ``count`` periods up to the index ``newest``, the oldest first."""
        return self.values[self.periods.window(newest, count)]


@dataclass(frozen=True, slots=True)
class RangedDatapoints:
    """Each evaluation computes the values of its own range anew.

    An expression like ``m1 > 2 * AVG(m1)`` computes a point from others. In an alarm these are the points of the
    evaluation range, never those of a whole graph, and never later ones. AWS does not document how long the range is.
    """

    periods: Periods
    math: WatchedMath
    inputs: Mapping[str, Values]

    def window(self, newest: int, count: int) -> Values:
        """The values of the ``count`` periods up to the index ``newest``, computed from these periods alone."""
        part = self.periods.window(newest, count)
        values = {name: points[part] for name, points in self.inputs.items()}
        return self.math.evaluate(values, _starts(self.periods.spans[part]))


@dataclass(frozen=True, slots=True)
class GroupedDatapoints:
    """Several time series, one for each group of a Metrics Insights query."""

    periods: Periods
    groups: Mapping[Group, Values]

    def windows(self, newest: int, count: int) -> dict[Group, Values]:
        """The values of the ``count`` periods up to the index ``newest``, the oldest first, by group."""
        part = self.periods.window(newest, count)
        return {group: values[part] for group, values in self.groups.items()}


# No value depends on data from after the evaluation that uses it.
Datapoints = FixedDatapoints | RangedDatapoints | GroupedDatapoints


def fetch(alarm: MetricAlarm, source: MetricSource, times: range, delay: int, count: int) -> Datapoints:
    """The datapoints of the evaluations at ``times`` (at least one); each reads ``count`` periods.

    A period is evaluated from ``delay`` seconds after its end on.
    """
    periods = alarm.schedule.periods(times, delay, count)
    watched, spans = alarm.watched, periods.spans
    if isinstance(watched, WatchedMetric):
        samples = _read(source, watched, "SampleCount", spans) if alarm.low_samples_ignored else None
        return FixedDatapoints(periods, _read(source, watched, watched.statistic, spans), samples)
    if isinstance(watched, WatchedQuery):
        groups = watched.read(source, spans)
        return GroupedDatapoints(periods, groups) if watched.query.group_by else FixedDatapoints(periods, groups[()])
    inputs = {name: _read(source, metric, metric.statistic, spans) for name, metric in watched.metrics.items()}
    if watched.depends_on_other_points:
        return RangedDatapoints(periods, watched, inputs)
    return FixedDatapoints(periods, watched.evaluate(inputs, _starts(spans)))


def newest_values(seen: Datapoints, count: int) -> Iterator[list[float | None]]:
    """The newest value of each evaluation, for each time series. ``count`` is the evaluation range in periods."""
    if isinstance(seen, GroupedDatapoints):
        yield from ([values[index] for index in seen.periods.newest] for values in seen.groups.values())
    else:
        size = 1 if isinstance(seen, FixedDatapoints) else count
        yield [seen.window(index, size)[-1] for index in seen.periods.newest]


def _read(source: MetricSource, watched: WatchedMetric, statistic: str, spans: Sequence[Span]) -> Values:
    return source.values(watched.metric, statistic, spans, watched.unit)


def _starts(spans: Sequence[Span]) -> list[int]:
    return [start for start, _ in spans]
