"""The datapoints that an alarm evaluates: one value for each period, where the periods may slide.

Source: "Alarm evaluation" in the CloudWatch user guide. An alarm with a period of a minute or more is evaluated every
minute, on the periods that end at that minute: with a period of 5 minutes on minutes 1 to 5, then on minutes 2 to 6.
A MetricSource only has periods that begin at multiples of their length. So a sliding period is composed of periods as
long as the evaluation interval. This works for sums, counts, extremes and averages. Percentiles and other extended
statistics over more than one interval use periods that are aligned to the clock instead.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.watched import Values, WatchedMath, WatchedMetric
from cloudwatch.metric import MetricSource


@dataclass(frozen=True, slots=True)
class Datapoints:
    """``values[i]`` belongs to the period that ends at ``first_end + i * step`` (seconds since the epoch).

    Two successive periods of one evaluation are ``stride`` values apart, because sliding periods overlap. ``samples``
    are the sample counts of the same periods, if the alarm needs them.
    """

    first_end: int
    step: int
    stride: int
    values: Values
    samples: Values | None = None

    def newest(self, time: int) -> int:
        """The index of the newest period that has ended by ``time``."""
        return (time - self.first_end) // self.step

    def window(self, newest: int, periods: int) -> slice:
        """The slice of ``values`` with the ``periods`` up to ``newest``, the oldest first."""
        return slice(newest - (periods - 1) * self.stride, newest + 1, self.stride)

    def end_of(self, index: int) -> int:
        return self.first_end + index * self.step


def fetch(alarm: MetricAlarm, source: MetricSource, first: int, last: int, periods: int) -> Datapoints:
    """The datapoints of all evaluations from ``first`` to ``last``; each evaluation looks ``periods`` back."""
    step = alarm.interval if _slides(alarm) else alarm.period
    oldest_end = first // step * step - (periods - 1) * alarm.period
    read = _PointReader(source, step, oldest_end - alarm.period, last // step * step)
    if isinstance(alarm.watched, WatchedMath):
        return Datapoints(oldest_end, step, alarm.period // step, read.math(alarm.watched))
    samples = read.metric(alarm.watched, "SampleCount") if alarm.low_samples_ignored else None
    values = read.metric(alarm.watched, alarm.watched.statistic)
    return Datapoints(oldest_end, step, alarm.period // step, values, samples)


def _slides(alarm: MetricAlarm) -> bool:
    watched = alarm.watched
    metrics = watched.metrics.values() if isinstance(watched, WatchedMath) else (watched,)
    return not alarm.wall_clock and all(metric.statistic in _COMPOSED for metric in metrics)


@dataclass(frozen=True, slots=True)
class _PointReader:
    """Reads the periods that lie in [start, end). ``step`` is the period, or a part of it if the period slides."""

    source: MetricSource
    step: int
    start: int
    end: int

    def metric(self, watched: WatchedMetric, statistic: str) -> Values:
        length = watched.period // self.step

        def read(name: str) -> Values:
            return self.source.series(watched.metric, name, self.step, self.start, self.end, watched.unit).values

        return read(statistic) if length == 1 else _COMPOSED[statistic](read, length)

    def math(self, watched: WatchedMath) -> Values:
        """The values of metric math. It has no sliding periods: periods that do not overlap are computed together.

        The results are then interleaved. Metric math gets the aligned period just before each sliding one, so a
        function of the time (HOUR, for example) returns the time of the aligned period.
        """
        metrics = {name: self.metric(metric, metric.statistic) for name, metric in watched.metrics.items()}
        length = watched.period // self.step
        result: list[float | None] = [None] * ((self.end - self.start) // self.step - length + 1)
        aligned_start = self.start // watched.period * watched.period
        for phase in range(length):
            values = {name: points[phase::length] for name, points in metrics.items()}
            result[phase::length] = watched.evaluate(values, aligned_start, len(result[phase::length]))
        return result


_Read = Callable[[str], Values]


def _slide(values: Values, length: int, join: Callable[[Sequence[float]], float], nothing: float) -> Values:
    """Joins each ``length`` neighbours. The result is a gap only if all of them are gaps.

    ``nothing`` is the neutral value of ``join``: it stands for the gaps.
    """
    present = [nothing if value is None else value for value in values]
    counts = [value is not None for value in values]
    return [
        join(present[index : index + length]) if any(counts[index : index + length]) else None
        for index in range(len(values) - length + 1)
    ]


def _sum(name: str) -> Callable[[_Read, int], Values]:
    return lambda read, length: _slide(read(name), length, math.fsum, 0.0)


def _average(read: _Read, length: int) -> Values:
    sums, counts = _sum("Sum")(read, length), _sum("SampleCount")(read, length)
    return [total / count if total is not None and count else None for total, count in zip(sums, counts, strict=True)]


_COMPOSED: dict[str, Callable[[_Read, int], Values]] = {
    "SampleCount": _sum("SampleCount"),
    "Sum": _sum("Sum"),
    "Average": _average,
    "Minimum": lambda read, length: _slide(read("Minimum"), length, min, math.inf),
    "Maximum": lambda read, length: _slide(read("Maximum"), length, max, -math.inf),
}
