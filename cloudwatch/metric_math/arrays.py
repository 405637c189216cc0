"""The functions that select and sort the series of an array. Source: "Functions supported for metric math"."""

import math
from collections.abc import Sequence

from cloudwatch.metric_math.aggregates import aggregate_series
from cloudwatch.metric_math.checking import whole_number
from cloudwatch.metric_math.grid import Lines, Scalar
from cloudwatch.metric_math.syntax import Call, beginning


def remove_empty(lines: Lines) -> Lines:
    """REMOVE_EMPTY: the series that have at least one point."""
    return [(label, points) for label, points in lines if any(value is not None for value in points)]


def sort(lines: Lines, aggregate: str, order: str, limit: int | None = None) -> Lines:
    """SORT: at most ``limit`` series. Equal series keep their order; series without a MIN or MAX always come last."""
    sign = 1 if order == "ASC" else -1

    def rank(value: Scalar) -> float:
        return math.inf if value is None else sign * value

    return sorted(lines, key=lambda line: rank(aggregate_series(aggregate, line[1])))[:limit]


def slice_array(lines: Lines, first: int, end: int | None = None) -> Lines:
    """SLICE: from the series ``first`` (counted from 0) to ``end`` (exclusive)."""
    return lines[first:end]


def whole_numbers(node: Call, numbers: Sequence[Scalar]) -> list[int]:
    """The values ``numbers`` of the last arguments of the call, as integers.

    Raises ExpressionError unless they are whole and not negative.
    """
    arguments = node.arguments[len(node.arguments) - len(numbers) :]
    places = (beginning(argument) for argument in arguments)
    return [whole_number(number, place, node.function) for number, place in zip(numbers, places, strict=True)]
