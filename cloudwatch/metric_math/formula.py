"""An expression made ready once, to be computed many times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwatch.metric_math.checking import NO_EXPRESSIONS, Scope, kind_in, kind_of
from cloudwatch.metric_math.evaluation import NO_RESULTS, EvaluationInputs, Result, kind_of_result, to_result
from cloudwatch.metric_math.expression_parser import parse
from cloudwatch.metric_math.grid import Grid
from cloudwatch.metric_math.mentions import references
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.steps import Step, depends_on_other_times, step
from cloudwatch.metric_math.syntax import Call, Expression, fold, parts
from cloudwatch.series import Series


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A checked expression. ``references`` are the ids it uses.

    ``range_dependent`` holds position and name of the functions that look beyond the point they compute: AVG of a
    time series, RUNNING_SUM, FILL with REPEAT, … Without any, no value depends on start and end, so a whole day
    may be computed at once. With one, an alarm sees what its evaluation range makes of it; AWS advises against that.
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
        """The result over [start, end): a Series, a list of them, or a number (None if there is no such number).

        ``metrics`` has the series of each id, ``expressions`` the results of other expressions. Time outside a
        series is a gap. The series of an array are labelled "label own-label".
        Raises ExpressionError if SORT or SLICE is told to count to something that is no count, KeyError for a missing
        series, and ValueError for one of another period or a range that is not made of periods.
        """
        run = EvaluationInputs(Grid.over(start, end, period), metrics, expressions)
        return to_result(self._run(run), self.kind, run.grid, label)

    def _run(self, run: EvaluationInputs) -> Any:
        stack: list[Any] = []
        for operation, count in self._steps:
            first = len(stack) - count
            stack[first:] = [operation(run, *stack[first:])]
        return stack[0]


def compile_expression(
    expression: Expression, metrics: Iterable[str], expressions: Mapping[str, ValueKind] = NO_EXPRESSIONS
) -> Formula:
    """The formula of an expression over these ids. Raises ExpressionError, as ``check`` does."""
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
    """Parses, checks and computes an expression once (see ``Formula.evaluate``). Raises ExpressionError, ValueError."""
    kinds = {name: kind_of_result(result) for name, result in expressions.items()}
    formula = compile_expression(parse(text), metrics, kinds)
    return formula.evaluate(metrics, period=period, start=start, end=end, expressions=expressions)
