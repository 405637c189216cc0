"""What each node of an expression does when it is computed: one step of a stack machine."""

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

Step = Callable[..., Any]  # (run, values of the parts) -> value

_BEYOND_ITS_POINT = frozenset(("DIFF", "DIFF_TIME", "RATE", "REMOVE_EMPTY", "RUNNING_SUM", "SORT"))


def step(node: Expression, kinds: list[ValueKind], scope: Scope) -> Step:
    """The step of a checked node whose parts have ``kinds``."""
    match node:
        case Number() | Text():
            return _constant(node.value)
        case Word():
            return _constant(node.name)
        case Id(name=name):
            return lambda run: run.value(name)
        case Unary():
            return _without_run(unary(node.operator, kinds[0]))
        case Binary():
            return _without_run(binary(node.operator, *kinds))
        case Array():
            return _array(node, kinds)
        case Call():
            return _call(node, kinds[0] if kinds else ValueKind.ARRAY, scope)
        case _:
            raise TypeError(f"{node!r} cannot be computed")


def depends_on_other_times(node: Call, kinds: list[ValueKind]) -> bool:
    """Whether the function computes a point from more than the points of that time."""
    if node.function in AGGREGATES:
        return kinds[0] is ValueKind.SERIES
    return node.function in _BEYOND_ITS_POINT or (node.function == "FILL" and kinds[1] is ValueKind.WORD)


def _constant(value: object) -> Step:
    return lambda _: value


def _without_run(function: Callable[..., Any]) -> Step:
    return lambda _, *values: function(*values)


def _array(node: Array, kinds: list[ValueKind]) -> Step:
    def gather(run: EvaluationInputs, *values: Any) -> Lines:
        lines: list[tuple[str, Points]] = []
        for item, kind, value in zip(node.items, kinds, values, strict=True):
            lines += value if kind is ValueKind.ARRAY else [(_item_label(run, item), value)]
        return lines

    return gather


def _item_label(run: EvaluationInputs, item: Expression) -> str:
    return run.label(item.name) if isinstance(item, Id) else unparse(item)


def _call(node: Call, first: ValueKind, scope: Scope) -> Step:
    """The step of a call whose first argument is of kind ``first``."""
    name = node.function
    if name in AGGREGATES:
        return _aggregate(name, first)
    if name in TRANSFORMS:
        return _lifted(lambda run, points: TRANSFORMS[name](run.grid, points), first)
    if name == "METRICS":
        names = selected(node, scope.metrics)
        return lambda run, *_: run.lines(names)
    if name == "IF":
        return _without_run(choose) if first is ValueKind.SERIES else _choose_whole
    if name == "FILL":
        return _lifted(lambda _, points, filler: fill(points, filler), first)
    return _counting(node) if name in ("SLICE", "SORT") else _OTHERS[name]


def _aggregate(name: str, first: ValueKind) -> Step:
    if first is ValueKind.SERIES:
        return lambda _, points: aggregate_series(name, points)
    return lambda run, lines: aggregate_array(name, lines, run.grid.count)


def _lifted(function: Step, first: ValueKind) -> Step:
    """A function of one series, for each series of an array if it is given one."""
    if first is ValueKind.SERIES:
        return function
    return lambda run, lines, *others: [(label, function(run, points, *others)) for label, points in lines]


def _choose_whole(run: EvaluationInputs, condition: Scalar, if_true: Points, if_false: Points | None = None) -> Points:
    """IF for a number as condition: one series or the other."""
    chosen = if_true if condition else if_false
    return run.grid.gaps() if condition is None or chosen is None else chosen


def _counting(node: Call) -> Step:
    if node.function == "SLICE":
        return lambda _, lines, *bounds: slice_array(lines, *whole_numbers(node, bounds))
    return lambda _, lines, aggregate, order, *limit: sort(lines, aggregate, order, *whole_numbers(node, limit))


_OTHERS: dict[str, Step] = {
    "FIRST": lambda run, lines: lines[0][1] if lines else run.grid.gaps(),
    "LAST": lambda run, lines: lines[-1][1] if lines else run.grid.gaps(),
    "METRIC_COUNT": lambda _, lines: float(len(lines)),
    "PERIOD": lambda run, _: float(run.grid.period),
    "REMOVE_EMPTY": lambda _, lines: remove_empty(lines),
    "TIME_SERIES": lambda run, number: [number] * run.grid.count,
}
