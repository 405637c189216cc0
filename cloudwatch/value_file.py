"""The values that percentiles need: in a temporary file, and read back one window of time at a time.

A *run* is a part of the file with values of one metric and one storage period (a second or a minute). Values wait in
memory, sorted by metric and period, and are written together. So the values of a log in order have one run for each
period, and runs that follow each other in time lie one after the other in the file. Late values have runs of their own,
which a query joins. Nothing is dropped or rounded, in whatever order the values come.
"""

import os
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain
from operator import itemgetter, sub

from cloudwatch.spans import Span
from cloudwatch.statistics import CountBetween, Statistic, ValueCounts
from cloudwatch.store_columns import runs_at_any_time

WAITING_MAX = 65_536  # of all metrics, in values: 512 KB
READ_VALUES = 8_192
_PERIOD_AS_VALUES = 32  # the memory that a waiting period takes, with or without values
_VALUE_BYTES = 8
_VALUES_OF: Callable[[tuple[int, list[float]]], list[float]] = itemgetter(1)


class Runs:
    """The index of the values of one metric in a ValueFile: 24 bytes for each run."""

    __slots__ = ("begins", "ends", "in_order", "starts")

    def __init__(self) -> None:
        self.starts = array("q")  # of the storage periods, in seconds
        self.begins = array("Q")  # the number of the first value in the file
        self.ends = array("Q")
        self.in_order = True

    def append(self, start: int, begin: int, end: int) -> None:
        starts = self.starts
        if starts and starts[-1] == start and self.ends[-1] == begin:
            self.ends[-1] = end
            return
        self.in_order = self.in_order and (not starts or starts[-1] <= start)
        starts.append(start)
        self.begins.append(begin)
        self.ends.append(end)

    def sort(self) -> None:
        """Bring the runs into the order of time."""
        if self.in_order:
            return
        order = sorted(range(len(self.starts)), key=self.starts.__getitem__)
        self.starts, self.begins, self.ends = (
            array(column.typecode, map(column.__getitem__, order)) for column in (self.starts, self.begins, self.ends)
        )
        self.in_order = True


class ValueFile:
    """A temporary file for the values of many metrics. It is removed with this object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._end = 0  # in values
        self._waiting: dict[Runs, dict[int, array[float]]] = {}
        self._waiting_size = 0  # in values

    def add(self, runs: Runs, start: int, values: Sequence[float]) -> None:
        """Add values of the storage period that begins at ``start`` (seconds). Raises OSError."""
        periods = self._waiting.setdefault(runs, {})
        if start in periods:
            periods[start].extend(values)
        else:
            periods[start] = array("d", values)
            self._waiting_size += _PERIOD_AS_VALUES
        self._waiting_size += len(values)
        if self._waiting_size >= WAITING_MAX:
            self.write()

    def write(self) -> None:
        """Write the waiting values. Raises OSError."""
        for runs, periods in self._waiting.items():
            for start, values in sorted(periods.items()):
                self._file.write(values)
                runs.append(start, self._end, self._end + len(values))
                self._end += len(values)
        self._file.flush()
        self._waiting.clear()
        self._waiting_size = 0

    def read(self, begin: int, end: int) -> list[float]:
        """The values from number ``begin`` to number ``end``."""
        block = os.pread(self._file.fileno(), (end - begin) * _VALUE_BYTES, begin * _VALUE_BYTES)
        return array("d", block).tolist()


class Values:
    """All values of one metric in one unit. A query has in memory the values of one span, and a block of the file."""

    __slots__ = ("_file", "_runs")

    def __init__(self, file: ValueFile) -> None:
        self._file = file
        self._runs = Runs()

    def add(self, start: int, values: Sequence[float]) -> None:
        """Add values of the storage period that begins at ``start`` (seconds). Raises OSError."""
        self._file.add(self._runs, start, values)

    def over(self, statistic: Statistic, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over the storage periods that begin in each span; None if they have no data.

        The starts and the ends of the spans rise. Raises OSError.
        """
        self._file.write()
        self._runs.sort()
        if counted := statistic.counted:
            return self._counted(counted, spans)
        of = statistic.measure
        return [of(values) if values else None for values in self._windows(spans)]

    def _counted(self, statistic: CountBetween, spans: Sequence[Span]) -> list[float | None]:
        """The statistic over each span, from the counts of each run."""
        counts, starts = [ValueCounts(0, 0, 0)], array("q")
        for start, values in self._read(spans[0][0], spans[-1][1]) if spans else ():
            starts.append(start)
            counts.append(statistic.counts(values))
        totals = list(zip(*map(accumulate, zip(*counts, strict=True)), strict=True))
        return [
            statistic.of_counts(ValueCounts(*map(sub, totals[last], totals[first])))
            for first, last in runs_at_any_time(starts, spans)
        ]

    def _windows(self, spans: Sequence[Span]) -> Iterator[list[float]]:
        """The values in each span."""
        window: deque[tuple[int, list[float]]] = deque()
        runs = self._read(spans[0][0], spans[-1][1]) if spans else iter(())
        following = next(runs, None)
        for start, end in spans:
            while window and window[0][0] < start:
                window.popleft()
            while following is not None and following[0] < end:
                if following[0] >= start:
                    window.append(following)
                following = next(runs, None)
            yield window[0][1] if len(window) == 1 else list(chain.from_iterable(map(_VALUES_OF, window)))

    def _read(self, start: int, end: int) -> Iterator[tuple[int, list[float]]]:
        """The start and the values of each run in [start, end). Runs that touch in the file are read together."""
        starts, begins, ends = self._runs.starts, self._runs.begins, self._runs.ends
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        while first < last:
            begin, after = begins[first], first + 1
            while after < last and begins[after] == ends[after - 1] and ends[after] - begin <= READ_VALUES:
                after += 1
            block = self._file.read(begin, ends[after - 1])
            for run in range(first, after):
                yield starts[run], block[begins[run] - begin : ends[run] - begin]
            first = after
