"""The metadata of an EMF document. They name the root members that are metrics, and the dimensions of each metric."""

from typing import Any, NamedTuple

from cloudwatch.emf.rules import (
    DIMENSION_NAME_CHARACTERS_MAX,
    DIMENSION_VALUE_CHARACTERS_MAX,
    DIMENSIONS_MAX,
    METRICS_MAX,
    NAME_CHARACTERS_MAX,
    UNITS,
    VALUE_MAX,
    Distribution,
    EmfViolation,
    Value,
    measured,
    member,
    text,
)
from cloudwatch.metric import MetricId
from cloudwatch.statistics import StatisticSet

# For each Metadata. The dimensions of a service have few values. Only a wrong dimension, such as a request id, has a
# new value in every document.
STREAMS_KEPT_MAX = 10_000

NO_DIMENSION_SET = "there is no dimension set; the metrics are made without dimensions"
EMPTY_UNIT = "a Unit is empty; the metric is made in the unit None"
EMPTY_DIMENSION = "a dimension has an empty value; the metrics of its set are made without dimensions"
VALUE_IS_AN_OBJECT = "the value of a metric is an object, which only CloudWatch's own writers use"


class Datapoint(NamedTuple):
    """The values of one metric in one document. The storage resolution is 1 or 60 seconds.

    If ``statistic_set`` is given, the document holds this set, and ``values`` are its samples, or empty if not known.
    """

    metric: MetricId
    unit: str
    timestamp_ms: int
    values: tuple[float, ...]
    storage_resolution: int = 60
    statistic_set: StatisticSet | None = None

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


class Stream(NamedTuple):
    """One metric of a document: ``position`` is the index of its value in the document's values."""

    position: int
    metric: MetricId
    unit: str
    storage_resolution: int


class Streams:
    """The metrics of all documents that have the same metadata and the same dimension values.

    ``remarks`` name parts that the specification does not allow, although CloudWatch makes the metrics.
    """

    __slots__ = ("all", "period_ms", "remarks")

    def __init__(self, streams: tuple[Stream, ...], remarks: tuple[str, ...]) -> None:
        self.all = streams
        self.remarks = remarks
        self.period_ms = 1000 * min((each.storage_resolution for each in streams), default=60)


# One document: its metrics, its timestamp in milliseconds, and its values by ``Stream.position``. The values are a
# tuple if each is a single number, and else a list. It is not a class, because creating an object takes a tenth of the
# reading time.
Record = tuple[Streams, int, tuple[float, ...] | list[Value]]


def datapoints(record: Record) -> list[Datapoint]:
    """One datapoint for each metric and dimension set."""
    streams, timestamp_ms, values = record
    new = tuple.__new__  # the same as Datapoint(...), at half of its cost
    if type(values) is tuple:
        return [
            new(Datapoint, (metric, unit, timestamp_ms, (values[position],), resolution, None))
            for position, metric, unit, resolution in streams.all
        ]
    return [_datapoint(stream, timestamp_ms, values[stream.position]) for stream in streams.all]


def _datapoint(stream: Stream, timestamp_ms: int, value: Value) -> Datapoint:
    _, metric, unit, resolution = stream
    if isinstance(value, Distribution):
        return Datapoint(metric, unit, timestamp_ms, value.values, resolution, value.statistic_set)
    values = (value,) if isinstance(value, float) else value
    return Datapoint(metric, unit, timestamp_ms, values, resolution)


class _Definition(NamedTuple):
    name: str
    unit: str
    storage_resolution: int


class _Directive(NamedTuple):
    namespace: str
    dimension_sets: list[list[str]]
    metrics: list[_Definition]


class Metadata:
    """A validated ``_aws.CloudWatchMetrics``. It reads the values of every document with the same metadata.

    ``keys`` are the root members that are dimensions, and ``names`` those that are metrics. ``known_streams`` is a
    cache by the values of ``keys``.
    """

    def __init__(self, directives: list[Any]) -> None:
        """Raises EmfViolation."""
        self._remarks: dict[str, None] = {}
        self._directives = [self._read_directive(directive) for directive in directives]
        sets = [keys for directive in self._directives for keys in directive.dimension_sets]
        self.keys = tuple(dict.fromkeys(key for keys in sets for key in keys))
        self.names = tuple(dict.fromkeys(metric.name for each in self._directives for metric in each.metrics))
        self._positions = {name: position for position, name in enumerate(self.names)}
        self.known_streams: dict[tuple[Any, ...], Streams] = {}
        self._streams_kept = 0

    def record(self, root: dict[str, Any], timestamp_ms: int) -> tuple[Record, tuple[str, ...]]:
        """The document with these root members, and its remarks.

        Raises EmfViolation if a value is missing from the root or invalid.
        """
        streams = self.streams(tuple(map(root.get, self.keys)))
        values = [self._value(name, root.get(name)) for name in self.names]
        if all(type(value) is float for value in values):
            return (streams, timestamp_ms, tuple(values)), streams.remarks  # type: ignore[arg-type]
        has_object = any(isinstance(value, Distribution) for value in values)
        return (streams, timestamp_ms, values), streams.remarks + (VALUE_IS_AN_OBJECT,) * has_object

    def _value(self, name: str, target: Any) -> Value:
        kind = type(target)
        if (kind is float or kind is int) and -VALUE_MAX <= target <= VALUE_MAX:
            return float(target)
        return measured(name, target)

    def streams(self, dimension_values: tuple[Any, ...]) -> Streams:
        """The streams of the values of ``keys``, from a cache of at most STREAMS_KEPT_MAX. Raises EmfViolation."""
        try:
            return self.known_streams[dimension_values]
        except (KeyError, TypeError):  # not in the cache, or unhashable because it is not a string
            streams = self._expand(dict(zip(self.keys, dimension_values, strict=True)))
            self._streams_kept += len(streams.all)
            if self._streams_kept > STREAMS_KEPT_MAX:
                self.known_streams.clear()
                self._streams_kept = len(streams.all)
            self.known_streams[dimension_values] = streams
            return streams

    def _expand(self, values: dict[str, Any]) -> Streams:
        remarks = dict(self._remarks)
        found: list[Stream] = []
        for namespace, dimension_sets, metrics in self._directives:
            sets = dict.fromkeys(_dimensions(keys, values, remarks) for keys in dimension_sets)
            for name, unit, resolution in metrics:
                for dimensions in sets:
                    metric = MetricId(namespace, name, dimensions)
                    found.append(Stream(self._positions[name], metric, unit, resolution))
        return Streams(tuple(found), tuple(remarks))

    def _read_directive(self, directive: Any) -> _Directive:
        namespace = text(member(directive, "Namespace", str), "namespace", NAME_CHARACTERS_MAX)
        if namespace.startswith(("AWS/", ":")):
            raise EmfViolation(f"namespace {namespace!r} is reserved")
        # Without a set, or with null or [], CloudWatch makes the metric: aws-otel-python-instrumentation, request 434.
        if directive.get("Dimensions") in (None, []):
            self._remarks[NO_DIMENSION_SET] = None
            sets: list[Any] = [[]]
        else:
            sets = member(directive, "Dimensions", list)
        metrics = member(directive, "Metrics", list)
        if len(metrics) > METRICS_MAX:
            raise EmfViolation(f"{len(metrics)} metrics, at most {METRICS_MAX} are allowed")
        return _Directive(
            namespace, [_read_keys(keys) for keys in sets], [self._read_definition(metric) for metric in metrics]
        )

    def _read_definition(self, metric: Any) -> _Definition:
        name = text(member(metric, "Name", str), "metric name", NAME_CHARACTERS_MAX)
        unit = metric.get("Unit", "None")
        if unit == "":
            # OpenTelemetry's exporters write it for a metric without a unit, and the metric is made.
            self._remarks[EMPTY_UNIT] = None
            unit = "None"
        if not isinstance(unit, str) or unit not in UNITS:
            raise EmfViolation(f"{name}: unit {unit!r} does not exist")
        resolution = metric.get("StorageResolution", 60)
        if isinstance(resolution, bool) or resolution not in (1, 60):
            raise EmfViolation(f"{name}: storage resolution is neither 1 nor 60")
        return _Definition(name, unit, int(resolution))


def _dimensions(keys: list[str], values: dict[str, Any], remarks: dict[str, None]) -> tuple[tuple[str, str], ...]:
    """The sorted (name, value) pairs of one dimension set.

    If one value is empty, CloudWatch "skips all dimensions" of the set and makes the metric without them. Source:
    powertools-lambda-python, issue 5526 and pull request 5542, about a set whose other value was not empty.
    """
    if "" in [values[key] for key in keys]:
        remarks[EMPTY_DIMENSION] = None
        keys = []
    return tuple(sorted((key, _dimension_value(key, values)) for key in keys))


def _dimension_value(key: str, values: dict[str, Any]) -> str:
    return text(member(values, key, str), f"value of dimension {key}", DIMENSION_VALUE_CHARACTERS_MAX)


def _read_keys(keys: Any) -> list[str]:
    if isinstance(keys, str):
        raise EmfViolation(f"Dimensions is a list of lists: [[{keys[:50]!r}]], not [{keys[:50]!r}]")
    if not isinstance(keys, list) or len(keys) > DIMENSIONS_MAX or len(set(map(str, keys))) != len(keys):
        raise EmfViolation(f"a dimension set is not a list of at most {DIMENSIONS_MAX} different names")
    for key in keys:
        if not isinstance(key, str):
            raise EmfViolation("the name of a dimension is not a string")
        text(key, "dimension name", DIMENSION_NAME_CHARACTERS_MAX)
    return list(keys)
