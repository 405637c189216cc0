"""Compares recorded EMF logs with the catalogue: is everything that was written declared?"""

from collections.abc import Iterable
from pathlib import Path

from cloudwatch.emf import Datapoint, EmfReader, EmfViolation, log_lines
from cloudwatch.notice import Notice, Severity
from telemetry.catalogue import NO_ROUTE, RECORD_KINDS, ROUTE, ROUTES, SERVICE

PROBLEMS_MAX = 100  # of one log: a log with more is the wrong file

_KINDS = {
    (metric.name, tuple(sorted(keys))): kind
    for kind in RECORD_KINDS
    for metric in kind.metrics
    for keys in kind.dimension_sets
}


def log_problems(paths: Iterable[Path], namespace: str) -> list[Notice]:
    """Everything that is not valid EMF or not declared, each problem once for each log. Raises OSError."""
    notices: list[Notice] = []
    for path in paths:
        found: dict[str, None] = {}
        for item in EmfReader().scan_lines(log_lines(path)):
            if problem := str(item) if isinstance(item, EmfViolation) else _undeclared(item, namespace):
                found[problem] = None
            if len(found) >= PROBLEMS_MAX:
                break
        notices += [Notice(Severity.ERROR, str(path), "", problem) for problem in found]
    return notices


def _undeclared(point: Datapoint, namespace: str) -> str:
    """How the datapoint differs from the catalogue, or nothing."""
    if point.namespace != namespace:
        return f"namespace {point.namespace!r} is not {namespace!r}"
    kind = _KINDS.get((point.name, tuple(key for key, _ in point.dimensions)))
    values = dict(point.dimensions)
    if kind is None:
        return f"{point.name} with the dimensions {', '.join(values)} is not declared"
    if point.unit != kind.metric(point.name).unit:
        return f"{point.name} is written in {point.unit}, declared in {kind.metric(point.name).unit}"
    if values[SERVICE] not in kind.services:
        return f"{point.name} is written by {SERVICE} {values[SERVICE]!r}, declared for {', '.join(kind.services)}"
    if (route := values.get(ROUTE, NO_ROUTE)) not in (*ROUTES, NO_ROUTE):
        return f"{point.name} is written for the {ROUTE} {route!r}, which is not declared"
    return ""
