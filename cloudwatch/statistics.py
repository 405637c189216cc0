"""The statistics of CloudWatch, computed exactly from raw values.

Source: "CloudWatch statistics definitions" in the Amazon CloudWatch user guide. CloudWatch computes percentiles and
trimmed statistics approximately, from a compressed distribution whose format is not published. Here they are exact.
Where the guide leaves a choice, one of its own sentences decides:

- "p99 is the maximum value of the remaining 99%": a percentile is one of the values, the one of the nearest rank.
- A trimmed count "can return a decimal value": percentages cut through a value. tm99 of ten values keeps nine of
  them and 0.9 of the tenth, so TS "is equivalent to (trimmed mean) * (trimmed count)" for any number of values.
- A winsorized mean replaces the values outside by "the value at the edge": the lowest or the highest value kept.
- Boundaries that are values exclude the lower one and include the upper one.
- None of these exists "when any of the metric values are negative": the period is then a gap.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, repeat
from math import ceil, floor, fmod, frexp, fsum, ldexp
from operator import truediv
from typing import NamedTuple, Self

_NUMBER = r"[0-9]{1,109}(?:\.[0-9]{1,10})?"  # 109 digits hold 2^360, the largest value of a metric
_PERCENTILE = re.compile(rf"p({_NUMBER})")
_UP_TO = re.compile(rf"(tm|wm|tc|ts)({_NUMBER})")
_BETWEEN = re.compile(rf"(TM|WM|TC|TS|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)")

_Sorted = Sequence[float]
Runs = Sequence[tuple[int, int]]


class StatisticSet(NamedTuple):
    """The four numbers that CloudWatch keeps of every metric. Some publishers send only these."""

    samples: float
    total: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The set of at least one value."""
        return cls(len(values), fsum(values), min(values), max(values))


class StatisticColumns(NamedTuple):
    """Several statistic sets: their counts, sums, minima and maxima."""

    samples: Sequence[float]
    totals: Sequence[float]
    minima: Sequence[float]
    maxima: Sequence[float]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic; ``parse_statistic`` makes it."""

    name: str
    _simple: "SimpleStatistic | None" = field(default=None, repr=False, compare=False)
    _of_sorted: Callable[[_Sorted], float | None] | None = field(default=None, repr=False, compare=False)

    @property
    def counted(self) -> "CountBetween | None":
        """The statistic as a function of counts, which add up; None if it cannot be computed from them."""
        match = _BETWEEN.fullmatch(self.name)
        if match is None or match[1] not in ("TC", "PR") or "%" in self.name:
            return None
        return CountBetween(float(match[2] or "-inf"), float(match[3] or "inf"), is_share=match[1] == "PR")

    @property
    def needs_values(self) -> bool:
        """True if a statistic set is not enough to compute it."""
        return self._simple is None

    @property
    def measure(self) -> Callable[[Sequence[float]], float | None]:
        """A function like ``of`` for at least one value. It is prepared once and called for many periods."""
        return self._of_unsorted if self._simple is None else self._simple.of_values

    def of(self, values: Sequence[float]) -> float | None:
        """The statistic of the values of one period, in any order. None is a gap."""
        return self.measure(values) if values else None

    def _of_unsorted(self, values: Sequence[float]) -> float | None:
        ordered = sorted(values)
        return self._of_sorted(ordered) if self._of_sorted is not None and ordered[0] >= 0 else None

    @property
    def simple(self) -> "SimpleStatistic":
        """The statistic as a function of statistic sets. Raises ValueError if it needs values."""
        if self._simple is None:
            raise ValueError(f"{self.name} needs single values, not a statistic set")
        return self._simple


def parse_statistic(name: str) -> Statistic:
    """The statistic of a name like Average, p99.9, tm90, TM(10%:90%), PR(:300) or IQM.

    Raises ValueError for a name that CloudWatch does not have.
    """
    if name in _SIMPLE:
        return Statistic(name, _SIMPLE[name])
    return Statistic(name, _of_sorted=_parse_extended(name))


def _parse_extended(name: str) -> Callable[[_Sorted], float | None]:
    if name == "IQM":
        return _parse_extended("TM(25%:75%)")
    if match := _PERCENTILE.fullmatch(name):
        parts, of = _share(name, match[1]).as_integer_ratio()
        return lambda values: values[max(-(-parts * len(values) // of), 1) - 1]  # the ceiling of share * number
    if match := _UP_TO.fullmatch(name):
        return _of_kept(match[1].upper(), _keep_shares(name, "", match[2]))
    if match := _BETWEEN.fullmatch(name):
        return _of_kept(match[1], _keep_between(name, *match.groups(default="")))
    raise ValueError(f"{name!r} is not a statistic of CloudWatch")


class SimpleStatistic(NamedTuple):
    """A statistic that can be computed from a statistic set.

    ``of_values`` computes it from at least one value. ``each`` computes it for each of several sets, and ``of_runs``
    for each run of sets. A run is given by two indices, the second exclusive; a run without sets is a gap.
    """

    of_values: Callable[[Sequence[float]], float]
    of_runs: Callable[[StatisticColumns, Runs], list[float | None]]
    each: Callable[[StatisticColumns], Sequence[float]]


_EXPONENT_MAX = 1_023  # of a float
_DIGITS = 53  # binary digits of a float


def _sums(numbers: Sequence[float], runs: Runs) -> list[float | None]:
    """The sum of each run, rounded once, as ``fsum`` does it; the time does not depend on the length of the runs.

    The numbers are multiples of 2 ** -shift. In these units they are integers, whose running totals are exact.
    """
    sizes = [abs(number) for number in numbers if number]
    are_whole = not any(map(fmod, sizes, repeat(1.0)))
    shift = 0 if are_whole else max(_DIGITS - frexp(min(sizes))[1], 0)
    if shift and frexp(max(sizes))[1] + shift > _EXPONENT_MAX:
        return [fsum(numbers[first:last]) if first < last else None for first, last in runs]
    totals = list(accumulate(map(int, map(ldexp, numbers, repeat(shift))), initial=0))
    units = 1 << shift
    return [(totals[last] - totals[first]) / units if first < last else None for first, last in runs]


def _averages(sets: StatisticColumns, runs: Runs) -> list[float | None]:
    pairs = zip(_sums(sets.totals, runs), _sums(sets.samples, runs), strict=True)
    return [None if total is None or samples is None else total / samples for total, samples in pairs]


_SIMPLE: dict[str, SimpleStatistic] = {
    "SampleCount": SimpleStatistic(
        lambda values: float(len(values)), lambda sets, runs: _sums(sets.samples, runs), lambda sets: sets.samples
    ),
    "Sum": SimpleStatistic(fsum, lambda sets, runs: _sums(sets.totals, runs), lambda sets: sets.totals),
    "Average": SimpleStatistic(
        lambda values: fsum(values) / len(values), _averages, lambda sets: list(map(truediv, sets.totals, sets.samples))
    ),
    "Minimum": SimpleStatistic(
        min,
        lambda sets, runs: [min(sets.minima[first:last], default=None) for first, last in runs],
        lambda sets: sets.minima,
    ),
    "Maximum": SimpleStatistic(
        max,
        lambda sets, runs: [max(sets.maxima[first:last], default=None) for first, last in runs],
        lambda sets: sets.maxima,
    ),
}


class ValueCounts(NamedTuple):
    """How many values there are, how many of them are between two values, and how many are negative."""

    all: int
    between: int
    negative: int


@dataclass(frozen=True, slots=True)
class CountBetween:
    """The number (TC) or the percentage (PR) of the values above ``low`` and up to ``high``.

    ValueCounts of several parts of the values add up. So a window of days slides by the minute without its values.
    """

    low: float
    high: float
    is_share: bool

    def counts(self, values: Sequence[float]) -> ValueCounts:
        between = sum(map(self.high.__ge__, values)) - sum(map(self.low.__ge__, values))
        return ValueCounts(len(values), between, sum(map((0.0).__gt__, values)))

    def of_counts(self, counts: ValueCounts) -> float | None:
        """The statistic; None is a gap."""
        if not counts.all or counts.negative:
            return None
        return 100 * counts.between / counts.all if self.is_share else counts.between


class _Kept(NamedTuple):
    """The part of the values that lies between two boundaries.

    ``number`` values with the sum ``total`` are kept; ``below`` and ``above`` are the numbers of values outside. A
    winsorized mean counts the values below as ``low`` and those above as ``high``. Numbers may have a fraction.
    """

    number: float
    total: float
    below: float
    low: float
    above: float
    high: float


_Keep = Callable[[_Sorted], _Kept]


def _winsorized_mean(kept: _Kept) -> float:
    total = kept.below * kept.low + kept.total + kept.above * kept.high
    return total / (kept.below + kept.number + kept.above)


_MEASURES: dict[str, Callable[[_Kept], float | None]] = {
    "TM": lambda kept: kept.total / kept.number if kept.number else None,
    "WM": _winsorized_mean,
    "TC": lambda kept: kept.number,
    "TS": lambda kept: kept.total,
    "PR": lambda kept: 100 * kept.number / (kept.below + kept.number + kept.above),
}


def _of_kept(measure: str, keep: _Keep) -> Callable[[_Sorted], float | None]:
    return lambda values: _MEASURES[measure](keep(values))


def _keep_between(name: str, measure: str, lower: str, upper: str) -> _Keep:
    percentages = {boundary.endswith("%") for boundary in (lower, upper) if boundary}
    if percentages == {False}:
        return _keep_values(name, lower, upper)
    if percentages == {True} and measure != "PR":
        return _keep_shares(name, lower[:-1], upper[:-1])
    raise ValueError(f"{name!r}: the boundaries are one or two values, or one or two percentages (not for PR)")


def _keep_values(name: str, lower: str, upper: str) -> _Keep:
    low = float(lower) if lower else None
    high = float(upper) if upper else None
    if low is not None and high is not None and low >= high:
        raise ValueError(f"{name!r} keeps no value")

    def keep(values: _Sorted) -> _Kept:
        start = 0 if low is None else bisect_right(values, low)
        end = len(values) if high is None else bisect_right(values, high)
        total = fsum(values[start:end])
        return _Kept(end - start, total, start, low or 0.0, len(values) - end, high or 0.0)

    return keep


def _keep_shares(name: str, lower: str, upper: str) -> _Keep:
    lowest = _share(name, lower or "0")
    highest = _share(name, upper or "100")
    if lowest >= highest:
        raise ValueError(f"{name!r} keeps no value")

    def keep(values: _Sorted) -> _Kept:
        start, end = lowest * len(values), highest * len(values)
        first, last = floor(start), ceil(end) - 1
        if first == last:
            total = float(end - start) * values[first]
        else:
            ends = (float(first + 1 - start) * values[first], float(end - last) * values[last])
            total = fsum((*ends, *values[first + 1 : last]))
        above = float(len(values) - end)
        return _Kept(float(end - start), total, float(start), values[first], above, values[last])

    return keep


def _share(name: str, percentage: str) -> Fraction:
    share = Fraction(percentage) / 100  # exact: in floating point, 0.07 * 100 is more than 7
    if share > 1:
        raise ValueError(f"{name!r}: {percentage} % is more than 100 %")
    return share
