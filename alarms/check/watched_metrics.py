"""Every metric that the definitions watch, with the place that names it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.dashboard.body import read_dashboard
from cloudwatch.metric import MetricId


@dataclass(frozen=True, slots=True)
class MetricUse:
    """One statistic of one metric. ``place`` is ``file: key path``; ``period`` is in seconds."""

    place: str
    metric: MetricId
    statistic: str
    period: int
    unit: str | None = None


def metric_uses(definition: Definition) -> Iterator[MetricUse]:
    """The metrics that one definition watches. The lint reports what cannot be read as a metric."""
    place = f"{definition.file}: {definition.kind}"
    if definition.kind is DefinitionKind.DASHBOARD:
        for graphed in read_dashboard(definition.parameters["DashboardBody"]).metrics:
            yield MetricUse(f"{place}.DashboardBody{graphed.path}", graphed.metric, graphed.statistic, graphed.period)
    else:
        yield from _uses_below(definition.parameters, place)


def _uses_below(value: Any, place: str) -> Iterator[MetricUse]:
    """A MetricName can stand in an alarm, in one of its queries, and in a target tracking policy."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _uses_below(item, f"{place}[{index}]")
    elif isinstance(value, Mapping) and "Metric" in value and "Stat" in value:
        yield _metric_use(value["Metric"], value, f"{place}.Metric")
    elif isinstance(value, Mapping) and "MetricName" in value:
        yield _metric_use(value, value, place)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _uses_below(item, f"{place}.{key}")


def _metric_use(metric: Mapping[str, Any], statistic_of: Mapping[str, Any], place: str) -> MetricUse:
    statistic = statistic_of.get("Stat") or statistic_of.get("Statistic") or statistic_of.get("ExtendedStatistic") or ""
    identity = MetricId.from_api(metric.get("Namespace", ""), metric["MetricName"], metric.get("Dimensions", []))
    return MetricUse(place, identity, statistic, statistic_of.get("Period", 60), statistic_of.get("Unit"))
