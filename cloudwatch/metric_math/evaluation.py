"""One evaluation of an expression: the inputs of its steps, and the conversion of their result."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cloudwatch.metric_math.grid import Grid, Lines, Points
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.series import Series

Result = Series | float | None | list[Series]  # a float or None is an S, a list is a TS[]
NO_RESULTS: Mapping[str, Result] = MappingProxyType({})


class EvaluationInputs:
    """The times of one evaluation (``grid``), and the values of the ids at these times."""

    def __init__(self, grid: Grid, metrics: Mapping[str, Series], expressions: Mapping[str, Result]) -> None:
        self.grid = grid
        self._metrics = metrics
        self._expressions = expressions
        self._aligned: dict[str, Points] = {}

    def value(self, name: str) -> Any:
        """The value of an id: points, lines or a number. Raises ValueError for a series of another period."""
        result = self._result(name)
        if isinstance(result, Series):
            if name not in self._aligned:
                self._aligned[name] = self.grid.align(name, result)
            return self._aligned[name]
        if isinstance(result, list):
            return [(series.label or name, self.grid.align(name, series)) for series in result]
        return result

    def label(self, name: str) -> str:
        """The label of the single series of an id."""
        result = self._result(name)
        return (result.label if isinstance(result, Series) else "") or name

    def lines(self, names: list[str]) -> Lines:
        return [(self.label(name), self.value(name)) for name in names]

    def _result(self, name: str) -> Result:
        return self._metrics[name] if name in self._metrics else self._expressions[name]


def kind_of_result(result: Result) -> ValueKind:
    if isinstance(result, Series):
        return ValueKind.SERIES
    return ValueKind.ARRAY if isinstance(result, list) else ValueKind.SCALAR


def to_result(value: Any, kind: ValueKind, grid: Grid, label: str) -> Result:
    """The result that ``value``, the output of the last step, stands for.

    The series of an array are labelled "label own-label".
    """
    if kind is ValueKind.SERIES:
        return grid.series(value, label)
    if kind is ValueKind.ARRAY:
        return [grid.series(points, f"{label} {own}".strip()) for own, points in value]
    number: float | None = value
    return number
