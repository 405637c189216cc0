"""The times at which an expression is computed, and the alignment of series to these times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cloudwatch.series import Series

Scalar = float | None  # None if the number does not exist, like MAX of a series without data
Points = Sequence[float | None]  # one for each time of the grid, None is a gap
Lines = Sequence[tuple[str, Points]]  # an array of time series, with their labels


def spread(value: Scalar | Points, count: int) -> Points:
    """A number, repeated at each of ``count`` times; a series is returned as it is."""
    return [value] * count if value is None or isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Grid:
    """The ``times`` (seconds since the epoch) at which periods of ``period`` seconds begin.

    They may overlap, and their distances may differ, for example on days when clocks change.
    """

    times: Sequence[int]
    period: int

    @property
    def count(self) -> int:
        return len(self.times)

    def gaps(self) -> list[float | None]:
        return [None] * self.count


@dataclass(frozen=True, slots=True)
class AlignedGrid(Grid):
    """``start``, ``start + period``, …: the times of a graph, which are multiples of the period."""

    start: int

    @classmethod
    def over(cls, start: int, end: int, period: int) -> Self:
        """The periods of [start, end). Raises ValueError unless both are multiples of ``period``."""
        if period < 1 or start % period or end % period or end < start:
            raise ValueError(f"[{start}, {end}) is not a range of periods of {period} s")
        return cls(range(start, end, period), period, start)

    def align(self, name: str, series: Series) -> Points:
        """The values of the series at the times of the grid; None outside it.

        Raises ValueError, with ``name``, if the series has another period.
        """
        if series.period != self.period:
            raise ValueError(f"{name} has a period of {series.period} s, the expression one of {self.period} s")
        first = (self.start - series.start) // self.period
        before = min(max(-first, 0), self.count)
        found = series.values[max(first, 0) : max(first + self.count, 0)]
        values = [None if value is None else float(value) for value in found]
        return [*[None] * before, *values, *[None] * (self.count - before - len(values))]

    def series(self, points: Points, label: str) -> Series:
        return Series(self.start, self.period, tuple(points), label)
