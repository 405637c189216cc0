"""What the values of an alarm are, in words: metric, statistic, period, unit."""

from collections.abc import Mapping
from typing import Any

from alarms.definition_files import Definition
from alarms.recording import Recording
from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.watched import WatchedMath, WatchedMetric
from cloudwatch.alarm.watched_query import WatchedQuery

SIGNS = {
    Comparison.GREATER: ">",
    Comparison.GREATER_OR_EQUAL: "≥",
    Comparison.LESS: "<",
    Comparison.LESS_OR_EQUAL: "≤",
}


def name_values(definition: Definition, alarm: MetricAlarm, recording: Recording) -> list[str]:
    """The lines of an axis: metric, statistic and period, unit; or label, expression and period of what is returned."""
    period = period_text(alarm.period)
    if isinstance(alarm.watched, WatchedMetric):
        statistic = alarm.watched.statistic
        unit = "number of values" if statistic == "SampleCount" else _unit(alarm.watched, recording)
        return [alarm.watched.metric.name, f"{statistic} over {period}", unit]
    texts = [str(text) for text in (_returned(definition, "Label"), _returned(definition, "Expression")) if text]
    return [*dict.fromkeys(texts), f"over {period}"]


def name_inputs(definition: Definition, alarm: MetricAlarm) -> str:
    """The metrics and expressions that the values are made of, by id, or the query that selects the metrics."""
    match alarm.watched:
        case WatchedMetric(metric=metric):
            return str(metric)
        case WatchedMath(metrics=metrics):
            inputs = {name: f"{each.statistic} of {each.metric}" for name, each in metrics.items()}
            entries = [entry for entry in definition.parameters["Metrics"] if not _is_returned(entry)]
            return ", ".join(f"{e['Id']} = {inputs.get(e['Id'], e.get('Expression'))}" for e in entries)
        case WatchedQuery():
            return str(_returned(definition, "Expression"))


def condition_text(alarm: MetricAlarm) -> str:
    """``ALARM when > 20 in 2 of 3 periods of 1 min; missing data: notBreaching``."""
    periods = f"{alarm.datapoints_to_alarm} of {alarm.evaluation_periods} periods of {period_text(alarm.period)}"
    sign = SIGNS[alarm.comparison]
    return f"ALARM when {sign} {alarm.threshold:,.12g} in {periods}; missing data: {alarm.treat_missing_data}"


def period_text(seconds: int) -> str:
    """``90 s``, ``5 min``, ``1 h``: in the largest unit that needs no fraction."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _returned(definition: Definition, member: str) -> Any:
    """A member of the entry of ``Metrics`` whose values the alarm watches."""
    return next(entry for entry in definition.parameters["Metrics"] if _is_returned(entry)).get(member)


def _is_returned(entry: Mapping[str, Any]) -> bool:
    return entry.get("ReturnData", True) is not False


def _unit(watched: WatchedMetric, recording: Recording) -> str:
    units = [watched.unit] if watched.unit else sorted(recording.store.units(watched.metric))
    return " or ".join("no unit" if unit == "None" else unit for unit in units)
