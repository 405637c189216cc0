"""Every metric that the definitions watch, with the place that names it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.dashboard.body import read_dashboard
from cloudwatch.metric import MetricId


@dataclass(frozen=True, slots=True)
class MetricUse:
    """One statistic of one metric. ``place`` is ``file: key path``; ``period`` in seconds."""

    definition: Definition
    place: str
    metric: MetricId
    statistic: str
    period: int
    unit: str | None = None


def watches(definition: Definition) -> Iterator[MetricUse]:
    """What one definition watches; what cannot be read as a metric is left to the lint."""
    if definition.kind is DefinitionKind.DASHBOARD:
        yield from _of_dashboard(definition)
    else:
        yield from _of_call(definition, definition.parameters, f"{definition.file}: {definition.kind}")


def _of_dashboard(definition: Definition) -> Iterator[MetricUse]:
    for graphed in read_dashboard(definition.parameters["DashboardBody"]).metrics:
        place = f"{definition.file}: {definition.kind}.DashboardBody{graphed.path}"
        yield MetricUse(definition, place, graphed.metric, graphed.statistic, graphed.period)


def _of_call(definition: Definition, value: Any, place: str) -> Iterator[MetricUse]:
    """Wherever the parameters have a MetricName: in an alarm, in one of its queries, in a target tracking policy."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of_call(definition, item, f"{place}[{index}]")
    elif isinstance(value, Mapping) and "Metric" in value and "Stat" in value:
        yield _watch(definition, value["Metric"], value, f"{place}.Metric")
    elif isinstance(value, Mapping) and "MetricName" in value:
        yield _watch(definition, value, value, place)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _of_call(definition, item, f"{place}.{key}")


def _watch(definition: Definition, metric: Mapping[str, Any], stat: Mapping[str, Any], place: str) -> MetricUse:
    statistic = stat.get("Stat") or stat.get("Statistic") or stat.get("ExtendedStatistic") or ""
    identity = MetricId.from_api(metric.get("Namespace", ""), metric["MetricName"], metric.get("Dimensions", []))
    return MetricUse(definition, place, identity, statistic, stat.get("Period", 60), stat.get("Unit"))
