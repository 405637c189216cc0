"""A store for the metrics of a log. It computes any statistic of any period."""

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple, Self

from cloudwatch.emf.metadata import Datapoint, Record, Streams, datapoints
from cloudwatch.emf.reader import read_lines
from cloudwatch.metric import MetricId
from cloudwatch.series import Series
from cloudwatch.spans import SlidingSpans, Span
from cloudwatch.statistics import Statistic, StatisticSet, parse_statistic
from cloudwatch.store_columns import StatisticSets
from cloudwatch.value_file import ValueFile, Values

# Not documented. LocalStack observed this order on AWS (December 2023, pull request 9877 of LocalStack).
_UNITS_PREFERRED = (
    *("Megabits", "Terabits", "Gigabits", "Count", "Bytes", "Gigabytes", "Gigabytes/Second", "Kilobytes"),
    *("Kilobits/Second", "Terabytes", "Terabits/Second", "Bytes/Second", "Percent", "Megabytes", "Megabits/Second"),
    *("Milliseconds", "Microseconds", "Kilobytes/Second", "Gigabits/Second", "Megabytes/Second", "Bits"),
    *("Bits/Second", "Count/Second", "Seconds", "Kilobits", "Terabytes/Second", "None"),
)


ROWS_MAX = 256  # records in one batch
ROWS_WAITING_MAX = 8_192  # records in all batches


_PERIOD_OF: Callable[[tuple[Streams, int]], int] = itemgetter(1)


class MetricStore:
    """A MetricSource of datapoints. It must not be used by several threads at once.

    A value goes to the storage period of its timestamp: the second if the storage resolution is 1, else the minute.
    CloudWatch keeps seconds for 3 hours and minutes for 15 days; this store drops nothing.

    A metric takes 40 bytes for each storage period, for any number of values. Those of ``distributions`` (None means
    all) also have percentiles and trimmed statistics: their values are kept in a temporary file (``ValueFile``).
    """

    def __init__(self, distributions: Collection[MetricId] | None = None) -> None:
        self._distributions = distributions
        self._columns: dict[tuple[MetricId, str], _Columns] = {}
        self._units: dict[MetricId, set[str]] = {}
        self._batches: dict[tuple[Streams, int], list[tuple[float, ...]]] = {}
        self._rows_waiting = 0
        self._file = ValueFile()

    @classmethod
    def from_lines(cls, lines: Iterable[str], distributions: Collection[MetricId] | None = None) -> Self:
        """A store of the datapoints of EMF documents (``read_lines``). Raises EmfViolation."""
        store = cls(distributions)
        for point in read_lines(lines):
            store.add(point)
        return store

    def add(self, point: Datapoint) -> None:
        """Add the values of one metric. Raises OSError if no temporary file can be written."""
        second = point.timestamp_ms // 1000
        start = second - second % point.storage_resolution
        written = point.statistic_set
        if written is None:
            self._columns_of(point.metric, point.unit).add(start, point.values)
        elif written.samples:
            self._columns_of(point.metric, point.unit).add_set(start, written, point.values)

    def add_record(self, record: Record) -> None:
        """Add all values of one document. Raises OSError if no temporary file can be written.

        Documents with the same metrics in the same storage period are put together, and added as a batch.
        """
        streams, timestamp_ms, values = record
        if type(values) is not tuple:
            for point in datapoints(record):
                self.add(point)
            return
        key = streams, timestamp_ms // streams.period_ms
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = []
        batch.append(values)
        self._rows_waiting += 1
        if len(batch) >= ROWS_MAX:
            self._add_batch(key)
        elif self._rows_waiting >= ROWS_WAITING_MAX:
            self._add_batches()

    def _add_batches(self) -> None:
        """Add all batches in the order of time, so that the columns need no sorting afterwards."""
        for key in sorted(self._batches, key=_PERIOD_OF):
            self._add_batch(key)

    def _add_batch(self, key: tuple[Streams, int]) -> None:
        self._rows_waiting -= len(self._batches[key])
        streams, period = key
        second = period * streams.period_ms // 1000
        by_position = [(values, StatisticSet.of(values)) for values in zip(*self._batches.pop(key), strict=True)]
        for position, metric, unit, resolution in streams.all:
            values, found = by_position[position]
            self._columns_of(metric, unit).add_set(second - second % resolution, found, values)

    def _columns_of(self, metric: MetricId, unit: str) -> "_Columns":
        columns = self._columns.get((metric, unit))
        if columns is None:
            values = Values(self._file) if self._keeps_values(metric) else None
            columns = self._columns[metric, unit] = _Columns(StatisticSets(), values)
            self._units.setdefault(metric, set()).add(unit)
        return columns

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

        Values of different units are never mixed (PutMetricAlarm: "aggregated separately"). If ``unit`` is None, each
        span has one unit: of the units with data in the span, the first in the order that was observed on AWS. AWS does
        not document it. If spans are shorter than a minute, a metric of regular resolution has its data in the first
        span of each minute. Raises ValueError for an unknown statistic, and for one that needs values that this store
        does not keep.
        """
        self._add_batches()
        wanted = parse_statistic(statistic)
        if wanted.needs_values and not self._keeps_values(metric):
            raise ValueError(f"{statistic} of {metric} needs its distribution, which this store does not keep")
        published = sorted(self._units.get(metric, ()), key=_UNITS_PREFERRED.index)
        units = published if unit is None else [name for name in published if name == unit]
        found: list[float | None] = [None] * len(spans)
        for index, name in enumerate(units):
            values = self._columns[metric, name].over(wanted, spans)
            if not index:
                found = values
            else:
                found = [other if value is None else value for value, other in zip(found, values, strict=True)]
        return found

    def metrics(self) -> Iterable[MetricId]:
        """Every metric that has at least one value."""
        self._add_batches()
        return self._units.keys()

    def extent(self, metric: MetricId | None = None) -> tuple[int, int] | None:
        """The beginnings of the first and of the last storage period with data, in seconds; None without data.

        They are those of one metric, or of all metrics.
        """
        self._add_batches()
        found = self._columns.items()
        starts = [columns.sets.starts() for (each, _), columns in found if metric is None or each == metric]
        return (min(each[0] for each in starts), max(each[-1] for each in starts)) if starts else None

    def newest(self) -> dict[MetricId, int]:
        """The beginning of the last storage period with data of each metric, in seconds."""
        self._add_batches()
        found: dict[MetricId, int] = {}
        for (metric, _), columns in self._columns.items():
            if starts := columns.sets.starts():
                found[metric] = max(starts[-1], found.get(metric, starts[-1]))
        return found

    def units(self, metric: MetricId) -> frozenset[str]:
        """The units in which the metric was published. More than one is a mistake of the publisher."""
        self._add_batches()
        return frozenset(self._units.get(metric, ()))

    def _keeps_values(self, metric: MetricId) -> bool:
        return self._distributions is None or metric in self._distributions


class _Columns(NamedTuple):
    """The data of one metric in one unit. ``values`` is None if its distribution is not kept."""

    sets: StatisticSets
    values: Values | None

    def add(self, start: int, values: Sequence[float]) -> None:
        if not values:
            return
        self.sets.add(start, values)
        if self.values is not None:
            self.values.add(start, values)

    def over(self, statistic: Statistic, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over the storage periods that begin in each span; None if they have no data."""
        if statistic.needs_values and self.values is not None:
            return self.values.over(statistic, spans)
        return self.sets.over(statistic, spans)

    def add_set(self, start: int, found: StatisticSet, values: Sequence[float]) -> None:
        """Add a set and its values. If the values are not known, the period has no percentiles."""
        self.sets.add_set(start, found)
        if self.values is not None and values:
            self.values.add(start, values)
