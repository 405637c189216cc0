"""Recorded EMF logs, held against the catalogue: is what was written what was declared?"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from cloudwatch.emf import Datapoint, EmfReader, EmfViolation, log_lines
from telemetry.catalogue import NO_ROUTE, RECORD_KINDS, ROUTE, ROUTES, SERVICE, RecordKind

PROBLEMS_MAX = 100  # of one log: whoever has more has the wrong log

_KINDS = {
    (metric.name, tuple(sorted(keys))): kind
    for kind in RECORD_KINDS
    for metric in kind.metrics
    for keys in kind.dimension_sets
}


def log_problems(paths: Iterable[Path], namespace: str) -> list[str]:
    """What is no valid EMF, and what is not declared: each once a log. Raises OSError."""
    return [f"{path}: {problem}" for path in paths for problem in _problems(path, namespace)]


def _problems(path: Path, namespace: str) -> Iterator[str]:
    said: set[str] = set()
    for item in EmfReader().scan_lines(log_lines(path)):
        problem = str(item) if isinstance(item, EmfViolation) else _undeclared(item, namespace)
        if problem and problem not in said:
            said.add(problem)
            yield problem
        if len(said) >= PROBLEMS_MAX:
            return


def _undeclared(point: Datapoint, namespace: str) -> str:
    if point.namespace != namespace:
        return f"namespace {point.namespace!r} is not {namespace!r}"
    keys = tuple(key for key, _ in point.dimensions)
    kind = _KINDS.get((point.name, keys))
    if kind is None:
        return f"{point.name} with the dimensions {', '.join(keys)} is not declared"
    return _wrong_detail(point, kind)


def _wrong_detail(point: Datapoint, kind: RecordKind) -> str:
    values = dict(point.dimensions)
    if point.unit != kind.metric(point.name).unit:
        return f"{point.name} is written in {point.unit}, declared in {kind.metric(point.name).unit}"
    if values[SERVICE] not in kind.services:
        return f"{point.name} is written by {SERVICE} {values[SERVICE]!r}, declared for {', '.join(kind.services)}"
    if (route := values.get(ROUTE, NO_ROUTE)) not in (*ROUTES, NO_ROUTE):
        return f"{point.name} is written for the {ROUTE} {route!r}, which is not declared"
    return ""
