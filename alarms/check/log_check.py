"""Checks that recorded EMF logs are valid, and that the catalogue declares every metric in them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from cloudwatch.emf import EmfReader, LineKind, log_lines
from cloudwatch.emf.metadata import Streams
from cloudwatch.metric import MetricId
from cloudwatch.notice import Notice, Severity
from telemetry.catalogue import NO_ROUTE, RECORD_KINDS, ROUTE, SERVICE, routes_of

PROBLEMS_MAX = 100  # for one log: a log with more is the wrong file

_KINDS = {
    (metric.name, tuple(sorted(keys))): kind
    for kind in RECORD_KINDS
    for metric in kind.metrics
    for keys in kind.dimension_sets
}


def check_logs(paths: Iterable[Path], namespace: str) -> list[Notice]:
    """An error for each line that is not valid EMF and each metric that is not declared, once for a log.

    This project must follow the specification, so a remark of the reader is an error here. A line without EMF is a
    remark. A log without any EMF document is an error: it is the wrong file, or its metrics never reach CloudWatch.
    Raises OSError.
    """
    return [notice for path in paths for notice in _check_log(path, namespace)]


def _check_log(path: Path, namespace: str) -> Iterator[Notice]:
    reader = EmfReader()
    undeclared = [("", text) for text in _undeclared_metrics(reader, path, namespace)]
    wrong = reader.findings.of(LineKind.VIOLATION, LineKind.DROPPED, LineKind.REMARK)
    problems = [(finding.place, finding.text) for finding in wrong]
    if not reader.documents:
        problems.append(("", f"has no EMF record, but {reader.findings.summary()}"))
    for place, text in [*problems, *undeclared][:PROBLEMS_MAX]:
        yield Notice(Severity.ERROR, str(path), place, text)
    for finding in reader.findings.of(LineKind.OTHER):
        yield Notice(Severity.REMARK, str(path), finding.place, finding.text)


def _undeclared_metrics(reader: EmfReader, path: Path, namespace: str) -> list[str]:
    seen: set[Streams] = set()
    undeclared: dict[str, None] = {}
    for streams, _, _ in reader.scan(log_lines(path)):
        if streams in seen:
            continue
        seen.add(streams)
        for _, metric, unit, _ in streams.all:
            if problem := _undeclared(metric, unit, namespace):
                undeclared[problem] = None
        if len(undeclared) >= PROBLEMS_MAX:
            break
    return list(undeclared)


def _undeclared(metric: MetricId, unit: str, namespace: str) -> str:
    """How the metric differs from the catalogue; empty if it does not."""
    if metric.namespace != namespace:
        return f"namespace {metric.namespace!r} is not {namespace!r}"
    name, values = metric.name, dict(metric.dimensions)
    kind = _KINDS.get((name, tuple(values)))
    if kind is None:
        return f"{name} with the dimensions {', '.join(values)} is not declared"
    if unit != kind.metric(name).unit:
        return f"{name} is written in {unit}, declared in {kind.metric(name).unit}"
    if values[SERVICE] not in kind.services:
        return f"{name} is written by {SERVICE} {values[SERVICE]!r}, declared for {', '.join(kind.services)}"
    if (route := values.get(ROUTE, NO_ROUTE)) not in (*routes_of(name), NO_ROUTE):
        return f"{name} is written for the {ROUTE} {route!r}, which is not declared"
    return ""
