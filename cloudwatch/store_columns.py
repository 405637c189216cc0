"""The values of one metric in one unit, by time, in a few bytes each.

A run holds the values that arrived one after the other for one storage period (a second or a minute). Logs are nearly
in order, so runs are appended as they arrive. A query sorts them and joins the runs of one period.
"""

import math
import os
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from cloudwatch.spans import SlidingSpans, Span
from cloudwatch.statistics import Statistic, StatisticColumns, StatisticSet

MINUTE = 60
RUNS_UNSORTED_MAX = 1024  # in addition to twice the number of runs after the last sort
VALUES_UNMERGED_MAX = 512
CHUNK_VALUES = 1024
_VALUE_BYTES = 8


class ValueFile:
    """A temporary file for the values of many metrics, in chunks of CHUNK_VALUES. It is removed with this object."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile() as file:
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self._end = 0

    def append(self, chunk: bytes) -> int:
        """Write a chunk; returns its offset. Raises OSError."""
        offset, self._end = self._end, self._end + len(chunk)
        written = os.pwrite(self._descriptor, chunk, offset)
        if written < len(chunk):
            raise OSError(f"only {written} bytes of a chunk could be written to a temporary file")
        return offset

    def read(self, offset: int, number: int) -> bytes:
        return os.pread(self._descriptor, number * _VALUE_BYTES, offset)


def _within(starts: Sequence[int], spans: Sequence[Span]) -> tuple[int, int]:
    """The first run in any of the spans, and the first one after all of them."""
    return (bisect_left(starts, spans[0][0]), bisect_left(starts, spans[-1][1])) if spans else (0, 0)


def _runs(starts: Sequence[int], spans: Sequence[Span]) -> Iterable[tuple[int, int]]:
    """The first run in each span, and the first one after it. The starts and the ends of the spans rise."""
    if isinstance(spans, SlidingSpans) and _at_full_minutes((spans.start, spans.length, spans.step, *starts)):
        return _runs_by_the_minute(starts, spans)
    return _runs_at_any_time(starts, spans)


def _are_minutes(spans: Sequence[Span]) -> bool:
    """Whether the spans are full minutes, one after the other."""
    return isinstance(spans, SlidingSpans) and spans.length == spans.step == MINUTE and spans.start % MINUTE == 0


def _gaps(number: int) -> list[float | None]:
    return [None] * number


def _at_full_minutes(times: Iterable[int]) -> bool:
    return not any(map(MINUTE.__rmod__, times))


def _runs_by_the_minute(starts: Sequence[int], spans: SlidingSpans) -> Iterable[tuple[int, int]]:
    """Like ``_runs``, if everything begins and ends at full minutes. The runs before each minute are counted once."""
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
    """Keeps every value. This takes 24 bytes of memory for each run, and 8 bytes in ``file`` for each value.

    Fewer than CHUNK_VALUES values are in memory.
    """

    __slots__ = ("_begins", "_chunks", "_ends", "_file", "_in_order", "_latest", "_starts")

    def __init__(self, file: ValueFile) -> None:
        self._file = file
        self._starts = array("q")
        self._begins = array("Q")  # the number of each run's first value, in the order of arrival
        self._ends = array("Q")
        self._chunks = array("Q")  # the offsets of the chunks in the file
        self._latest = array("d")  # the values after the last chunk
        self._in_order = True

    def add(self, start: int, values: Sequence[float]) -> None:
        """Add values of the storage period that begins at ``start`` (seconds)."""
        begin = len(self._chunks) * CHUNK_VALUES + len(self._latest)
        starts = self._starts
        if starts and starts[-1] == start and self._ends[-1] == begin:
            self._ends[-1] += len(values)
        else:
            self._in_order = self._in_order and (not starts or starts[-1] <= start)
            starts.append(start)
            self._begins.append(begin)
            self._ends.append(begin + len(values))
        self._latest.extend(values)
        while len(self._latest) >= CHUNK_VALUES:
            self._chunks.append(self._file.append(self._latest[:CHUNK_VALUES].tobytes()))
            del self._latest[:CHUNK_VALUES]

    def over(self, statistic: Statistic, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over the storage periods that begin in each span; None if they have no data.

        The starts and the ends of the spans rise.
        """
        self._sort()
        oldest, newest = _within(self._starts, spans)
        starts, values, begins = array("q"), array("d"), array("Q", [0])
        for run in range(oldest, newest):
            self._read(self._begins[run], self._ends[run], values)
            if starts and starts[-1] == self._starts[run]:
                begins[-1] = len(values)
            else:
                starts.append(self._starts[run])
                begins.append(len(values))
        of, runs = statistic.measure, _runs(starts, spans)
        return [of(values[begins[first] : begins[last]]) if first < last else None for first, last in runs]

    def _read(self, begin: int, end: int, found: "array[float]") -> None:
        """Append the values from number ``begin`` to number ``end`` to ``found``."""
        while begin < end:
            chunk, first = divmod(begin, CHUNK_VALUES)
            last = min(first + end - begin, CHUNK_VALUES)
            if chunk < len(self._chunks):
                found.frombytes(self._file.read(self._chunks[chunk] + first * _VALUE_BYTES, last - first))
            else:
                found.extend(self._latest[first:last])
            begin += last - first

    def _sort(self) -> None:
        if self._in_order:
            return
        order = sorted(range(len(self._starts)), key=self._starts.__getitem__)
        self._starts, self._begins, self._ends = (
            array(column.typecode, map(column.__getitem__, order))
            for column in (self._starts, self._begins, self._ends)
        )
        self._in_order = True


class StatisticSets:
    """Keeps count, sum, minimum and maximum. This takes 40 bytes for each storage period, for any number of values."""

    __slots__ = ("_in_order", "_numbers", "_runs_max", "_starts", "_unmerged", "_unmerged_start")

    def __init__(self) -> None:
        self._starts = array("q")
        self._numbers = array("d")  # four for each run
        self._in_order = True
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
        starts, each, of_sets = self._starts[oldest:newest], statistic.simple.each(columns), statistic.simple.of_sets
        if spans and _are_minutes(spans) and _at_full_minutes(starts):
            begin, found = spans[0][0], _gaps(len(spans))
            for start, value in zip(starts, each, strict=True):
                found[(start - begin) // MINUTE] = value
            return found
        return [
            each[first] if last - first == 1 else of_sets(columns, first, last) if first < last else None
            for first, last in _runs(starts, spans)
        ]

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
