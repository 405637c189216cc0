"""A metric, or the result of an expression, over time."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """The values at ``start``, ``start + period``, …; None is a gap, which means no data, not zero.

    ``start`` is in seconds since the epoch (UTC) and a multiple of ``period`` (seconds), because CloudWatch aligns
    periods. The value at a time covers the ``period`` seconds that begin at that time.
    Raises ValueError for a ``start`` that is not aligned, and for a ``period`` below 1.
    """

    start: int
    period: int
    values: tuple[float | None, ...]
    label: str = ""

    def __post_init__(self) -> None:
        if self.period < 1 or self.start % self.period:
            raise ValueError(f"a series cannot start at {self.start} with a period of {self.period} s")

    @property
    def end(self) -> int:
        """The end of the last period (exclusive)."""
        return self.start + self.period * len(self.values)

    def points(self) -> Iterator[tuple[int, float]]:
        """(start of the period, value) of the periods that have data."""
        for index, value in enumerate(self.values):
            if value is not None:
                yield self.start + index * self.period, value
