"""Reads recorded EMF logs for the alarms: the metrics in them, the time that they cover, and what could not be read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from alarms.alarm_reading import alarm_of
from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.watched import WatchedMath, WatchedMetric
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.emf import EmfReader, Findings, log_lines
from cloudwatch.metric import MetricId
from cloudwatch.statistics import parse_statistic
from cloudwatch.store import MetricStore

MINUTE = 60


class NothingRecorded(Exception):
    """The logs have no EMF record, or none of the required kind."""

    @classmethod
    def among(cls, what: str, reader: EmfReader) -> Self:
        """The error for logs that lack ``what``, with a summary of their lines."""
        documents = [f"EMF documents: {reader.documents}"] if reader.documents else []
        held = documents + findings_text(reader.findings) or [f"They have {reader.findings.summary()}."]
        return cls("\n".join([what, *held]))


@dataclass
class Recording:
    """The metrics of some logs. ``start`` and ``end`` are full minutes, in seconds since the epoch.

    ``documents`` is the number of EMF documents, and ``findings`` are all other lines.
    """

    store: MetricStore
    start: int
    end: int
    documents: int = 0
    findings: Findings = field(default_factory=Findings)


def findings_text(findings: Findings) -> list[str]:
    """The findings, one in a line, each with the way in which CloudWatch handles such lines."""
    return [f"{finding.kind}: {finding}" for finding in findings]


def read_recording(paths: Iterable[Path], definitions: Iterable[Definition] | None = None) -> Recording:
    """Read all logs together, in any order, plain or gzip. Raises NothingRecorded, OSError,
    and DefinitionError for an alarm that AWS would refuse.

    Only the metrics of which an alarm of the ``definitions`` has a percentile or a trimmed statistic keep their
    values; without definitions, all do.
    """
    store = MetricStore(None if definitions is None else raw_metrics(_played_alarms(definitions)))
    reader = EmfReader()
    for path in paths:
        for record in reader.scan(log_lines(path), str(path)):
            store.add_record(record)
    extent = store.extent()
    if extent is None:
        raise NothingRecorded.among("There is no EMF record in these logs.", reader)
    first, last = extent
    start, end = first // MINUTE * MINUTE, (last // MINUTE + 1) * MINUTE
    return Recording(store, start, end, reader.documents, reader.findings)


def _played_alarms(definitions: Iterable[Definition]) -> Iterator[MetricAlarm]:
    for definition in definitions:
        if definition.kind is DefinitionKind.METRIC_ALARM:
            alarm = alarm_of(definition)
            if isinstance(alarm, MetricAlarm):
                yield alarm


def raw_metrics(alarms: Iterable[MetricAlarm]) -> set[MetricId]:
    """The metrics of which an alarm needs every value, because it has a percentile or another extended statistic.

    A Metrics Insights query needs none of them, because it has no percentiles.
    """
    return {w.metric for alarm in alarms for w in watched_values(alarm) if parse_statistic(w.statistic).needs_values}


def watched_values(alarm: MetricAlarm) -> list[WatchedMetric]:
    """The statistics of metrics that the alarm names. A Metrics Insights query selects metrics, and names none."""
    match alarm.watched:
        case WatchedMetric():
            return [alarm.watched]
        case WatchedMath(metrics=metrics):
            return list(metrics.values())
        case WatchedQuery():
            return []
