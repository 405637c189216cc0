"""What an expression finds while it is computed: the times, and the values of the ids."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cloudwatch.metric_math.grid import Grid, Lines, Points
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.series import Series

Result = Series | float | None | list[Series]  # a float or None is a S, a list is a TS[]
NO_RESULTS: Mapping[str, Result] = MappingProxyType({})


class EvaluationInputs:
    """One computation of an expression over the times of ``grid``."""

    def __init__(self, grid: Grid, metrics: Mapping[str, Series], expressions: Mapping[str, Result]) -> None:
        self.grid = grid
        self._metrics = metrics
        self._expressions = expressions
        self._laid: dict[str, Points] = {}

    def value(self, name: str) -> Any:
        """Points, lines or a number. Raises ValueError for a series of another period."""
        given = self._given(name)
        if isinstance(given, Series):
            return self._points(name, given)
        if isinstance(given, list):
            return [(series.label or name, self.grid.align(name, series)) for series in given]
        return given

    def label(self, name: str) -> str:
        """The label of a single series."""
        given = self._given(name)
        return (given.label if isinstance(given, Series) else "") or name

    def lines(self, names: list[str]) -> Lines:
        return [(self.label(name), self.value(name)) for name in names]

    def _given(self, name: str) -> Result:
        return self._metrics[name] if name in self._metrics else self._expressions[name]

    def _points(self, name: str, series: Series) -> Points:
        if name not in self._laid:
            self._laid[name] = self.grid.align(name, series)
        return self._laid[name]


def kind_of_result(result: Result) -> ValueKind:
    """The kind of a result that was computed already."""
    if isinstance(result, Series):
        return ValueKind.SERIES
    return ValueKind.ARRAY if isinstance(result, list) else ValueKind.SCALAR


def to_result(value: Any, kind: ValueKind, grid: Grid, label: str) -> Result:
    """A value as the outside sees it; the series of an array are labelled "label own-label"."""
    if kind is ValueKind.SERIES:
        return grid.series(value, label)
    if kind is ValueKind.ARRAY:
        return [grid.series(points, f"{label} {own}".strip()) for own, points in value]
    number: float | None = value
    return number
