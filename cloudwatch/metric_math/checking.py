"""Checks an expression before any data is read, as CloudWatch does, and finds the kind of its result."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cloudwatch.insights import SelectQuery
from cloudwatch.metric_math.errors import ExpressionError
from cloudwatch.metric_math.mentions import read_selection
from cloudwatch.metric_math.signatures import REMOTE, Signature, ValueKind, variants
from cloudwatch.metric_math.syntax import (
    Array,
    Binary,
    Call,
    Expression,
    Id,
    InsightsQuery,
    Number,
    Text,
    Unary,
    Word,
    beginning,
    fold,
)

NO_EXPRESSIONS: Mapping[str, ValueKind] = MappingProxyType({})
ARITHMETIC = frozenset("+-*/%^")
_VALUES = (ValueKind.SCALAR, ValueKind.SERIES, ValueKind.ARRAY)
_COUNTS_FROM = {"SLICE": 1, "SORT": 3}  # the index of the first argument that counts time series


@dataclass(frozen=True, slots=True)
class Scope:
    """The names to which an expression may refer: ids of metrics, in the order of the request, and of expressions.

    ``offline`` refuses functions that only CloudWatch can compute.
    """

    metrics: tuple[str, ...]
    expressions: Mapping[str, ValueKind]
    offline: bool = True


def check(
    expression: Expression,
    metrics: Collection[str],
    expressions: Mapping[str, ValueKind] = NO_EXPRESSIONS,
    *,
    offline: bool = True,
) -> ValueKind:
    """The kind of the result: S, TS or TS[].

    ``metrics`` are the ids of metrics, and ``expressions`` those of other expressions with their kinds. If ``offline``
    is false, functions that only CloudWatch can compute (SEARCH) are allowed, as in a dashboard that is only validated.
    CloudWatch refuses a query whose whole result is an S (``query_problems``), but an S may be part of an expression.
    Raises ExpressionError for an unknown id, and for a wrong number or kind of arguments.
    """
    return kind_in(expression, Scope(tuple(metrics), expressions, offline))


def kind_in(root: Expression, scope: Scope) -> ValueKind:
    """The kind of the result, like ``check``, but with a Scope."""
    kind = fold(root, lambda node, kinds: kind_of(node, kinds, scope))
    if kind not in _VALUES:
        raise ExpressionError(root.position, f"a {kind} is only an argument of a function")
    return kind


def kind_of(node: Expression, kinds: list[ValueKind], scope: Scope) -> ValueKind:
    """The kind of one node, from the ``kinds`` of its parts. Raises ExpressionError."""
    match node:
        case Number():
            return ValueKind.SCALAR
        case Text():
            return ValueKind.TEXT
        case Word():
            return ValueKind.WORD
        case Id():
            return _kind_of_id(node, scope)
        case Unary():
            return _kind_of_unary(node, kinds[0])
        case Binary():
            return _kind_of_binary(node, *kinds)
        case Array():
            return _kind_of_array(node, kinds)
        case Call():
            return _kind_of_call(node, kinds, scope)
        case InsightsQuery():
            selection = read_selection(node)
            grouped = selection is not None and isinstance(selection.query, SelectQuery) and selection.query.group_by
            _refuse_offline(node, "a Metrics Insights query", scope)
            return ValueKind.ARRAY if grouped else ValueKind.SERIES


def _kind_of_id(node: Id, scope: Scope) -> ValueKind:
    if node.name in scope.metrics:
        return ValueKind.SERIES
    if node.name in scope.expressions:
        return scope.expressions[node.name]
    near = difflib.get_close_matches(node.name, (*scope.metrics, *scope.expressions), n=1)
    hint = f", did you mean {near[0]}?" if near else ""
    raise ExpressionError(node.position, f"unknown id {node.name!r}{hint}")


def _kind_of_unary(node: Unary, operand: ValueKind) -> ValueKind:
    allowed = _VALUES if node.operator == "-" else (ValueKind.SCALAR, ValueKind.SERIES)
    if operand not in allowed:
        raise ExpressionError(node.position, f"{node.operator!r} does not take a {operand}")
    return operand


def _kind_of_binary(node: Binary, left: ValueKind, right: ValueKind) -> ValueKind:
    """AWS documents arithmetic with one array, but no comparison or logic with an array."""
    kinds = {left, right}
    arrays = (left, right).count(ValueKind.ARRAY)
    if not kinds <= set(_VALUES) or arrays > (node.operator in ARITHMETIC):
        raise ExpressionError(node.position, f"{node.operator!r} does not take a {left} and a {right}")
    return next(kind for kind in reversed(_VALUES) if kind in kinds)


def _kind_of_array(node: Array, kinds: list[ValueKind]) -> ValueKind:
    if not kinds:
        raise ExpressionError(node.position, "an array of no time series")
    if set(kinds) == {ValueKind.TEXT}:
        return ValueKind.TEXTS
    for item, kind in zip(node.items, kinds, strict=True):
        if kind not in (ValueKind.SERIES, ValueKind.ARRAY):
            raise ExpressionError(beginning(item), f"an array holds time series, not a {kind}")
    return ValueKind.ARRAY


def _kind_of_call(node: Call, kinds: list[ValueKind], scope: Scope) -> ValueKind:
    signatures = variants(node.function)
    fitting = [variant for variant in signatures if len(variant.parameters) == len(kinds)]
    if not fitting:
        counts = sorted({len(variant.parameters) for variant in signatures})
        allowed = f"{counts[0]} to {counts[-1]}" if len(counts) > 2 else " or ".join(map(str, counts))
        plural = "" if counts == [1] else "s"
        raise ExpressionError(node.position, f"{node.function} takes {allowed} argument{plural}, not {len(kinds)}")
    for index, argument in enumerate(node.arguments):
        accepted = [variant for variant in fitting if _fits(variant.parameters[index], argument, kinds[index], scope)]
        if not accepted:
            raise ExpressionError(beginning(argument), _wrong_argument(node, index, kinds[index], fitting))
        fitting = accepted
    _check_literal_counts(node)
    read_selection(node)
    if node.function in REMOTE:
        _refuse_offline(node, node.function, scope)
    return fitting[0].result


def _fits(parameter: frozenset[str], argument: Expression, kind: ValueKind, scope: Scope) -> bool:
    if isinstance(argument, Word):
        return argument.name in parameter
    if "metric" in parameter:
        return isinstance(argument, Id) and argument.name in scope.metrics
    return kind in parameter


def _wrong_argument(node: Call, index: int, kind: ValueKind, fitting: list[Signature]) -> str:
    allowed = sorted(frozenset().union(*(variant.parameters[index] for variant in fitting)))
    argument = node.arguments[index]
    given = argument.name if isinstance(argument, Word) else f"a {kind}"
    return f"argument {index + 1} of {node.function} is {given}; it may be {' or '.join(allowed)}"


def _check_literal_counts(node: Call) -> None:
    """Check the numbers of time series that are literals. The others are known only when they are computed."""
    for argument in node.arguments[_COUNTS_FROM.get(node.function, len(node.arguments)) :]:
        match argument:
            case Number(value=value):
                whole_number(value, beginning(argument), node.function)
            case Unary(operator="-", operand=Number(value=value)):
                whole_number(-value, beginning(argument), node.function)


def whole_number(value: float | None, position: int, function: str) -> int:
    """A limit of SORT or a bound of SLICE. Raises ExpressionError if the value is not a whole number from 0."""
    if value is None or value < 0 or value % 1:
        given = None if value is None else f"{value:g}"
        raise ExpressionError(position, f"{function} counts time series: it needs a whole number from 0, not {given}")
    return int(value)


def _refuse_offline(node: Expression, what: str, scope: Scope) -> None:
    if scope.offline:
        raise ExpressionError(node.position, f"{what} cannot be computed offline: only CloudWatch has the answer")
