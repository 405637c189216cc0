"""AVG, DATAPOINT_COUNT, MAX, MIN, STDDEV and SUM. The aggregate of a series is a number, that of an array is a series.

Source of the rules: "Functions supported for metric math". AWS says that AVG counts missing values as 0, and therefore
offers ``SUM(m1) / DATAPOINT_COUNT(m1)`` for sparse metrics. The other functions use only the existing values. STDDEV is
the standard deviation of the population. The aggregate of an array has no point where none of its series has one.
"""

import math
from collections.abc import Callable, Sequence

from cloudwatch.metric_math.grid import Lines, Points, Scalar
from cloudwatch.metric_math.operators import finite, finite_number

# The arguments are the existing values (at least one), and their number if none were missing.
Aggregate = Callable[[Sequence[float], int], float]


def _deviation(present: Sequence[float], _: int) -> float:
    mean = sum(present) / len(present)
    return math.sqrt(sum((value - mean) * (value - mean) for value in present) / len(present))


AGGREGATES: dict[str, Aggregate] = {
    "AVG": lambda present, possible: sum(present) / possible,
    "DATAPOINT_COUNT": lambda present, _: float(len(present)),
    "MAX": lambda present, _: max(present),
    "MIN": lambda present, _: min(present),
    "STDDEV": _deviation,
    "SUM": lambda present, _: sum(present),
}
_OF_NO_DATA = {"AVG": 0.0, "DATAPOINT_COUNT": 0.0, "SUM": 0.0}


def aggregate_series(name: str, points: Points) -> Scalar:
    """The aggregate of all points of a series. MAX, MIN and STDDEV of a series without data are None."""
    present = _present(points)
    if not present:
        return _OF_NO_DATA.get(name)
    return finite_number(AGGREGATES[name](present, len(points)))


def aggregate_array(name: str, lines: Lines, count: int) -> Points:
    """The aggregate of an array of series at each of ``count`` times."""
    if not lines:
        return [None] * count
    aggregate = AGGREGATES[name]
    gap = (None,) * len(lines)
    columns = zip(*(points for _, points in lines), strict=True)  # most are a gap where the metrics are sparse
    return finite([None if column == gap else aggregate(_present(column), len(lines)) for column in columns])


def _present(column: Sequence[float | None]) -> list[float]:
    return [value for value in column if value is not None]
