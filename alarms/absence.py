"""Explains why a recording has no data for an alarm. Otherwise the alarm would look like one without a breach."""

from collections.abc import Collection, Iterator, Sequence

from alarms.near_metrics import near_text
from alarms.open_values import OpenValue, open_in
from alarms.recording import Recording, watched_values
from alarms.selection_faults import selection_faults, selection_texts
from alarms.wording import utc_minute
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId

NAMESPACES_MAX = 3


def missing_data(alarm: MetricAlarm, recording: Recording, open_values: Sequence[OpenValue] = ()) -> list[str]:
    """A sentence for each metric of the alarm that the recording does not have, each metric once.

    ``open_values`` are those of its definition. No recording has a metric whose name or dimension has a placeholder.
    """
    if isinstance(alarm.watched, WatchedQuery):
        if has_data(alarm, recording):
            return []
        return [_why_nothing_is_selected(alarm.watched.query, recording, open_values)]
    missing = (each for each in watched_values(alarm) if not _is_there(each, recording))
    return list(dict.fromkeys(_why_missing(each, recording, open_values) for each in missing))


def has_data(alarm: MetricAlarm, recording: Recording) -> bool:
    """Whether the recording has any metric of the alarm."""
    if isinstance(alarm.watched, WatchedQuery):
        return any(map(alarm.watched.query.selects, recording.store.metrics()))
    return any(_is_there(each, recording) for each in watched_values(alarm))


def late_data(alarm: MetricAlarm, recording: Recording) -> Iterator[str]:
    """Sentences about metrics whose data cover only a part of the recording."""
    window = alarm.evaluation_periods * alarm.period
    if window > recording.end - recording.start:
        yield f"the recording is shorter than the window of the alarm ({window // 60} min)"
        return
    for metric in dict.fromkeys(each.metric for each in watched_values(alarm)):
        extent = recording.store.extent(metric)
        if extent and extent[0] >= recording.start + window:
            yield f"the data of {metric.name} begin at {utc_minute(extent[0])} only"


def _is_there(watched: WatchedMetric, recording: Recording) -> bool:
    """Whether the recording has the metric, in the unit that the alarm asks for."""
    units = recording.store.units(watched.metric)
    return watched.unit in units or (watched.unit is None and bool(units))


def _why_missing(watched: WatchedMetric, recording: Recording, open_values: Sequence[OpenValue]) -> str:
    metric, units = watched.metric, recording.store.units(watched.metric)
    if units:
        return f"no datapoint of {metric.name} in the unit {watched.unit}; it was written in {', '.join(sorted(units))}"
    if unknown := open_in(str(metric), open_values):
        return _why_of_aws(metric) or f"which metric {metric} is depends on a variable: {'; '.join(map(str, unknown))}"
    return _why_of_namespace(metric, recording) or (
        f"no datapoint of {metric} in the log{near_text(metric, recording.store.metrics())}"
    )


def _why_nothing_is_selected(query: SelectQuery, recording: Recording, open_values: Sequence[OpenValue]) -> str:
    """The names at fault, as ``alarms.check`` finds them: of the metric, its dimensions or their values."""
    metric = MetricId(query.namespace.text, query.metric.text)
    unknown = {value.text: value for text in selection_texts(query) for value in open_in(text, open_values)}
    if unknown:
        why = _why_of_aws(metric) or f"it depends on a variable: {'; '.join(map(str, unknown.values()))}"
    else:
        faults = selection_faults(query, list(recording.store.metrics()))
        why = _why_of_namespace(metric, recording) or "; ".join(fault.text for fault in faults)
    return f"its query selects no metric of the log: {why}"


def _why_of_aws(metric: MetricId) -> str:
    """Nothing if the metric is not one of AWS."""
    if not metric.is_of_aws:
        return ""
    return f"{metric.namespace} {metric.name} is a metric of AWS itself, and not in EMF logs"


def _why_of_namespace(metric: MetricId, recording: Recording) -> str:
    """Nothing if the recording has metrics of the namespace."""
    if of_aws := _why_of_aws(metric):
        return of_aws
    metrics = list(recording.store.metrics())
    if any(each.namespace == metric.namespace for each in metrics):
        return ""
    near = near_text(metric, metrics)
    return f"no metric of the namespace {metric.namespace} in the log{near or f'; it has {_namespaces(metrics)}'}"


def _namespaces(metrics: Collection[MetricId]) -> str:
    return ", ".join(sorted({each.namespace for each in metrics})[:NAMESPACES_MAX])
