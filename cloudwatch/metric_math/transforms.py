"""Functions that turn a time series into a time series.

Source of the rules: "Functions supported for metric math". DIFF, DIFF_TIME and RATE compare each point with the point
before it, at any distance. The first point has none before it, so they begin with the second.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator

from cloudwatch.metric_math.grid import Grid, Points, Scalar, spread
from cloudwatch.metric_math.operators import finite

Transform = Callable[[Grid, Points], Points]


def _each(function: Callable[[float], float]) -> Transform:
    return lambda _, points: finite([None if value is None else function(value) for value in points])


def _each_positive(function: Callable[[float], float]) -> Transform:
    """Apply a logarithm to each point. Points of 0 or below have no logarithm and are dropped."""
    return lambda _, points: [function(value) if value is not None and value > 0 else None for value in points]


def _change(change: Callable[[float, int], float]) -> Transform:
    """Apply ``change(difference of values, difference of times in seconds)`` to each point and the point before it."""

    def transform(grid: Grid, points: Points) -> Points:
        present = [(index, value) for index, value in enumerate(points) if value is not None]
        result = grid.gaps()
        for (before, earlier), (index, value) in itertools.pairwise(present):
            result[index] = change(value - earlier, grid.times[index] - grid.times[before])
        return finite(result)

    return transform


def _running_sum(_: Grid, points: Points) -> Points:
    sums = itertools.accumulate(value or 0.0 for value in points)
    return finite([None if value is None else total for value, total in zip(points, sums, strict=True)])


def _calendar(field: Callable[[time.struct_time], int]) -> Transform:
    """A part of the UTC time of every period, even where the series has a gap."""
    return lambda grid, _: [float(field(time.gmtime(at))) for at in grid.times]


TRANSFORMS: dict[str, Transform] = {
    "ABS": _each(abs),
    "CEIL": _each(lambda value: float(math.ceil(value))),
    "FLOOR": _each(lambda value: float(math.floor(value))),
    "LOG": _each_positive(math.log),
    "LOG10": _each_positive(math.log10),
    "DIFF": _change(lambda difference, _: difference),
    "DIFF_TIME": _change(lambda _, seconds: float(seconds)),
    "RATE": _change(lambda difference, seconds: difference / seconds),
    "RUNNING_SUM": _running_sum,
    "MINUTE": _calendar(lambda at: at.tm_min),
    "HOUR": _calendar(lambda at: at.tm_hour),
    "DAY": _calendar(lambda at: at.tm_wday + 1),  # Monday is 1
    "DATE": _calendar(lambda at: at.tm_mday),
    "MONTH": _calendar(lambda at: at.tm_mon),
    "YEAR": _calendar(lambda at: at.tm_year),
    "EPOCH": lambda grid, _: [float(at) for at in grid.times],
}


def fill(points: Points, filler: Scalar | Points | str) -> Points:
    """FILL: replace a gap by a number, by the point of another series at that time, or by the rule REPEAT or LINEAR.

    REPEAT leaves the gaps before the first point, LINEAR those before the first and after the last point.
    """
    if isinstance(filler, str):
        return list(_repeated(points)) if filler == "REPEAT" else _interpolated(points)
    fillers = spread(filler, len(points))
    return [other if value is None else value for value, other in zip(points, fillers, strict=True)]


def _repeated(points: Points) -> Iterator[float | None]:
    last = None
    for value in points:
        last = value if value is not None else last
        yield last


def _interpolated(points: Points) -> Points:
    present = [(index, value) for index, value in enumerate(points) if value is not None]
    result = list(points)
    for (first, low), (last, high) in itertools.pairwise(present):
        step = (high - low) / (last - first)
        result[first + 1 : last] = [low + step * distance for distance in range(1, last - first)]
    return finite(result)


def choose(condition: Points, if_true: Scalar | Points, if_false: Scalar | Points = None) -> Points:
    """IF with a time series as its condition. Source of the rules: the tables of "Using IF expressions".

    Where the condition has no point, the result has none. Where it is true and the series for true has a gap, the
    value is 0. Where it is false and the series for false has a gap or is missing, the result has no point.
    """
    falses = spread(if_false, len(condition))
    trues = spread(if_true, len(condition))
    if trues is if_true:  # in a series, gaps count as 0
        trues = [value or 0.0 for value in trues]
    chosen = zip(condition, trues, falses, strict=True)
    return [None if holds is None else one if holds else other for holds, one, other in chosen]
