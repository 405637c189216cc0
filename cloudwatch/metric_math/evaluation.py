"""One evaluation of an expression: the inputs of its steps, and the conversion of their result."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from cloudwatch.metric_math.grid import AlignedGrid, Grid, Lines, Points
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.series import Series

Result = Series | float | None | list[Series]  # S: a float or None; TS[]: a list
NO_RESULTS: Mapping[str, Result] = MappingProxyType({})


class EvaluationInputs(Protocol):
    """The times of one evaluation (``grid``), and the values of the ids at these times."""

    @property
    def grid(self) -> Grid: ...
    def value(self, name: str) -> Any:
        """The value of an id: points, lines or a number."""

    def label(self, name: str) -> str:
        """The label of the single series of an id."""

    def lines(self, names: list[str]) -> Lines:
        """The series of several ids, with their labels."""


class PointInputs:
    """Inputs whose values are at the times of the grid already. A label is the id."""

    def __init__(self, grid: Grid, values: Mapping[str, Any]) -> None:
        self.grid = grid
        self.values = dict(values)

    def value(self, name: str) -> Any:
        return self.values[name]

    def label(self, name: str) -> str:
        return name

    def lines(self, names: list[str]) -> Lines:
        return [(name, self.values[name]) for name in names]


class SeriesInputs:
    """Inputs that are series, as in a graph: they are brought to the times of the grid."""

    def __init__(self, grid: AlignedGrid, metrics: Mapping[str, Series], expressions: Mapping[str, Result]) -> None:
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


def to_result(value: Any, kind: ValueKind, grid: AlignedGrid, label: str) -> Result:
    """Convert ``value``, the output of the last step, to a result.

    The series of an array are labelled "label own-label".
    """
    if kind is ValueKind.SERIES:
        return grid.series(value, label)
    if kind is ValueKind.ARRAY:
        return [grid.series(points, f"{label} {own}".strip()) for own, points in value]
    number: float | None = value
    return number
