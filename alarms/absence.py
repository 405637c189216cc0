"""Explains why a recording has no data for an alarm. Otherwise the alarm would look like one without a breach."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from alarms.open_values import OpenValue, open_in
from alarms.recording import Recording, watched_values
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.metric import MetricId

NEAR_MAX = 3
NAME_LIKENESS = 0.75
COMPARED_MAX = 500  # metrics of one name; if there are more, a dimension is an id
_AWS = "AWS/"


def missing_data(alarm: MetricAlarm, recording: Recording, open_values: Sequence[OpenValue] = ()) -> list[str]:
    """A sentence for each metric of the alarm that the recording does not have, each metric once.

    ``open_values`` are those of its definition. No recording has a metric whose name or dimension has a placeholder.
    """
    if isinstance(alarm.watched, WatchedQuery):
        return [] if has_data(alarm, recording) else ["its query selects no metric of the log"]
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
            begins = datetime.fromtimestamp(extent[0], UTC).strftime("%Y-%m-%d %H:%M")
            yield f"the data of {metric.name} begin at {begins} only"


def _is_there(watched: WatchedMetric, recording: Recording) -> bool:
    """Whether the recording has the metric, in the unit that the alarm asks for."""
    units = recording.store.units(watched.metric)
    return watched.unit in units or (watched.unit is None and bool(units))


def _why_missing(watched: WatchedMetric, recording: Recording, open_values: Sequence[OpenValue]) -> str:
    metric, units = watched.metric, recording.store.units(watched.metric)
    if units:
        return f"no datapoint of {metric.name} in the unit {watched.unit}; it was written in {', '.join(sorted(units))}"
    if metric.namespace.startswith(_AWS):
        return f"{metric.namespace} {metric.name} is a metric of AWS itself, and not in EMF logs"
    if unknown := open_in(str(metric), open_values):
        return f"which metric {metric} is depends on a variable: {'; '.join(map(str, unknown))}"
    metrics = list(recording.store.metrics())
    found = near_metrics(metric, metrics)
    near = f"; near: {', '.join(map(str, found))}" if found else ""
    if all(each.namespace != metric.namespace for each in metrics):
        return f"no metric of the namespace {metric.namespace} in the log{near or f'; it has {_namespaces(metrics)}'}"
    return f"no datapoint of {metric} in the log{near}"


def near_metrics(metric: MetricId, metrics: Iterable[MetricId]) -> list[MetricId]:
    """The metrics with the most similar names, and among these the most similar dimensions, up to NEAR_MAX.

    Upper and lower case count as the same.
    """
    by_name: dict[str, list[MetricId]] = {}
    for each in metrics:
        by_name.setdefault(each.name.casefold(), []).append(each)
    names = difflib.get_close_matches(metric.name.casefold(), by_name, n=NEAR_MAX, cutoff=NAME_LIKENESS)
    candidates = [each for name in names for each in by_name[name][:COMPARED_MAX]]
    wanted = str(metric).casefold()
    likeness = {each: difflib.SequenceMatcher(None, str(each).casefold(), wanted).ratio() for each in candidates}
    return sorted(candidates, key=lambda each: (names.index(each.name.casefold()), -likeness[each]))[:NEAR_MAX]


def _namespaces(metrics: Collection[MetricId]) -> str:
    return ", ".join(sorted({each.namespace for each in metrics})[:NEAR_MAX])
