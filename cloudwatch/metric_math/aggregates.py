"""AVG, DATAPOINT_COUNT, MAX, MIN, STDDEV and SUM: of one series to a number, across an array to a series.

Source of the rules: "Functions supported for metric math". AWS says that AVG counts missing values as 0, which is
why it offers ``SUM(m1) / DATAPOINT_COUNT(m1)`` for sparse metrics; the others are taken here over what is there.
STDDEV is that of the whole population. Across an array, where no series has a point the result has none.
"""

import math
from collections.abc import Callable, Sequence

from cloudwatch.metric_math.grid import Lines, Points, Scalar
from cloudwatch.metric_math.operators import finite, finite_number

# What is there (at least one value), and how many values there could have been.
Aggregate = Callable[[Sequence[float], int], float]


def _average(present: Sequence[float], possible: int) -> float:
    return sum(present) / possible


def _deviation(present: Sequence[float], _: int) -> float:
    mean = sum(present) / len(present)
    return math.sqrt(sum((value - mean) * (value - mean) for value in present) / len(present))


AGGREGATES: dict[str, Aggregate] = {
    "AVG": _average,
    "DATAPOINT_COUNT": lambda present, _: float(len(present)),
    "MAX": lambda present, _: max(present),
    "MIN": lambda present, _: min(present),
    "STDDEV": _deviation,
    "SUM": lambda present, _: sum(present),
}
_OF_NO_DATA = {"AVG": 0.0, "DATAPOINT_COUNT": 0.0, "SUM": 0.0}


def aggregate_series(name: str, points: Points) -> Scalar:
    """The aggregate of all points of a series; None is MAX, MIN or STDDEV of a series without data."""
    present = [value for value in points if value is not None]
    if not present:
        return _OF_NO_DATA.get(name)
    return finite_number(AGGREGATES[name](present, len(points)))


def aggregate_array(name: str, lines: Lines, count: int) -> Points:
    """The aggregate of an array at each of ``count`` times."""
    if not lines:
        return [None] * count
    aggregate = AGGREGATES[name]
    columns = zip(*(points for _, points in lines), strict=True)
    present = ([value for value in column if value is not None] for column in columns)
    return finite([aggregate(values, len(lines)) if values else None for values in present])
