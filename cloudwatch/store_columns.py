"""The statistic sets of one metric in one unit, by time.

A run is the set of values that arrived one after the other for one storage period (a second or a minute). Logs are
nearly in order, so runs are appended as they arrive. A query sorts them and joins the runs of one period.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeGuard

from cloudwatch.spans import SlidingSpans, Span
from cloudwatch.statistics import Statistic, StatisticColumns, StatisticSet

MINUTE = 60
RUNS_UNSORTED_MAX = 1024  # in addition to twice the number of runs after the last sort
VALUES_UNMERGED_MAX = 512


def _within(starts: Sequence[int], spans: Sequence[Span]) -> tuple[int, int]:
    """The first run in any of the spans, and the first one after all of them."""
    return (bisect_left(starts, spans[0][0]), bisect_left(starts, spans[-1][1])) if spans else (0, 0)


def _slide_by_minutes(spans: Sequence[Span]) -> TypeGuard[SlidingSpans]:
    """Whether the spans begin and end at full minutes."""
    return isinstance(spans, SlidingSpans) and not any(map(MINUTE.__rmod__, (spans.start, spans.length, spans.step)))


def _runs_by_the_minute(starts: Sequence[int], spans: SlidingSpans) -> Iterable[tuple[int, int]]:
    """Like ``runs_at_any_time``, for runs and spans at full minutes. The runs before each minute are counted once."""
    length, step = spans.length // MINUTE, spans.step // MINUTE
    after_last_start = spans.number * step
    marks = bytearray(after_last_start + length)
    for start in starts:
        marks[(start - spans.start) // MINUTE] = 1
    runs_before = list(accumulate(marks, initial=0))
    return zip(runs_before[:after_last_start:step], runs_before[length::step], strict=False)


def runs_at_any_time(starts: Sequence[int], spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """The first run in each span, and the first one after it. The starts and the ends of the spans rise."""
    first = last = 0
    known = [*starts, math.inf]
    for start, end in spans:
        if known[first] < start:
            first = bisect_left(known, start, first)
        last = max(first, last)
        if known[last] < end:
            last = bisect_left(known, end, last)
        yield first, last


class StatisticSets:
    """Keeps count, sum, minimum and maximum. This takes 40 bytes for each storage period, for any number of values."""

    __slots__ = ("_at_full_minutes", "_in_order", "_numbers", "_runs_max", "_starts", "_unmerged", "_unmerged_start")

    def __init__(self) -> None:
        self._starts = array("q")
        self._numbers = array("d")  # four for each run
        self._in_order = True
        self._at_full_minutes = True  # all runs
        self._runs_max = RUNS_UNSORTED_MAX
        self._unmerged_start = 0
        self._unmerged = array("d")  # the latest values, because one merge of many is faster than many merges of one

    def add(self, start: int, values: Sequence[float]) -> None:
        """Add values of the storage period that begins at ``start`` (seconds)."""
        if start != self._unmerged_start or len(self._unmerged) >= VALUES_UNMERGED_MAX:
            self._merge_values()
            self._unmerged_start = start
        self._unmerged.extend(values)

    def add_set(self, start: int, found: StatisticSet) -> None:
        """Add the set of some values of the storage period that begins at ``start`` (seconds)."""
        if len(self._starts) >= self._runs_max:
            self._sort()
            self._runs_max = 2 * len(self._starts) + RUNS_UNSORTED_MAX
        self._merge(start, *found)

    def over(self, statistic: Statistic, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over the storage periods that begin in each span; None if they have no data.

        The starts and the ends of the spans rise. Raises ValueError if the statistic needs the values themselves.
        """
        self._merge_values()
        self._sort()
        oldest, newest = _within(self._starts, spans)
        columns = StatisticColumns(*(self._numbers[4 * oldest + column : 4 * newest : 4] for column in range(4)))
        starts = self._starts[oldest:newest]
        if not self._at_full_minutes or not _slide_by_minutes(spans):
            return statistic.simple.of_runs(columns, list(runs_at_any_time(starts, spans)))
        if spans.length > MINUTE or spans.step > MINUTE:
            return statistic.simple.of_runs(columns, list(_runs_by_the_minute(starts, spans)))
        found: list[float | None] = [None] * len(spans)
        for start, value in zip(starts, statistic.simple.each(columns), strict=True):
            found[(start - spans.start) // MINUTE] = value
        return found

    def starts(self) -> Sequence[int]:
        """The storage periods that have data, in order."""
        self._merge_values()
        self._sort()
        return self._starts

    def _merge_values(self) -> None:
        if self._unmerged:
            self.add_set(self._unmerged_start, StatisticSet.of(self._unmerged))
            del self._unmerged[:]

    def _merge(self, start: int, count: float, total: float, minimum: float, maximum: float) -> None:
        numbers = self._numbers
        if not self._starts or self._starts[-1] != start:
            self._in_order = self._in_order and (not self._starts or self._starts[-1] < start)
            self._at_full_minutes = self._at_full_minutes and start % MINUTE == 0
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
