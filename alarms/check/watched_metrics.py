"""Every metric that the definitions watch, with the place that names it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.dashboard.expressions import widget_selections
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.metric_math import Selection, parse, selections


@dataclass(frozen=True, slots=True)
class MetricUse:
    """One statistic of one metric. ``key`` is a path below the parameters; ``period`` is in seconds."""

    definition: Definition
    key: str
    metric: MetricId
    statistic: str
    period: int
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class SelectionUse:
    """A SEARCH or a query of Metrics Insights in the expression at ``key``."""

    definition: Definition
    key: str
    selection: Selection

    @property
    def namespace(self) -> str | None:
        """The namespace of the selected metrics; None if a search names none."""
        query = self.selection.query
        return query.namespace.text if isinstance(query, SelectQuery) else query.namespace


def metric_uses(definition: Definition) -> Iterator[MetricUse]:
    """The metrics that one definition names. Unreadable ones are left out; the check of the call reports them."""
    if definition.kind is DefinitionKind.DASHBOARD:
        for each in definition.dashboard.metrics:
            yield MetricUse(definition, f"DashboardBody{each.path}", each.metric, each.statistic, each.period)
    else:
        yield from _uses_below(definition, definition.parameters, "")


def _uses_below(definition: Definition, value: Any, key: str) -> Iterator[MetricUse]:
    """A MetricName can stand in an alarm, in one of its queries, and in a target tracking policy."""
    below = f"{key}." if key else ""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _uses_below(definition, item, f"{key}[{index}]")
    elif isinstance(value, Mapping) and "Metric" in value and "Stat" in value:
        yield _metric_use(definition, f"{below}Metric", value["Metric"], value)
    elif isinstance(value, Mapping) and value.get("MetricName") is not None:
        yield _metric_use(definition, key, value, value)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _uses_below(definition, item, f"{below}{name}")


def _metric_use(
    definition: Definition, key: str, metric: Mapping[str, Any], statistic_of: Mapping[str, Any]
) -> MetricUse:
    statistic = statistic_of.get("Stat") or statistic_of.get("Statistic") or statistic_of.get("ExtendedStatistic") or ""
    identity = MetricId.from_api(metric.get("Namespace", ""), metric["MetricName"], metric.get("Dimensions") or [])
    return MetricUse(definition, key, identity, statistic, statistic_of.get("Period") or 60, statistic_of.get("Unit"))


def selection_uses(definition: Definition) -> Iterator[SelectionUse]:
    """The readable searches and queries of one definition. The checks of expressions report the others."""
    if definition.kind is DefinitionKind.DASHBOARD:
        for widget in definition.dashboard.widgets:
            for holder, selection in widget_selections(widget):
                yield SelectionUse(definition, f"DashboardBody{holder.path}/0/expression", selection)
    elif definition.kind is DefinitionKind.METRIC_ALARM:
        for index, entry in enumerate(definition.parameters.get("Metrics") or ()):
            if entry.get("Expression") is not None:
                for selection in selections(parse(entry["Expression"])):
                    yield SelectionUse(definition, f"Metrics[{index}].Expression", selection)
