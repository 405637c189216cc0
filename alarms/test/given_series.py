"""The series that a case gives, as a source of metrics: what the system emits, whichever alarm reads it."""

from collections.abc import Mapping, Sequence

from alarms.test.notation import NotationError, read_minutes
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.call_form import standard_units
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.store import MetricStore

BEGIN = 1_767_225_600  # 2026-01-01 00:00 UTC, a multiple of every period
MINUTE = 60
NO_UNIT = "None"


def emitted_unit(watched: WatchedMetric, assumes: Mapping[str, str]) -> str:
    """The unit in which the metric is published: what its definition assumes, else the one that it asks for."""
    return assumes.get(watched.metric.name) or watched.unit or NO_UNIT


def given_store(given: Mapping[str, str], units: Mapping[MetricId, str], begins: int, seconds_each: int) -> MetricStore:
    """The values of the lines of ``given``, from ``begins`` on, each ``seconds_each`` after the last.

    ``units`` has the metrics that a key may name, each with its unit. A key that ends with a unit, like
    ``Latency Seconds``, gives values in that unit instead. Raises NotationError.
    """
    store = MetricStore()
    resolution = MINUTE if seconds_each == MINUTE else 1
    for key, line in given.items():
        metric, unit = _metric_and_unit(key, units)
        for number, values in enumerate(read_minutes(line)):
            if values:
                store.add(Datapoint(metric, unit, (begins + seconds_each * number) * 1000, values, resolution))
    return store


def _metric_and_unit(key: str, units: Mapping[MetricId, str]) -> tuple[MetricId, str]:
    name, _, unit = key.rpartition(" ")
    if unit in standard_units() and not _named(key, list(units)):
        return _find_metric(name, list(units)), unit
    metric = _find_metric(key, list(units))
    return metric, units[metric]


def _find_metric(key: str, metrics: Sequence[MetricId]) -> MetricId:
    """The metric of ``Name``, ``Name{Service=api, Host=a}`` or ``Namespace Name {…}``. Raises NotationError."""
    found = _named(key, metrics)
    if len(found) != 1:
        raise NotationError(f"{key} is not one of {', '.join(map(str, metrics))}")
    return found[0]


def _named(key: str, metrics: Sequence[MetricId]) -> list[MetricId]:
    return [m for m in metrics if key in (m.name, str(m)) or read_metric(key, m.namespace) == m]


def read_metric(key: str, namespace: str) -> MetricId:
    """The metric of ``Name{Service=api, Host=a}`` in the namespace."""
    name, _, inside = key.removesuffix("}").partition("{")
    pairs = (part.partition("=") for part in inside.split(",") if part.strip())
    return MetricId.of(namespace, name, {label.strip(): value.strip() for label, _, value in pairs})
