"""One entry of GetMetricData, or of the ``Metrics`` of an alarm or a widget: a metric or an expression."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cloudwatch.metric_math.errors import QueryError


@dataclass(frozen=True, slots=True)
class Query:
    """One entry. Without an ``expression`` it is a metric.

    ``label`` None means that no label is given; "" means that no label is wanted. ``period`` is in seconds.
    """

    id: str
    expression: str | None = None
    label: str | None = None
    return_data: bool = True
    period: int | None = None

    @classmethod
    def from_api(cls, entry: Mapping[str, Any]) -> Self:
        """The entry of a MetricDataQuery (``{"Id": …, "Expression" or "MetricStat": …}``). Raises QueryError."""
        name = _member(entry, "Id", str, "?")
        if name is None or (entry.get("Expression") is None) == (entry.get("MetricStat") is None):
            raise QueryError(name or "?", "an entry has an Id, and either an Expression or a MetricStat")
        metric = _member(entry, "MetricStat", dict, name)
        return_data = _member(entry, "ReturnData", bool, name)
        return cls(
            id=name,
            expression=_member(entry, "Expression", str, name),
            label=_member(entry, "Label", str, name),
            return_data=return_data is not False,
            period=_member(metric or entry, "Period", int, name),
        )


def _member(entry: Mapping[str, Any], name: str, kind: type, query_id: str) -> Any:
    value = entry.get(name)
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise QueryError(query_id, f"{name} is not of type {kind.__name__}")
    return value
