"""The operators, point by point.

Source of the rules: "Basic arithmetic functions" and "Comparison and logical operators" of the page "Using math
expressions with CloudWatch metrics". Where only one of two series has a point, the other counts as 0. Where neither has
one, the result has none. A point that would be divided by zero is dropped. AWS does not document two cases: a gap
combined with a number gives a gap here, and a result that is too large for a number is dropped.
"""

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

from cloudwatch.metric_math.grid import Points, Scalar
from cloudwatch.metric_math.signatures import ValueKind

_LARGEST = sys.float_info.max
Pointwise = Callable[[float, float], float | None]


def _power(left: float, right: float) -> float | None:
    try:
        return math.pow(left, right)
    except (ValueError, OverflowError):  # 0 ^ -1, a root of a negative number, too large
        return None


def _as_number(holds: Callable[[Any, Any], object]) -> Pointwise:
    return lambda left, right: 1.0 if holds(left, right) else 0.0


OPERATORS: dict[str, Pointwise] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else None,
    "%": lambda left, right: math.fmod(left, right) if right else None,
    "^": _power,
    "==": _as_number(operator.eq),
    "!=": _as_number(operator.ne),
    "<": _as_number(operator.lt),
    "<=": _as_number(operator.le),
    ">": _as_number(operator.gt),
    ">=": _as_number(operator.ge),
    "AND": lambda left, right: 1.0 if left and right else 0.0,
    "OR": lambda left, right: 1.0 if left or right else 0.0,
}
_SIGNS: dict[str, Callable[[float], float]] = {"-": operator.neg, "!": lambda value: 0.0 if value else 1.0}


def finite(points: Points) -> Points:
    """The points, with a gap for each value that is infinite or not a number."""
    if all(map(math.isfinite, filter(None, points))):
        return points
    return [value if value is not None and -_LARGEST <= value <= _LARGEST else None for value in points]


def finite_number(value: Scalar) -> Scalar:
    return finite((value,))[0]


def binary(name: str, left: ValueKind, right: ValueKind) -> Callable[[Any, Any], Any]:
    """The operator as a function of two operands of these kinds."""
    if left is ValueKind.ARRAY:
        one = binary(name, ValueKind.SERIES, right)
        return lambda lines, other: [(label, one(points, other)) for label, points in lines]
    if right is ValueKind.ARRAY:
        one = binary(name, left, ValueKind.SERIES)
        return lambda other, lines: [(label, one(other, points)) for label, points in lines]
    operation = OPERATORS[name]
    match left, right:
        case ValueKind.SERIES, ValueKind.SERIES:
            return lambda some, others: _series_with_series(operation, some, others)
        case ValueKind.SERIES, _:
            return lambda points, number: _series_with_scalar(operation, points, number)
        case _, ValueKind.SERIES:
            swapped: Pointwise = lambda point, number: operation(number, point)  # noqa: E731
            return lambda number, points: _series_with_scalar(swapped, points, number)
        case _:
            return lambda one, other: None if one is None or other is None else finite_number(operation(one, other))


def _series_with_series(operation: Pointwise, left: Points, right: Points) -> Points:
    pairs = zip(left, right, strict=True)
    return finite([None if a is None and b is None else operation(a or 0.0, b or 0.0) for a, b in pairs])


def _series_with_scalar(operation: Pointwise, points: Points, number: Scalar) -> Points:
    if number is None:
        return [None] * len(points)
    return finite([None if value is None else operation(value, number) for value in points])


def unary(name: str, kind: ValueKind) -> Callable[[Any], Any]:
    """The operator as a function of one operand of this kind. A gap stays a gap."""
    sign = _SIGNS[name]
    if kind is ValueKind.SCALAR:
        return lambda number: None if number is None else sign(number)
    if kind is ValueKind.SERIES:
        return lambda points: _signed(sign, points)
    return lambda lines: [(label, _signed(sign, points)) for label, points in lines]


def _signed(sign: Callable[[float], float], points: Points) -> Points:
    return [None if value is None else sign(value) for value in points]
