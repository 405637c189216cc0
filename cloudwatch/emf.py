"""Reads CloudWatch Embedded Metric Format: a log line in, datapoints out, held against the specification.

Source of the rules: "Embedded metric format specification" in the Amazon CloudWatch user guide, with the
limits of PutMetricData where they are tighter. CloudWatch makes no metric of a document that breaks one of
them, and tells nobody; hence a whole document is refused here too, with the reason.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

DOCUMENT_BYTES_MAX = 256 * 1024
METRICS_MAX = 100
VALUES_MAX = 100
DIMENSIONS_MAX = 30
NAME_CHARACTERS_MAX = 255
DIMENSION_NAME_CHARACTERS_MAX = 250
DIMENSION_VALUE_CHARACTERS_MAX = 1024
VALUE_MAX = 2.0**360

_SIZES = tuple(f"{prefix}{unit}" for unit in ("bytes", "bits") for prefix in ("Kilo", "Mega", "Giga", "Tera"))
_AMOUNTS = ("Bytes", "Bits", "Count", *_SIZES)
UNITS = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_AMOUNTS, *(f"{a}/Second" for a in _AMOUNTS))
)


class EmfViolation(ValueError):
    """The line is not an EMF document that CloudWatch would make metrics of."""


@dataclass(frozen=True, slots=True)
class Datapoint:
    """The values of one metric in one document. ``dimensions`` are sorted (name, value) pairs."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    timestamp_ms: int
    values: tuple[float, ...]


def read_lines(lines: Iterable[str]) -> Iterator[Datapoint]:
    """The datapoints of many lines, as they come. Raises EmfViolation that names the line (from 1)."""
    for number, line in enumerate(lines, start=1):
        try:
            yield from read_document(line)
        except EmfViolation as error:
            raise EmfViolation(f"line {number}: {error}") from error


def read_document(line: str) -> list[Datapoint]:
    """The datapoints of one line: one for each metric and dimension set. Raises EmfViolation."""
    try:
        return _read_root(_parse(line))
    except RecursionError:
        raise EmfViolation("nested too deeply") from None


def _parse(line: str) -> Any:
    try:
        if len(line.encode()) <= DOCUMENT_BYTES_MAX:
            return json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except ValueError as error:
        raise EmfViolation(f"not JSON: {error}") from error
    raise EmfViolation(f"larger than {DOCUMENT_BYTES_MAX} bytes")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) < len(members):
        raise ValueError("an object has a member twice")  # readers differ in which of them counts
    return result


def _read_root(root: Any) -> list[Datapoint]:
    metadata = _member(root, "_aws", dict)
    timestamp_ms = _member(metadata, "Timestamp", int)
    return [
        datapoint
        for directive in _member(metadata, "CloudWatchMetrics", list)
        for datapoint in _read_directive(directive, root, timestamp_ms)
    ]


def _member(parent: Any, name: str, kind: type) -> Any:
    if not isinstance(parent, dict):
        raise EmfViolation("not a JSON object where one is needed")
    value = parent.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise EmfViolation(f"{name} is missing or not of type {kind.__name__}")
    return value


def _read_directive(directive: Any, root: dict[str, Any], timestamp_ms: int) -> Iterator[Datapoint]:
    namespace = _text(_member(directive, "Namespace", str), "namespace", NAME_CHARACTERS_MAX)
    if namespace.startswith(("AWS/", ":")):
        raise EmfViolation(f"namespace {namespace!r} is reserved")
    sets = _member(directive, "Dimensions", list)
    metrics = _member(directive, "Metrics", list)
    if not sets:
        raise EmfViolation("no dimension set")
    if len(metrics) > METRICS_MAX:
        raise EmfViolation(f"{len(metrics)} metrics, at most {METRICS_MAX} are allowed")
    dimension_sets = [_read_dimensions(keys, root) for keys in sets]
    for metric in metrics:
        name, unit = _read_metric(metric)
        values = _read_values(name, root)
        for dimensions in dimension_sets:
            yield Datapoint(namespace, name, dimensions, unit, timestamp_ms, values)


def _text(value: str, what: str, characters_max: int) -> str:
    if not 1 <= len(value) <= characters_max or not value.strip() or not value.isascii():
        raise EmfViolation(f"{what} {value[:50]!r} is blank, not ASCII or longer than {characters_max}")
    return value


def _read_dimensions(keys: Any, root: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if not isinstance(keys, list) or len(keys) > DIMENSIONS_MAX or len(set(map(str, keys))) != len(keys):
        raise EmfViolation(f"a dimension set is not a list of at most {DIMENSIONS_MAX} different names")
    return tuple(sorted((_dimension_name(key), _dimension_value(key, root)) for key in keys))


def _dimension_name(key: Any) -> str:
    if not isinstance(key, str):
        raise EmfViolation("the name of a dimension is not a string")
    return _text(key, "dimension name", DIMENSION_NAME_CHARACTERS_MAX)


def _dimension_value(key: str, root: dict[str, Any]) -> str:
    return _text(_member(root, key, str), f"value of dimension {key}", DIMENSION_VALUE_CHARACTERS_MAX)


def _read_metric(metric: Any) -> tuple[str, str]:
    name = _text(_member(metric, "Name", str), "metric name", NAME_CHARACTERS_MAX)
    unit = metric.get("Unit", "None")
    if not isinstance(unit, str) or unit not in UNITS:
        raise EmfViolation(f"{name}: unit {unit!r} does not exist")
    resolution = metric.get("StorageResolution", 60)
    if isinstance(resolution, bool) or resolution not in (1, 60):
        raise EmfViolation(f"{name}: storage resolution is neither 1 nor 60")
    return name, unit


def _read_values(name: str, root: dict[str, Any]) -> tuple[float, ...]:
    target = root.get(name)
    values = target if isinstance(target, list) else [target]
    if not 1 <= len(values) <= VALUES_MAX:
        raise EmfViolation(f"{name}: {len(values)} values, 1 to {VALUES_MAX} are allowed")
    return tuple(_number(name, value) for value in values)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EmfViolation(f"{name}: {str(value)[:50]!r} is not a number")
    if abs(value) > VALUE_MAX:
        raise EmfViolation(f"{name}: a value is out of range")
    return value
