"""Queries that refer to each other, made ready once, to be computed together many times."""

from collections.abc import Mapping, Sequence

from cloudwatch.metric_math.errors import ExpressionError, QueryError
from cloudwatch.metric_math.evaluation import Result
from cloudwatch.metric_math.formula import Formula, compile_expression
from cloudwatch.metric_math.grid import Grid
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.resolution import resolve
from cloudwatch.series import Series


class QueryPlan:
    """The queries of one request. Raises QueryError for what CloudWatch would refuse (the first ``query_problems``).

    ``formulas`` are those of the expressions, each after the ones it refers to.
    """

    def __init__(self, queries: Sequence[Query]) -> None:
        resolution = resolve(queries)
        if resolution.problems:
            raise resolution.problems[0]
        self._metrics = resolution.metrics
        self._labels = {query.id: query.label for query in queries}
        self.formulas: Mapping[str, Formula] = {
            name: compile_expression(expression, resolution.metrics, resolution.kinds)
            for name, expression in resolution.expressions.items()
        }

    def evaluate(self, metrics: Mapping[str, Series], *, period: int, start: int, end: int) -> dict[str, Result]:
        """The result of each id over [start, end), also of those with ``return_data`` false.

        ``metrics`` has the series of each query without expression. A result is labelled as its query says, else
        as its series, else with its id; the series of an array "label own-label".
        Raises QueryError if SORT or SLICE is told to count to something that is no count, KeyError for a missing
        series, and ValueError as ``Formula.evaluate`` does.
        """
        grid = Grid.over(start, end, period)
        series = {name: self._laid(name, metrics[name], grid) for name in self._metrics}
        results: dict[str, Result] = {}
        for name, formula in self.formulas.items():
            label = self._label(name, name)
            try:
                results[name] = formula.evaluate(
                    series, period=period, start=start, end=end, expressions=results, label=label
                )
            except ExpressionError as error:
                raise QueryError.within(name, error) from error
        return series | results

    def _laid(self, name: str, series: Series, grid: Grid) -> Series:
        return grid.series(grid.align(name, series), self._label(name, series.label or name))

    def _label(self, name: str, otherwise: str) -> str:
        label = self._labels[name]
        return otherwise if label is None else label


def evaluate_queries(
    queries: Sequence[Query], metrics: Mapping[str, Series], *, period: int, start: int, end: int
) -> dict[str, Result]:
    """Reads, checks and computes queries once (see ``QueryPlan``)."""
    return QueryPlan(queries).evaluate(metrics, period=period, start=start, end=end)
