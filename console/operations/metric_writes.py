"""PutMetricData. Source of all rules: its API reference, with MetricDatum and Dimension."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from cloudwatch.emf import Datapoint
from cloudwatch.emf.rules import DIMENSIONS_MAX, VALUE_MAX
from cloudwatch.metric import MetricId
from cloudwatch.statistics import StatisticSet
from console.console_state import Console
from console.refusal import INVALID_COMBINATION, INVALID_VALUE, MISSING, Refusal, UnsupportedOperation

DATA_MAX = 1_000
VALUES_MAX = 150
PAST_SECONDS_MAX = 14 * 24 * 3_600
FUTURE_SECONDS_MAX = 2 * 3_600


def put_metric_data(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Store all data, or refuse the call."""
    if "EntityMetricData" in parameters:
        raise UnsupportedOperation("EntityMetricData")
    namespace, data = parameters["Namespace"], parameters.get("MetricData", [])
    if namespace.startswith("AWS/"):
        raise Refusal(INVALID_VALUE, f"The value {namespace} for parameter Namespace is invalid: AWS/ is reserved.")
    if not data:
        raise Refusal(MISSING, "The parameter MetricData is required.")
    if len(data) > DATA_MAX:
        raise Refusal(INVALID_VALUE, f"MetricData has {len(data)} items, at most {DATA_MAX} are allowed.")
    now = console.clock.now()
    points = [_datapoint(namespace, datum, f"MetricData.member.{n}", now) for n, datum in enumerate(data, start=1)]
    for point in points:
        console.store.add(point)
    return {}


def _datapoint(namespace: str, datum: Mapping[str, Any], place: str, now: float) -> Datapoint:
    values, found = _values(datum, place)
    resolution = datum.get("StorageResolution", 60)
    if resolution not in (1, 60):
        raise Refusal(INVALID_VALUE, f"The parameter {place}.StorageResolution must be 1 or 60.")
    at = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if not now - PAST_SECONDS_MAX <= at <= now + FUTURE_SECONDS_MAX:
        raise Refusal(
            INVALID_VALUE, f"The parameter {place}.Timestamp must be at most two weeks in the past and two hours ahead."
        )
    metric = MetricId.of(namespace, datum["MetricName"], _dimensions(datum, place))
    return Datapoint(metric, datum.get("Unit", "None"), int(at * 1000), values, resolution, found)


def _dimensions(datum: Mapping[str, Any], place: str) -> dict[str, str]:
    pairs = datum.get("Dimensions", [])
    dimensions = {pair["Name"]: pair["Value"] for pair in pairs}
    if len(pairs) > DIMENSIONS_MAX:
        raise Refusal(
            INVALID_VALUE, f"{place}.Dimensions has {len(pairs)} items, at most {DIMENSIONS_MAX} are allowed."
        )
    if len(dimensions) < len(pairs):
        raise Refusal(INVALID_VALUE, f"{place}.Dimensions has the same name twice.")
    for text in (*dimensions, *dimensions.values()):
        if not text.isascii() or not text.strip() or not text.isprintable():
            raise Refusal(INVALID_VALUE, f"{place}.Dimensions: {text!r} is blank, or not printable ASCII.")
    if any(name.startswith(":") for name in dimensions):
        raise Refusal(INVALID_VALUE, f"{place}.Dimensions: a name cannot begin with a colon.")
    return dimensions


def _values(datum: Mapping[str, Any], place: str) -> tuple[tuple[float, ...], StatisticSet | None]:
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if len(given) > 1:
        raise Refusal(INVALID_COMBINATION, f"The parameters {place}.{given[0]} and {given[1]} are mutually exclusive.")
    if not given:
        raise Refusal(MISSING, f"At least one of {place}.Value, Values and StatisticValues must be specified.")
    if "Counts" in datum and given != ["Values"]:
        raise Refusal(INVALID_COMBINATION, f"The parameter {place}.Counts is only allowed with Values.")
    match given[0]:
        case "Value":
            return tuple(_numbers([datum["Value"]], place)), None
        case "Values":
            return _counted(datum["Values"], datum.get("Counts"), place)
        case _:
            return _of_set(datum["StatisticValues"], place)


def _counted(
    values: list[float], counts: list[float] | None, place: str
) -> tuple[tuple[float, ...], StatisticSet | None]:
    numbers = list(_numbers(values, place))
    if not 1 <= len(values) <= VALUES_MAX:
        raise Refusal(INVALID_VALUE, f"{place}.Values has {len(values)} items, 1 to {VALUES_MAX} are allowed.")
    if counts is None:
        return tuple(numbers), None
    if len(counts) != len(values) or any(count < 0 or not math.isfinite(count) for count in counts):
        raise Refusal(INVALID_VALUE, f"{place}.Counts must have one count, which is not negative, for each value.")
    if any(not float(count).is_integer() for count in counts) or sum(counts) > 100_000:
        raise UnsupportedOperation("Counts with a fraction, or with more than 100,000 samples in one datum")
    return tuple(value for value, count in zip(numbers, counts, strict=True) for _ in range(int(count))), None


def _of_set(given: Mapping[str, float], place: str) -> tuple[tuple[float, ...], StatisticSet | None]:
    """Percentiles exist only "if the SampleCount is 1, or if Min and Max are equal" ("CloudWatch statistics")."""
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    found = StatisticSet(*_numbers([given[name] for name in names], f"{place}.StatisticValues"))
    if found.samples <= 0 or found.minimum > found.maximum:
        raise Refusal(INVALID_VALUE, f"{place}.StatisticValues: SampleCount must be positive, and Minimum <= Maximum.")
    if found.minimum == found.maximum and found.samples.is_integer() and found.samples <= 100_000:
        return (found.minimum,) * int(found.samples), found
    return (), found


def _numbers(values: list[float], place: str) -> Iterator[float]:
    for value in values:
        if not math.isfinite(value) or abs(value) > VALUE_MAX:
            raise Refusal(INVALID_VALUE, f"{place}: {value} is not a number from -2^360 to 2^360.")
        yield float(value)
