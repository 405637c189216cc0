"""Compiles each node of an expression to one step of a stack machine."""

from collections.abc import Callable
from typing import Any

from cloudwatch.metric_math.aggregates import AGGREGATES, aggregate_array, aggregate_series
from cloudwatch.metric_math.arrays import remove_empty, slice_array, sort, whole_numbers
from cloudwatch.metric_math.checking import Scope
from cloudwatch.metric_math.evaluation import EvaluationInputs
from cloudwatch.metric_math.grid import Lines, Points, Scalar
from cloudwatch.metric_math.mentions import selected
from cloudwatch.metric_math.operators import binary, unary
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.syntax import Array, Binary, Call, Expression, Id, Number, Text, Unary, Word, unparse
from cloudwatch.metric_math.transforms import TRANSFORMS, choose, fill

Step = Callable[..., Any]  # (inputs of the evaluation, values of the parts) -> value

_BEYOND_ITS_POINT = frozenset(("DIFF", "DIFF_TIME", "RATE", "REMOVE_EMPTY", "RUNNING_SUM", "SORT"))


def step(node: Expression, kinds: list[ValueKind], scope: Scope) -> Step:
    """The step of a checked node, from the ``kinds`` of its parts."""
    match node:
        case Number() | Text():
            return _constant(node.value)
        case Word():
            return _constant(node.name)
        case Id(name=name):
            return lambda inputs: inputs.value(name)
        case Unary():
            return _pure(unary(node.operator, kinds[0]))
        case Binary():
            return _pure(binary(node.operator, *kinds))
        case Array():
            return _array(node, kinds)
        case Call():
            return _call(node, kinds[0] if kinds else ValueKind.ARRAY, scope)
        case _:
            raise TypeError(f"{node!r} cannot be computed")


def depends_on_other_times(node: Call, kinds: list[ValueKind]) -> bool:
    """True if the function computes a point from the points of other times too."""
    if node.function in AGGREGATES:
        return kinds[0] is ValueKind.SERIES
    return node.function in _BEYOND_ITS_POINT or (node.function == "FILL" and kinds[1] is ValueKind.WORD)


def _constant(value: object) -> Step:
    return lambda _: value


def _pure(function: Callable[..., Any]) -> Step:
    """The step of a function that needs only the values of the parts."""
    return lambda _, *values: function(*values)


def _array(node: Array, kinds: list[ValueKind]) -> Step:
    def gather(inputs: EvaluationInputs, *values: Any) -> Lines:
        lines: list[tuple[str, Points]] = []
        for item, kind, value in zip(node.items, kinds, values, strict=True):
            if kind is ValueKind.ARRAY:
                lines += value
            else:
                lines.append((inputs.label(item.name) if isinstance(item, Id) else unparse(item), value))
        return lines

    return gather


def _call(node: Call, first: ValueKind, scope: Scope) -> Step:
    """The step of a call whose first argument is of kind ``first``."""
    name = node.function
    if name in AGGREGATES and first is ValueKind.SERIES:
        return lambda _, points: aggregate_series(name, points)
    if name in AGGREGATES:
        return lambda inputs, lines: aggregate_array(name, lines, inputs.grid.count)
    if name in TRANSFORMS:
        return _lifted(lambda inputs, points: TRANSFORMS[name](inputs.grid, points), first)
    if name == "METRICS":
        names = selected(node, scope.metrics)
        return lambda inputs, *_: inputs.lines(names)
    if name == "IF":
        return _pure(choose) if first is ValueKind.SERIES else _choose_series
    if name == "FILL":
        return _lifted(lambda _, points, filler: fill(points, filler), first)
    if name == "SLICE":
        return lambda _, lines, *bounds: slice_array(lines, *whole_numbers(node, bounds))
    if name == "SORT":
        return lambda _, lines, aggregate, order, *limit: sort(lines, aggregate, order, *whole_numbers(node, limit))
    return _OTHERS[name]


def _lifted(function: Step, first: ValueKind) -> Step:
    """The step of a function of one series. For an array, the function is applied to each of its series."""
    if first is ValueKind.SERIES:
        return function
    return lambda inputs, lines, *others: [(label, function(inputs, points, *others)) for label, points in lines]


def _choose_series(
    inputs: EvaluationInputs, condition: Scalar, if_true: Points, if_false: Points | None = None
) -> Points:
    """IF with a number as its condition: the result is one of the two series."""
    chosen = if_true if condition else if_false
    return inputs.grid.gaps() if condition is None or chosen is None else chosen


_OTHERS: dict[str, Step] = {
    "FIRST": lambda inputs, lines: lines[0][1] if lines else inputs.grid.gaps(),
    "LAST": lambda inputs, lines: lines[-1][1] if lines else inputs.grid.gaps(),
    "METRIC_COUNT": lambda _, lines: float(len(lines)),
    "PERIOD": lambda inputs, _: float(inputs.grid.period),
    "REMOVE_EMPTY": lambda _, lines: remove_empty(lines),
    "TIME_SERIES": lambda inputs, number: [number] * inputs.grid.count,
}
