"""The metrics and expressions of one widget, with the shorthand of dashboards expanded.

Source: "Metric widget: format for each metric in the array" in "Dashboard body structure and syntax". An item "."
stands for the item at the same place in the metric before. A first item "..." stands for all the items that are left
out; this is not in the reference, but the console writes it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cloudwatch.dashboard.body_schema import Report
from cloudwatch.dashboard.widgets import RENDERING
from cloudwatch.metric import MetricId

_Setting = TypeVar("_Setting", int, str)

DEFAULT_PERIOD = 300
DEFAULT_STATISTIC = "Average"
DIMENSIONS_MAX = 30


@dataclass(frozen=True, slots=True)
class GraphedMetric:
    """A metric of a widget. ``path`` is its place in the body.

    ``region`` and ``account`` are None if neither the metric nor its widget names one. ``options`` are the rendering
    properties as written. ``period`` is in seconds.
    """

    path: str
    metric: MetricId
    statistic: str
    period: int
    region: str | None
    account: str | None
    id: str | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GraphedExpression:
    """Metric math, a SEARCH or a query of Metrics Insights."""

    path: str
    expression: str
    period: int
    region: str | None
    account: str | None
    id: str | None
    options: Mapping[str, Any]

    @property
    def is_drawn(self) -> bool:
        """Whether its own result is shown, and not only those of expressions that refer to it."""
        return self.options.get("visible") is not False


Graphed = GraphedMetric | GraphedExpression


def read_graphed(properties: Mapping[str, Any], path: str, report: Report) -> list[Graphed]:
    """The metrics and expressions in the ``properties`` of the metric widget at ``path``.

    Entries that cannot be read are left out, and their problems go to the report.
    """
    entries = properties.get("metrics")
    if not isinstance(entries, list):
        return []
    graphed = list(_read_entries(entries, properties, f"{path}/metrics", report))
    ids = Counter(each.id for each in graphed if each.id is not None)
    for each in graphed:
        if each.id is not None and ids[each.id] > 1:
            report.refuse(each.path, f"The id '{each.id}' is used more than once")
    return graphed


def _read_entries(
    entries: Sequence[Any], properties: Mapping[str, Any], path: str, report: Report
) -> Iterator[Graphed]:
    before: list[str] = []
    for index, entry in enumerate(entries):
        reader = _EntryReader(f"{path}/{index}", properties, report)
        parts, options = reader.split(entry)
        if "expression" in options:
            yield from reader.expression(parts, options)
        elif parts := reader.expand(parts, before):
            yield from reader.metric(parts, options)
            before = parts


@dataclass(frozen=True, slots=True)
class _EntryReader:
    """Reads one entry of the ``metrics`` of a widget."""

    path: str
    properties: Mapping[str, Any]
    report: Report

    def split(self, entry: Any) -> tuple[list[str], Mapping[str, Any]]:
        """The strings of an entry, and the object at its end."""
        if not isinstance(entry, list) or not entry:
            self.report.refuse(self.path, "Should be array" if not isinstance(entry, list) else "Should NOT be empty")
            return [], {}
        *parts, last = entry
        options = last if isinstance(last, Mapping) else {}
        RENDERING(options, f"{self.path}/{len(parts)}", self.report)
        parts = parts if isinstance(last, Mapping) else entry
        for index, part in enumerate(parts):
            if not isinstance(part, str):
                message = 'Invalid metric field type, only "String" type is allowed'
                self.report.refuse(f"{self.path}/{index}", message)
                return [], options
        return parts, options

    def expand(self, parts: list[str], before: list[str]) -> list[str]:
        """The items, with shorthand replaced from the metric before; empty if they do not name a metric."""
        if parts[:1] == ["..."]:
            left_out = len(before) - len(parts) + 1
            if not before or left_out < 0:
                self.report.refuse(f"{self.path}/0", "'...' has no metric before it to repeat")
                return []
            parts = before[:left_out] + parts[1:]
        for index, part in enumerate(parts):
            if part == "." and index >= len(before):
                self.report.refuse(self.path, f"'.' as item {index} has no item before it to repeat")
                return []
        return self._valid([before[index] if part == "." else part for index, part in enumerate(parts)])

    def _valid(self, parts: list[str]) -> list[str]:
        """The items, or an empty list if they are not a namespace, a name and pairs of dimensions."""
        names = parts[2::2]
        if len(parts) < 2:
            message = "Should NOT have less than 2 items"
        elif len(parts) % 2:
            message = f"The dimension '{parts[-1]}' has no value"
        elif len(set(names)) < len(names):
            message = "A dimension is used twice"
        elif len(names) > DIMENSIONS_MAX:
            message = f"Should NOT have more than {DIMENSIONS_MAX} dimensions, there are {len(names)}"
        else:
            return parts
        self.report.refuse(self.path, message)
        return []

    def metric(self, parts: list[str], options: Mapping[str, Any]) -> Iterator[GraphedMetric]:
        namespace, name, *dimensions = parts
        metric = MetricId.of(namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True)))
        yield GraphedMetric(
            self.path,
            metric,
            self._setting(options, "stat", DEFAULT_STATISTIC),
            self._setting(options, "period", DEFAULT_PERIOD),
            self._setting(options, "region", "") or None,
            self._setting(options, "accountId", "") or None,
            _id(options),
            options,
        )

    def expression(self, parts: list[str], options: Mapping[str, Any]) -> Iterator[GraphedExpression]:
        if parts:
            self.report.refuse(self.path, "An expression must be alone in its array")
        if isinstance(options["expression"], str):
            yield GraphedExpression(
                self.path,
                options["expression"],
                self._setting(options, "period", DEFAULT_PERIOD),
                self._setting(options, "region", "") or None,
                self._setting(options, "accountId", "") or None,
                _id(options),
                options,
            )

    def _setting(self, options: Mapping[str, Any], name: str, default: _Setting) -> _Setting:
        """The setting of the metric, else that of the widget. The schema has already refused a wrong type."""
        for holder in (options, self.properties):
            value = holder.get(name)
            if isinstance(value, type(default)):
                return value
        return default


def _id(options: Mapping[str, Any]) -> str | None:
    value = options.get("id")
    return value if isinstance(value, str) else None
