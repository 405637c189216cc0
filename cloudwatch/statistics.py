"""The statistics of CloudWatch, exactly, from raw values.

Source: "CloudWatch statistics definitions" in the Amazon CloudWatch user guide. CloudWatch computes the
percentile-like ones from a compressed distribution, whose form is not published, and hence roughly; here they
are exact. Where the guide leaves a choice, a sentence of its own decides:

- "p99 is the maximum value of the remaining 99%": a percentile is one of the values, that of the nearest rank.
- A trimmed count "can return a decimal value": percentages cut through a value. tm99 of ten values keeps nine of
  them and 0.9 of the tenth; so TS "is equivalent to (trimmed mean) * (trimmed count)" for any number of values.
- A winsorized mean takes for the values outside "the value at the edge": the lowest or the highest one kept.
- Boundaries that are values exclude the lower and include the higher one.
- None of these exists "when any of the metric values are negative": such a period is a gap.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, fsum
from typing import NamedTuple, Self

_NUMBER = r"[0-9]{1,109}(?:\.[0-9]{1,10})?"  # of up to 2^360, with ten decimal places
_PERCENTILE = re.compile(rf"p({_NUMBER})")
_UP_TO = re.compile(rf"(tm|wm|tc|ts)({_NUMBER})")
_BETWEEN = re.compile(rf"(TM|WM|TC|TS|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)")

_Sorted = Sequence[float]


class StatisticSet(NamedTuple):
    """What CloudWatch keeps of every metric, and all that some publish."""

    samples: float
    total: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of at least one value."""
        return cls(len(values), fsum(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic; parse_statistic makes it."""

    name: str
    _of_set: Callable[[StatisticSet], float] | None = field(default=None, repr=False, compare=False)
    _of_sorted: Callable[[_Sorted], float | None] | None = field(default=None, repr=False, compare=False)

    @property
    def needs_values(self) -> bool:
        """Whether a statistic set does not do."""
        return self._of_set is None

    def of(self, values: Sequence[float]) -> float | None:
        """The statistic of the values of one period, in any order. None is a gap."""
        if not values:
            return None
        if self._of_sorted is None:
            return self.of_set(StatisticSet.of(values))
        return self._of_sorted(sorted(values)) if min(values) >= 0 else None

    def of_set(self, statistic_set: StatisticSet) -> float:
        """Raises ValueError if the statistic needs values."""
        if self._of_set is None:
            raise ValueError(f"{self.name} needs the values themselves")
        return self._of_set(statistic_set)


def parse_statistic(name: str) -> Statistic:
    """The statistic of that name, such as Average, p99.9, tm90, TM(10%:90%), PR(:300), IQM. Raises ValueError."""
    if name in _SIMPLE:
        return Statistic(name, _of_set=_SIMPLE[name])
    return Statistic(name, _of_sorted=_parse_extended(name))


def _parse_extended(name: str) -> Callable[[_Sorted], float | None]:
    if name == "IQM":
        return _parse_extended("TM(25%:75%)")
    if match := _PERCENTILE.fullmatch(name):
        return _percentile(_share(name, match[1]))
    if match := _UP_TO.fullmatch(name):
        return _of_kept(match[1].upper(), _keep_shares(name, "", match[2]))
    if match := _BETWEEN.fullmatch(name):
        return _of_kept(match[1], _keep_between(name, *match.groups(default="")))
    raise ValueError(f"{name!r} is not a statistic of CloudWatch")


_SIMPLE: dict[str, Callable[[StatisticSet], float]] = {
    "SampleCount": lambda values: values.samples,
    "Sum": lambda values: values.total,
    "Average": lambda values: values.total / values.samples,
    "Minimum": lambda values: values.minimum,
    "Maximum": lambda values: values.maximum,
}


class _Kept(NamedTuple):
    """What boundaries keep of the values. ``number`` of them are kept; those below count as ``low``, those above
    as ``high`` where they count. Numbers may have a fraction."""

    number: float
    total: float
    below: float
    low: float
    above: float
    high: float


_Keep = Callable[[_Sorted], _Kept]


def _trimmed_mean(kept: _Kept) -> float | None:
    return kept.total / kept.number if kept.number else None


def _winsorized_mean(kept: _Kept) -> float:
    total = kept.below * kept.low + kept.total + kept.above * kept.high
    return total / (kept.below + kept.number + kept.above)


def _percentile_rank(kept: _Kept) -> float:
    return 100 * kept.number / (kept.below + kept.number + kept.above)


_MEASURES: dict[str, Callable[[_Kept], float | None]] = {
    "TM": _trimmed_mean,
    "WM": _winsorized_mean,
    "TC": lambda kept: kept.number,
    "TS": lambda kept: kept.total,
    "PR": _percentile_rank,
}


def _of_kept(measure: str, keep: _Keep) -> Callable[[_Sorted], float | None]:
    return lambda values: _MEASURES[measure](keep(values))


def _keep_between(name: str, measure: str, lower: str, upper: str) -> _Keep:
    percentages = {boundary.endswith("%") for boundary in (lower, upper) if boundary}
    if percentages == {False}:
        return _keep_values(name, lower, upper)
    if percentages == {True} and measure != "PR":
        return _keep_shares(name, lower[:-1], upper[:-1])
    raise ValueError(f"{name!r}: the boundaries are two values, or (not of PR) two percentages, or one of them")


def _keep_values(name: str, lower: str, upper: str) -> _Keep:
    low = float(lower) if lower else None
    high = float(upper) if upper else None
    if low is not None and high is not None and low >= high:
        raise ValueError(f"{name!r} keeps nothing")

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
        raise ValueError(f"{name!r} keeps nothing")

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


def _percentile(share: Fraction) -> Callable[[_Sorted], float]:
    return lambda values: values[max(ceil(share * len(values)), 1) - 1]


def _share(name: str, percentage: str) -> Fraction:
    share = Fraction(percentage) / 100  # exact: 0.07 * 100 is more than 7
    if share > 1:
        raise ValueError(f"{name!r}: {percentage} % is more than all")
    return share
