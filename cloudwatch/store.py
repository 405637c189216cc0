"""A store for the metrics of a log, which answers queries for any statistic of any period."""

from collections.abc import Collection, Iterable
from typing import Self

from cloudwatch.emf.metadata import Datapoint
from cloudwatch.emf.reader import read_lines
from cloudwatch.metric import MetricId
from cloudwatch.series import Series
from cloudwatch.statistics import parse_statistic
from cloudwatch.store_columns import StatisticSets, Values

# Not documented. LocalStack found this order of preference on AWS (December 2023, pull request 9877 of LocalStack).
_UNITS_PREFERRED = (
    *("Megabits", "Terabits", "Gigabits", "Count", "Bytes", "Gigabytes", "Gigabytes/Second", "Kilobytes"),
    *("Kilobits/Second", "Terabytes", "Terabits/Second", "Bytes/Second", "Percent", "Megabytes", "Megabits/Second"),
    *("Milliseconds", "Microseconds", "Kilobytes/Second", "Gigabits/Second", "Megabytes/Second", "Bits"),
    *("Bits/Second", "Count/Second", "Seconds", "Kilobits", "Terabytes/Second", "None"),
)


class MetricStore:
    """A MetricSource of datapoints. It must not be used by several threads at once.

    A value goes to the storage period of its timestamp: the second if the storage resolution is 1, else the minute.
    CloudWatch keeps seconds for 3 hours and minutes for 15 days; this store drops nothing.

    Every value takes 8 bytes. If ``distributions`` is given, only these metrics keep their values. The others take
    40 bytes for each minute, for any number of values, and have no percentiles or trimmed statistics.
    """

    def __init__(self, distributions: Collection[MetricId] | None = None) -> None:
        self._distributions = distributions
        self._streams: dict[tuple[MetricId, str], Values | StatisticSets] = {}
        self._units: dict[MetricId, set[str]] = {}

    @classmethod
    def from_lines(cls, lines: Iterable[str], distributions: Collection[MetricId] | None = None) -> Self:
        """A store of the datapoints of EMF documents (``read_lines``). Raises EmfViolation."""
        store = cls(distributions)
        for point in read_lines(lines):
            store.add(point)
        return store

    def add(self, point: Datapoint) -> None:
        metric, unit, timestamp_ms, values, resolution = point
        stream = self._streams.get((metric, unit))
        if stream is None:
            stream = Values() if self._keeps_values(metric) else StatisticSets()
            self._streams[metric, unit] = stream
            self._units.setdefault(metric, set()).add(unit)
        second = timestamp_ms // 1000
        stream.add(second - second % resolution, values)

    def series(
        self, metric: MetricId, statistic: str, period: int, start: int, end: int, unit: str | None = None
    ) -> Series:
        """One value or gap for each period in [start, end), both multiples of ``period``.

        Values of different units are never mixed ("aggregated separately", says PutMetricAlarm). If ``unit`` is None
        and several units were published, one is chosen in the order that AWS was seen to use; its guide leaves this
        undefined. If periods are shorter than a minute, a metric of regular resolution has its data in the first
        period of each minute.
        Raises ValueError for an unknown statistic, for a range that is not made of periods, and for a statistic that
        needs values that this store does not keep.
        """
        wanted = parse_statistic(statistic)
        if period < 1 or start % period or end % period:
            raise ValueError(f"{start} to {end} is not a whole number of periods of {period} s")
        if wanted.needs_values and not self._keeps_values(metric):
            raise ValueError(f"{statistic} of {metric} needs its distribution, which this store does not keep")
        if unit is None:
            unit = min(self._units.get(metric, ()), key=_UNITS_PREFERRED.index, default="None")
        stream = self._streams.get((metric, unit)) or Values()
        times = range(start, end, period)
        return Series(start, period, tuple(stream.between(wanted, time, time + period) for time in times))

    def metrics(self) -> Iterable[MetricId]:
        """Every metric that has at least one value."""
        return self._units.keys()

    def units(self, metric: MetricId) -> frozenset[str]:
        """The units in which the metric was published. More than one is a mistake of the publisher."""
        return frozenset(self._units.get(metric, ()))

    def _keeps_values(self, metric: MetricId) -> bool:
        return self._distributions is None or metric in self._distributions
