"""The values of one metric in one unit, by time, in a few bytes each.

A run holds the values that arrived one after the other for one storage period (a second or a minute). Logs are nearly
in order, so runs are appended as they arrive. A query sorts them and joins the runs of one period.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from math import fsum

from cloudwatch.statistics import Statistic, StatisticSet

RUNS_UNSORTED_MAX = 1024  # on top of twice the number of runs that the last sort left
VALUES_UNMERGED_MAX = 512


class Values:
    """Keeps every value: 8 bytes for each value and 16 for each run."""

    __slots__ = ("_begins", "_in_order", "_starts", "_values")

    def __init__(self) -> None:
        self._starts = array("q")
        self._begins = array("Q")  # the index of each run's first value
        self._values = array("d")
        self._in_order = True

    def add(self, start: int, values: Sequence[float]) -> None:
        """Add values of the storage period that begins at ``start`` (seconds)."""
        starts = self._starts
        if not starts or starts[-1] != start:
            self._in_order = self._in_order and (not starts or starts[-1] < start)
            starts.append(start)
            self._begins.append(len(self._values))
        self._values.extend(values)

    def between(self, statistic: Statistic, start: int, end: int) -> float | None:
        """The statistic over the storage periods that begin in [start, end); None if they have no data."""
        self._sort()
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return statistic.of(self._values[self._begin(first) : self._begin(last)])

    def _begin(self, run: int) -> int:
        return self._begins[run] if run < len(self._begins) else len(self._values)

    def _sort(self) -> None:
        if self._in_order:
            return
        ordered = Values()
        for start, run in sorted((start, run) for run, start in enumerate(self._starts)):
            ordered.add(start, self._values[self._begin(run) : self._begin(run + 1)])
        self._starts, self._begins, self._values = ordered._starts, ordered._begins, ordered._values
        self._in_order = True


class StatisticSets:
    """Keeps count, sum, minimum and maximum: 40 bytes for each storage period, for any number of values."""

    __slots__ = ("_in_order", "_numbers", "_runs_max", "_starts", "_unmerged", "_unmerged_start")

    def __init__(self) -> None:
        self._starts = array("q")
        self._numbers = array("d")  # four for each run
        self._in_order = True
        self._runs_max = RUNS_UNSORTED_MAX
        self._unmerged_start = 0
        self._unmerged = array("d")  # the latest values: one merge of many is faster than many merges of one

    def add(self, start: int, values: Sequence[float]) -> None:
        """Add values of the storage period that begins at ``start`` (seconds)."""
        if start != self._unmerged_start or len(self._unmerged) >= VALUES_UNMERGED_MAX:
            self._merge_values()
            self._unmerged_start = start
        self._unmerged.extend(values)

    def between(self, statistic: Statistic, start: int, end: int) -> float | None:
        """The statistic over the storage periods that begin in [start, end); None if they have no data.

        Raises ValueError if the statistic needs the values themselves.
        """
        self._merge_values()
        self._sort()
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        numbers = self._numbers[4 * first : 4 * last]
        if not numbers:
            return None
        merged = StatisticSet(fsum(numbers[::4]), fsum(numbers[1::4]), min(numbers[2::4]), max(numbers[3::4]))
        return statistic.of_set(merged)

    def _merge_values(self) -> None:
        if not self._unmerged:
            return
        if len(self._starts) >= self._runs_max:
            self._sort()
            self._runs_max = 2 * len(self._starts) + RUNS_UNSORTED_MAX
        self._merge(self._unmerged_start, *StatisticSet.of(self._unmerged))
        del self._unmerged[:]

    def _merge(self, start: int, count: float, total: float, minimum: float, maximum: float) -> None:
        numbers = self._numbers
        if not self._starts or self._starts[-1] != start:
            self._in_order = self._in_order and (not self._starts or self._starts[-1] < start)
            self._starts.append(start)
            numbers.extend((count, total, minimum, maximum))
            return
        numbers[-4] += count
        numbers[-3] += total
        numbers[-2] = min(numbers[-2], minimum)
        numbers[-1] = max(numbers[-1], maximum)

    def _sort(self) -> None:
        if self._in_order:
            return
        ordered = StatisticSets()
        for start, run in sorted((start, run) for run, start in enumerate(self._starts)):
            ordered._merge(start, *self._numbers[4 * run : 4 * run + 4])
        self._starts, self._numbers = ordered._starts, ordered._numbers
        self._in_order = True
