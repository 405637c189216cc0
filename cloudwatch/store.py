"""The metrics of a log, kept so that any statistic of any period can be asked for."""

from collections.abc import Collection, Iterable
from typing import Self

from cloudwatch.emf.metadata import Datapoint
from cloudwatch.emf.reader import read_lines
from cloudwatch.metric import MetricId
from cloudwatch.series import Series
from cloudwatch.statistics import parse_statistic
from cloudwatch.store_columns import StatisticSets, Values

# Not documented. In this order AWS preferred units when LocalStack asked it (December 2023, their pull request 9877).
_UNITS_PREFERRED = (
    *("Megabits", "Terabits", "Gigabits", "Count", "Bytes", "Gigabytes", "Gigabytes/Second", "Kilobytes"),
    *("Kilobits/Second", "Terabytes", "Terabits/Second", "Bytes/Second", "Percent", "Megabytes", "Megabits/Second"),
    *("Milliseconds", "Microseconds", "Kilobytes/Second", "Gigabits/Second", "Megabytes/Second", "Bits"),
    *("Bits/Second", "Count/Second", "Seconds", "Kilobits", "Terabytes/Second", "None"),
)


class MetricStore:
    """A MetricSource of datapoints. Not for several threads at once.

    Values go to the storage period that they were published for: the second of their timestamp if the storage
    resolution is 1, else the minute. That CloudWatch keeps seconds for 3 hours and minutes for 15 days is not
    followed: nothing is dropped.

    Every value takes 8 bytes. ``distributions``, if given, are the only metrics that are kept so; the others take
    40 bytes for each minute, however much is published, and have no percentiles and the like.
    """

    def __init__(self, distributions: Collection[MetricId] | None = None) -> None:
        self._distributions = distributions
        self._streams: dict[tuple[MetricId, str], Values | StatisticSets] = {}
        self._units: dict[MetricId, set[str]] = {}

    @classmethod
    def from_lines(cls, lines: Iterable[str], distributions: Collection[MetricId] | None = None) -> Self:
        """Of EMF documents, as read_lines reads them. Raises EmfViolation."""
        store = cls(distributions)
        for point in read_lines(lines):
            store.add(point)
        return store

    def add(self, point: Datapoint) -> None:
        metric, unit, timestamp_ms, values, resolution = point
        stream = self._streams.get((metric, unit))
        if stream is None:
            stream = self._open(metric, unit)
        second = timestamp_ms // 1000
        stream.add(second - second % resolution, values)

    def series(
        self, metric: MetricId, statistic: str, period: int, start: int, end: int, unit: str | None = None
    ) -> Series:
        """One value or gap for each period in [start, end), both multiples of ``period``. Raises ValueError.

        A unit's values are never mixed with another's ("aggregated separately", says PutMetricAlarm). Without a
        unit and with several published, one is chosen as AWS seems to choose; its guide leaves that undefined.
        Periods below a minute have data of a metric of regular resolution only where a minute begins.
        """
        wanted = parse_statistic(statistic)
        if period < 1 or start % period or end % period:
            raise ValueError(f"{start} to {end} is not a whole number of periods of {period} s")
        if wanted.needs_values and not self._keeps_values(metric):
            raise ValueError(f"{statistic} of {metric} needs its distribution, which this store does not keep")
        stream = self._stream(metric, unit)
        times = range(start, end, period)
        return Series(start, period, tuple(stream.between(wanted, time, time + period) for time in times))

    def metrics(self) -> Iterable[MetricId]:
        """Every metric that has at least one value."""
        return self._units.keys()

    def units(self, metric: MetricId) -> frozenset[str]:
        """The units that the metric was published in; more than one is a mistake of its publisher."""
        return frozenset(self._units.get(metric, ()))

    def _stream(self, metric: MetricId, unit: str | None) -> Values | StatisticSets:
        units = self._units.get(metric, set())
        if unit is None:
            unit = min(units, key=_UNITS_PREFERRED.index, default="None")
        return self._streams.get((metric, unit)) or Values()

    def _open(self, metric: MetricId, unit: str) -> Values | StatisticSets:
        stream = Values() if self._keeps_values(metric) else StatisticSets()
        self._streams[metric, unit] = stream
        self._units.setdefault(metric, set()).add(unit)
        return stream

    def _keeps_values(self, metric: MetricId) -> bool:
        return self._distributions is None or metric in self._distributions
