"""The metadata of an EMF document: they say which root members are metrics, and under which dimensions."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cloudwatch.emf.rules import (
    DIMENSION_NAME_CHARACTERS_MAX,
    DIMENSION_VALUE_CHARACTERS_MAX,
    DIMENSIONS_MAX,
    METRICS_MAX,
    NAME_CHARACTERS_MAX,
    UNITS,
    VALUE_MAX,
    EmfViolation,
    member,
    numbers,
    text,
)
from cloudwatch.metric import MetricId

# For each Metadata. The dimensions of a service have few values; only a dimension that is a mistake (a request id) has
# a new value in every document.
STREAMS_KEPT_MAX = 10_000


class Datapoint(NamedTuple):
    """The values of one metric in one document. The storage resolution is 1 or 60 seconds."""

    metric: MetricId
    unit: str
    timestamp_ms: int
    values: tuple[float, ...]
    storage_resolution: int = 60

    @property
    def namespace(self) -> str:
        return self.metric.namespace

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """Sorted (name, value) pairs."""
        return self.metric.dimensions


class _Definition(NamedTuple):
    name: str
    unit: str
    storage_resolution: int


class _Directive(NamedTuple):
    namespace: str
    dimension_sets: list[list[str]]
    metrics: list[_Definition]


# The destination of the values of one root member: the index of its name in ``Metadata._names``, then metric, unit and
# storage resolution.
_Stream = tuple[int, MetricId, str, int]


class Metadata:
    """A validated ``_aws.CloudWatchMetrics``. It reads the values of every document with the same metadata."""

    def __init__(self, directives: list[Any]) -> None:
        """Raises EmfViolation."""
        self._directives = [_read_directive(directive) for directive in directives]
        self._keys = _distinct(key for each in self._directives for keys in each.dimension_sets for key in keys)
        self._names = _distinct(metric.name for each in self._directives for metric in each.metrics)
        self._streams: dict[tuple[Any, ...], list[_Stream]] = {}

    def datapoints(self, root: dict[str, Any], timestamp_ms: int) -> list[Datapoint]:
        """One datapoint for each metric and dimension set.

        Raises EmfViolation if a value is missing from the root or invalid.
        """
        streams = self._streams_of(root)
        values = self._values(root)
        new = tuple.__new__  # the same as Datapoint(...), at half of its cost
        return [
            new(Datapoint, (metric, unit, timestamp_ms, values[position], resolution))
            for position, metric, unit, resolution in streams
        ]

    def _values(self, root: dict[str, Any]) -> list[tuple[float, ...]]:
        """The values of each metric, in the order of ``_names``."""
        values: list[tuple[float, ...]] = []
        for name in self._names:
            target = root.get(name)
            kind = type(target)
            if (kind is float or kind is int) and -VALUE_MAX <= target <= VALUE_MAX:  # type: ignore[operator]
                values.append((target,))  # type: ignore[arg-type]
            else:
                values.append(numbers(name, target))
        return values

    def _streams_of(self, root: dict[str, Any]) -> list[_Stream]:
        """The streams of the root's dimension values, from a cache of at most STREAMS_KEPT_MAX of them."""
        dimension_values = tuple(map(root.get, self._keys))
        try:
            return self._streams[dimension_values]
        except (KeyError, TypeError):  # not seen yet, or not a string and unhashable
            streams = list(self._expand(root))
            if (len(self._streams) + 1) * len(streams) > STREAMS_KEPT_MAX:
                self._streams.clear()
            self._streams[dimension_values] = streams
            return streams

    def _expand(self, root: dict[str, Any]) -> Iterator[_Stream]:
        for namespace, dimension_sets, metrics in self._directives:
            sets = [tuple(sorted((key, _dimension_value(key, root)) for key in keys)) for keys in dimension_sets]
            for name, unit, resolution in metrics:
                for dimensions in sets:
                    metric = MetricId(namespace, name, dimensions)
                    yield self._names.index(name), metric, unit, resolution


def _distinct(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _dimension_value(key: str, root: dict[str, Any]) -> str:
    return text(member(root, key, str), f"value of dimension {key}", DIMENSION_VALUE_CHARACTERS_MAX)


def _read_directive(directive: Any) -> _Directive:
    namespace = text(member(directive, "Namespace", str), "namespace", NAME_CHARACTERS_MAX)
    if namespace.startswith(("AWS/", ":")):
        raise EmfViolation(f"namespace {namespace!r} is reserved")
    sets = member(directive, "Dimensions", list)
    metrics = member(directive, "Metrics", list)
    if not sets:
        raise EmfViolation("no dimension set")
    if len(metrics) > METRICS_MAX:
        raise EmfViolation(f"{len(metrics)} metrics, at most {METRICS_MAX} are allowed")
    return _Directive(namespace, [_read_keys(keys) for keys in sets], [_read_definition(metric) for metric in metrics])


def _read_keys(keys: Any) -> list[str]:
    if isinstance(keys, str):
        raise EmfViolation(f'a dimension set is not a list of names: write [["{keys}"]], not ["{keys}"]')
    if not isinstance(keys, list) or len(keys) > DIMENSIONS_MAX or len(set(map(str, keys))) != len(keys):
        raise EmfViolation(f"a dimension set is not a list of at most {DIMENSIONS_MAX} different names")
    for key in keys:
        if not isinstance(key, str):
            raise EmfViolation("the name of a dimension is not a string")
        text(key, "dimension name", DIMENSION_NAME_CHARACTERS_MAX)
    return list(keys)


def _read_definition(metric: Any) -> _Definition:
    name = text(member(metric, "Name", str), "metric name", NAME_CHARACTERS_MAX)
    unit = metric.get("Unit", "None")
    if not isinstance(unit, str) or unit not in UNITS:
        raise EmfViolation(f"{name}: unit {unit!r} does not exist")
    resolution = metric.get("StorageResolution", 60)
    if isinstance(resolution, bool) or resolution not in (1, 60):
        raise EmfViolation(f"{name}: storage resolution is neither 1 nor 60")
    return _Definition(name, unit, int(resolution))
