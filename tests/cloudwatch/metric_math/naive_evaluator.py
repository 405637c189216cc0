"""A second, simple implementation of metric math: a series is {time: value}, without the times that have no value.

It follows AWS's page and the choices that the modules document. It shares only the syntax tree with them.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from cloudwatch.metric_math.syntax import Array, Binary, Call, Expression, Id, Number, Text, Unary, Word

Timed = dict[int, float]
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CALENDAR: dict[str, Callable[[datetime], float]] = {
    "MINUTE": lambda at: at.minute,
    "HOUR": lambda at: at.hour,
    "DAY": lambda at: at.isoweekday(),
    "DATE": lambda at: at.day,
    "MONTH": lambda at: at.month,
    "YEAR": lambda at: at.year,
    "EPOCH": lambda at: at.timestamp(),
}


def number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def kept(points: Iterable[tuple[int, float | None]]) -> Timed:
    return {at: value for at, value in points if number(value) is not None and value is not None}


def operate(name: str, left: float, right: float) -> float | None:
    if name in _COMPARISONS:
        return float(_COMPARISONS[name](left, right))
    if name == "AND":
        return float(left != 0 and right != 0)
    if name == "OR":
        return float(left != 0 or right != 0)
    return arithmetic(name, left, right)


def arithmetic(name: str, left: float, right: float) -> float | None:
    try:
        match name:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "%":
                return math.copysign(abs(left) % abs(right), left)
            case _:
                power = left**right
                return None if isinstance(power, complex) else power
    except (ZeroDivisionError, OverflowError):
        return None


def aggregate(name: str, values: list[float], possible: int) -> float | None:
    match name:
        case "SUM":
            return number(sum(values))
        case "AVG":
            return number(sum(values) / possible) if possible else None
        case "DATAPOINT_COUNT":
            return float(len(values))
        case "MIN" | "MAX":
            return (min(values) if name == "MIN" else max(values)) if values else None
        case _:
            return deviation(values)


def deviation(values: list[float]) -> float | None:
    if not values:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) * (value - mean) for value in values) / len(values)
    return number(math.sqrt(variance)) if not math.isnan(variance) else None


def previous(points: Timed, at: int) -> int | None:
    return max((time for time in points if time < at), default=None)


def following(points: Timed, at: int) -> int | None:
    return min((time for time in points if time > at), default=None)


class NaiveEvaluator:
    """Computes expressions at ``times`` from ``metrics``, series given as {time: value}."""

    def __init__(self, times: Sequence[int], metrics: Mapping[str, Timed], period: int) -> None:
        self.times = times
        self.metrics = metrics
        self.period = period

    def of(self, node: Expression) -> Any:
        match node:
            case Number() | Text():
                return node.value
            case Word():
                return node.name
            case Id():
                return self.metrics[node.name]
            case Array():
                return [one for item in node.items for one in self.listed(self.of(item))]
            case Unary():
                return self.signed(node.operator, self.of(node.operand))
            case Binary():
                return self.binary(node.operator, self.of(node.left), self.of(node.right))
            case Call():
                return self.call(node.function, [self.of(argument) for argument in node.arguments])
            case _:
                raise AssertionError(node)

    def listed(self, value: Any) -> list[Timed]:
        return value if isinstance(value, list) else [value]

    def signed(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.signed(name, one) for one in value]
        if isinstance(value, dict):
            return {at: self.signed(name, one) for at, one in value.items()}
        return None if value is None else -value if name == "-" else float(value == 0)

    def binary(self, name: str, left: Any, right: Any) -> Any:
        if isinstance(left, list):
            return [self.binary(name, one, right) for one in left]
        if isinstance(right, list):
            return [self.binary(name, left, one) for one in right]
        if not isinstance(left, dict) and not isinstance(right, dict):
            return None if left is None or right is None else number(operate(name, left, right))
        if left is None or right is None:
            return {}
        times = {at for side in (left, right) if isinstance(side, dict) for at in side}
        return kept((at, operate(name, self.at(left, at), self.at(right, at))) for at in times)

    def at(self, side: Timed | float, time: int) -> float:
        return side.get(time, 0.0) if isinstance(side, dict) else side

    def call(self, name: str, given: list[Any]) -> Any:
        if name == "IF":
            return self.choose(*given)
        if name == "METRICS":
            return [points for metric, points in self.metrics.items() if not given or given[0] in metric]
        if name == "TIME_SERIES":
            return kept((at, given[0]) for at in self.times)
        if name == "PERIOD":
            return float(self.period)
        return self.of_series(name, *given) if isinstance(given[0], dict) else self.of_array(name, *given)

    def choose(self, condition: Any, if_true: Any, if_false: Any = None) -> Timed:
        if not isinstance(condition, dict):
            return {} if condition is None else (if_true if condition else if_false or {})
        chosen = {}
        for at, holds in condition.items():
            branch = if_true if holds else if_false
            if isinstance(branch, dict):
                branch = branch.get(at, 0.0 if holds else None)
            chosen[at] = branch
        return kept(chosen.items())

    def of_series(self, name: str, points: Timed, *others: Any) -> Any:
        if name in _CALENDAR:
            return {at: float(_CALENDAR[name](datetime.fromtimestamp(at, UTC))) for at in self.times}
        if name in ("DIFF", "DIFF_TIME", "RATE"):
            return kept((at, self.change(name, points, at)) for at in points)
        if name == "FILL":
            return kept((at, points.get(at, self.filler(points, at, others[0]))) for at in self.times)
        if name == "RUNNING_SUM":
            return kept((at, sum(points[time] for time in sorted(points) if time <= at)) for at in points)
        if name in ("ABS", "CEIL", "FLOOR", "LOG", "LOG10"):
            return kept((at, self.mapped(name, value)) for at, value in points.items())
        return aggregate(name, [points[at] for at in sorted(points)], len(self.times))

    def mapped(self, name: str, value: float) -> float | None:
        if name.startswith("LOG"):
            return None if value <= 0 else (math.log if name == "LOG" else math.log10)(value)
        if name == "ABS":
            return abs(value)
        return float(math.ceil(value) if name == "CEIL" else math.floor(value))

    def change(self, name: str, points: Timed, at: int) -> float | None:
        before = previous(points, at)
        if before is None:
            return None
        rise, run = points[at] - points[before], at - before
        return {"DIFF": rise, "DIFF_TIME": float(run), "RATE": rise / run}[name]

    def filler(self, points: Timed, at: int, how: Any) -> float | None:
        before, after = previous(points, at), following(points, at)
        if how == "REPEAT":
            return None if before is None else points[before]
        if how == "LINEAR":
            return None if before is None or after is None else self.between(points, before, at, after)
        return how.get(at) if isinstance(how, dict) else cast(float | None, how)

    def between(self, points: Timed, before: int, at: int, after: int) -> float:
        first, here, last = (self.times.index(time) for time in (before, at, after))
        slope = (points[after] - points[before]) / (last - first)
        return points[before] + slope * (here - first)

    def of_array(self, name: str, lines: list[Timed], *others: Any) -> Any:
        match name:
            case "FIRST" | "LAST":
                return (lines[0] if name == "FIRST" else lines[-1]) if lines else {}
            case "METRIC_COUNT":
                return float(len(lines))
            case "REMOVE_EMPTY":
                return [points for points in lines if points]
            case "SLICE":
                return lines[int(others[0]) : int(others[1]) if others[1:] else None]
            case "SORT":
                return self.ordered(lines, *others)
            case "AVG" | "DATAPOINT_COUNT" | "MAX" | "MIN" | "STDDEV" | "SUM":
                return kept((at, self.column(name, lines, at)) for at in self.times)
            case _:
                return [self.of_series(name, points, *others) for points in lines]

    def column(self, name: str, lines: list[Timed], at: int) -> float | None:
        values = [points[at] for points in lines if at in points]
        return aggregate(name, values, len(lines)) if values else None

    def ordered(self, lines: list[Timed], name: str, order: str, limit: float | None = None) -> list[Timed]:
        ranks = [(self.of_series(name, points), points) for points in lines]
        ranked = [rank for rank in ranks if rank[0] is not None]
        ranked.sort(key=lambda rank: rank[0] if order == "ASC" else -rank[0])
        result = [points for _, points in ranked] + [points for value, points in ranks if value is None]
        return result if limit is None else result[: int(limit)]
