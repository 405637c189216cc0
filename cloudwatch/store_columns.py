"""The values of one metric in one unit, by time, in a few bytes each.

A run holds the values that arrived one after the other for one storage period (a second or a minute). Logs are nearly
in order, so runs are appended as they arrive. A query sorts them and joins the runs of one period.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from cloudwatch.spans import SlidingSpans, Span
from cloudwatch.statistics import Statistic, StatisticColumns, StatisticSet

MINUTE = 60
RUNS_UNSORTED_MAX = 1024  # on top of twice the number of runs that the last sort left
VALUES_UNMERGED_MAX = 512


def _within(starts: Sequence[int], spans: Sequence[Span]) -> tuple[int, int]:
    """The first run in any of the spans, and the first one after all of them."""
    return (bisect_left(starts, spans[0][0]), bisect_left(starts, spans[-1][1])) if spans else (0, 0)


def _runs(starts: Sequence[int], spans: Sequence[Span]) -> Iterable[tuple[int, int]]:
    """The first run in each span, and the first one after it. The starts and the ends of the spans rise."""
    if isinstance(spans, SlidingSpans) and not any(
        number % MINUTE for number in (spans.start, spans.length, spans.step, *starts)
    ):
        return _runs_by_the_minute(starts, spans)
    return _runs_at_any_time(starts, spans)


def _runs_by_the_minute(starts: Sequence[int], spans: SlidingSpans) -> Iterable[tuple[int, int]]:
    """``_runs`` if everything begins and ends at full minutes: the runs before each minute are counted once."""
    length, step = spans.length // MINUTE, spans.step // MINUTE
    after_last_start = spans.number * step
    marks = bytearray(after_last_start + length)
    for start in starts:
        marks[(start - spans.start) // MINUTE] = 1
    runs_before = list(accumulate(marks, initial=0))
    return zip(runs_before[:after_last_start:step], runs_before[length::step], strict=False)


def _runs_at_any_time(starts: Sequence[int], spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    first = last = 0
    known = [*starts, math.inf]
    for start, end in spans:
        if known[first] < start:
            first = bisect_left(known, start, first)
        last = max(first, last)
        if known[last] < end:
            last = bisect_left(known, end, last)
        yield first, last


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

    def over(self, statistic: Statistic, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over the storage periods that begin in each span; None if they have no data.

        The starts and the ends of the spans rise.
        """
        self._sort()
        oldest, newest = _within(self._starts, spans)
        of, values, begins = statistic.measure, self._values, [*self._begins[oldest:newest], self._begin(newest)]
        runs = _runs(self._starts[oldest:newest], spans)
        return [of(values[begins[first] : begins[last]]) if first < last else None for first, last in runs]

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

    def over(self, statistic: Statistic, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over the storage periods that begin in each span; None if they have no data.

        The starts and the ends of the spans rise. Raises ValueError if the statistic needs the values themselves.
        """
        self._merge_values()
        self._sort()
        oldest, newest = _within(self._starts, spans)
        columns = StatisticColumns(*(self._numbers[4 * oldest + column : 4 * newest : 4] for column in range(4)))
        each, of_sets = statistic.simple.each(columns), statistic.simple.of_sets
        return [
            each[first] if last - first == 1 else of_sets(columns, first, last) if first < last else None
            for first, last in _runs(self._starts[oldest:newest], spans)
        ]

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
