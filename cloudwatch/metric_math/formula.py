"""An expression that is checked and compiled once, and then computed many times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwatch.metric_math.checking import NO_EXPRESSIONS, Scope, kind_in, kind_of
from cloudwatch.metric_math.evaluation import (
    NO_RESULTS,
    EvaluationInputs,
    Result,
    SeriesInputs,
    kind_of_result,
    to_result,
)
from cloudwatch.metric_math.expression_parser import parse
from cloudwatch.metric_math.grid import AlignedGrid
from cloudwatch.metric_math.mentions import references
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.steps import Step, depends_on_other_times, step
from cloudwatch.metric_math.syntax import Call, Expression, fold, parts
from cloudwatch.series import Series


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A checked expression. ``references`` are the ids that it uses.

    ``range_dependent`` has the position and name of each function that computes a point from other points too: AVG of a
    time series, RUNNING_SUM, FILL with REPEAT, … If there is none, no value depends on start and end, so a whole day
    may be computed at once. If there is one, the result in an alarm depends on its evaluation range. AWS advises
    against such alarms.
    """

    expression: Expression
    kind: ValueKind
    references: frozenset[str]
    range_dependent: tuple[tuple[int, str], ...]
    _steps: tuple[tuple[Step, int], ...] = field(repr=False)

    def evaluate(
        self,
        metrics: Mapping[str, Series],
        *,
        period: int,
        start: int,
        end: int,
        expressions: Mapping[str, Result] = NO_RESULTS,
        label: str = "",
    ) -> Result:
        """The result over [start, end): a Series, a list of Series, or a number (None if it does not exist).

        ``metrics`` has the series of each id, ``expressions`` the results of other expressions. Times outside a series
        are gaps. The series of an array are labelled "label own-label".
        Raises ExpressionError if a count of SORT or SLICE is not a whole number from 0, KeyError for a missing series,
        and ValueError for a series of another period or a range that is not made of periods.
        """
        grid = AlignedGrid.over(start, end, period)
        return to_result(self.compute(SeriesInputs(grid, metrics, expressions)), self.kind, grid, label)

    def compute(self, inputs: EvaluationInputs) -> Any:
        """The points, lines or number that the expression gives. Raises ExpressionError like ``evaluate``."""
        stack: list[Any] = []
        for operation, count in self._steps:
            first = len(stack) - count
            stack[first:] = [operation(inputs, *stack[first:])]
        return stack[0]


def compile_expression(
    expression: Expression, metrics: Iterable[str], expressions: Mapping[str, ValueKind] = NO_EXPRESSIONS
) -> Formula:
    """The formula of an expression over these ids. Raises ExpressionError like ``check``."""
    scope = Scope(tuple(metrics), expressions)
    kind_in(expression, scope)
    steps: list[tuple[Step, int]] = []
    beyond: list[tuple[int, str]] = []

    def compiled(node: Expression, kinds: list[ValueKind]) -> ValueKind:
        steps.append((step(node, kinds, scope), len(parts(node))))
        if isinstance(node, Call) and depends_on_other_times(node, kinds):
            beyond.append((node.position, node.function))
        return kind_of(node, kinds, scope)

    kind = fold(expression, compiled)
    return Formula(expression, kind, references(expression, scope.metrics), tuple(sorted(beyond)), tuple(steps))


def evaluate(
    text: str,
    metrics: Mapping[str, Series],
    *,
    period: int,
    start: int,
    end: int,
    expressions: Mapping[str, Result] = NO_RESULTS,
) -> Result:
    """Parse, check and compute an expression once (see ``Formula.evaluate``). Raises ExpressionError, ValueError."""
    kinds = {name: kind_of_result(result) for name, result in expressions.items()}
    formula = compile_expression(parse(text), metrics, kinds)
    return formula.evaluate(metrics, period=period, start=start, end=end, expressions=expressions)
