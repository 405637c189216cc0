"""A store for the metrics of a log, which answers queries for any statistic of any period."""

from collections.abc import Collection, Iterable, Sequence
from typing import Self

from cloudwatch.emf.metadata import Datapoint
from cloudwatch.emf.reader import read_lines
from cloudwatch.metric import MetricId
from cloudwatch.series import Series
from cloudwatch.spans import SlidingSpans, Span
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
        """One value or gap for each period in [start, end), both multiples of ``period``: see ``values``.

        Raises ValueError like ``values``, and for a range that is not made of periods.
        """
        if period < 1 or start % period or end % period:
            raise ValueError(f"{start} to {end} is not a whole number of periods of {period} s")
        spans = SlidingSpans(start, period, period, (end - start) // period)
        return Series(start, period, tuple(self.values(metric, statistic, spans, unit)))

    def values(
        self, metric: MetricId, statistic: str, spans: Sequence[Span], unit: str | None = None
    ) -> list[float | None]:
        """One value or gap for each span [start, end); their starts and ends rise, and they may overlap.

        Values of different units are never mixed ("aggregated separately", says PutMetricAlarm). If ``unit`` is None,
        each span has the unit that comes first in the order that AWS was seen to use, of those with data in the span;
        AWS's guide leaves this undefined. If spans are shorter than a minute, a metric of regular resolution has its
        data in the first span of each minute.
        Raises ValueError for an unknown statistic, and for one that needs values that this store does not keep.
        """
        wanted = parse_statistic(statistic)
        if wanted.needs_values and not self._keeps_values(metric):
            raise ValueError(f"{statistic} of {metric} needs its distribution, which this store does not keep")
        published = sorted(self._units.get(metric, ()), key=_UNITS_PREFERRED.index)
        units = published if unit is None else [name for name in published if name == unit]
        found: list[float | None] = [None] * len(spans)
        for index, name in enumerate(units):
            values = self._streams[metric, name].over(wanted, spans)
            if not index:
                found = values
            else:
                found = [other if value is None else value for value, other in zip(found, values, strict=True)]
        return found

    def metrics(self) -> Iterable[MetricId]:
        """Every metric that has at least one value."""
        return self._units.keys()

    def units(self, metric: MetricId) -> frozenset[str]:
        """The units in which the metric was published. More than one is a mistake of the publisher."""
        return frozenset(self._units.get(metric, ()))

    def _keeps_values(self, metric: MetricId) -> bool:
        return self._distributions is None or metric in self._distributions
