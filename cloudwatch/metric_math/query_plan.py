"""Queries that refer to each other, compiled once and computed together many times."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudwatch.metric_math.errors import ExpressionError, QueryError
from cloudwatch.metric_math.evaluation import PointInputs, Result
from cloudwatch.metric_math.formula import Formula, compile_expression
from cloudwatch.metric_math.grid import AlignedGrid, Grid, Points
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.resolution import resolve
from cloudwatch.series import Series


class QueryPlan:
    """The queries of one request. ``formulas`` are those of the expressions, each after the ones that it refers to.

    Raises QueryError if CloudWatch would refuse the queries (the first of ``query_problems``).
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
        """The result of each id over [start, end), including the ids with ``return_data`` false.

        ``metrics`` has the series of each query without expression. A result has the label of its query, else that of
        its series, else its id. The series of an array are labelled "label own-label".
        Raises QueryError if a count of SORT or SLICE is not a whole number from 0, KeyError for a missing series, and
        ValueError like ``Formula.evaluate``.
        """
        grid = AlignedGrid.over(start, end, period)
        series = {
            name: grid.series(grid.align(name, metrics[name]), self._label(name, metrics[name].label or name))
            for name in self._metrics
        }
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

    def compute(self, grid: Grid, points: Mapping[str, Points]) -> dict[str, Any]:
        """The points, lines or number of each id at the times of ``grid``. ``points`` has the points of the metrics.

        Raises QueryError like ``evaluate``.
        """
        inputs = PointInputs(grid, points)
        for name, formula in self.formulas.items():
            try:
                inputs.values[name] = formula.compute(inputs)
            except ExpressionError as error:
                raise QueryError.within(name, error) from error
        return inputs.values

    def _label(self, name: str, otherwise: str) -> str:
        label = self._labels[name]
        return otherwise if label is None else label


def evaluate_queries(
    queries: Sequence[Query], metrics: Mapping[str, Series], *, period: int, start: int, end: int
) -> dict[str, Result]:
    """Parse, check and compute queries once (see ``QueryPlan``)."""
    return QueryPlan(queries).evaluate(metrics, period=period, start=start, end=end)
