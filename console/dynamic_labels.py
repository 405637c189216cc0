"""Labels with values in them: ``${MAX}``, ``${PROP('MetricName')}``.

Source: "Using dynamic labels" in the CloudWatch user guide. AWS does not document how numbers are written. Here they
have no more than six significant digits.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from console.refusal import VALIDATION, Refusal, UnsupportedOperation
from console.series_queries import LabelledSeries

DYNAMIC_MAX = 6  # "up to six dynamic values in a label"
_DYNAMIC = re.compile(r"\$\{([^}]*)\}")
_PROPERTY = re.compile(r"PROP\('([^']*)'\)")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")

_NUMBERS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


def written_label(series: LabelledSeries, options: Mapping[str, Any], region: str, account: str) -> str:
    """The label of a result. Raises Refusal."""
    if series.label is None:
        return series.own_label
    dynamic = _DYNAMIC.findall(series.label)
    if len(dynamic) > DYNAMIC_MAX:
        raise Refusal(VALIDATION, f"The label of {series.id} has {len(dynamic)} dynamic values, at most 6 are allowed.")
    zone = _zone(options.get("Timezone", "+0000"))
    return _DYNAMIC.sub(lambda match: _written(match[1], series, zone, region, account), series.label)


def _zone(offset: str) -> timezone:
    match = _OFFSET.fullmatch(offset)
    if match is None:
        raise Refusal(VALIDATION, f"The time zone {offset!r} is not of the form +0130.")
    return timezone((-1 if match[1] == "-" else 1) * timedelta(hours=int(match[2]), minutes=int(match[3])))


def _written(name: str, series: LabelledSeries, zone: timezone, region: str, account: str) -> str:
    if name == "LABEL":
        return series.own_label
    if match := _PROPERTY.fullmatch(name):
        return _property(match[1], series, region, account)
    times, values = [at for at, _ in series.points], [value for _, value in series.points]
    if name.endswith("_TIME") and (which := name.removesuffix("_TIME")) in ("FIRST", "LAST", "MAX", "MIN"):
        return _time(times, values, which, zone) if values else "--"
    if name == "DATAPOINT_COUNT":
        return str(len(values))
    if name in _NUMBERS:
        return f"{_NUMBERS[name](values):.6g}" if values else "--"
    raise UnsupportedOperation(f"the dynamic label ${{{name}}}")


def _time(times: Sequence[int], values: Sequence[float], which: str, zone: timezone) -> str:
    index = {"FIRST": 0, "LAST": -1}.get(which)
    if index is None:
        index = values.index(_NUMBERS[which](values))
    return datetime.fromtimestamp(times[index], UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _property(name: str, series: LabelledSeries, region: str, account: str) -> str:
    metric = series.metric
    known = {"Region": region, "AccountId": account, "Period": str(series.period)}
    if metric is not None:
        known |= {"MetricName": metric.name, "Namespace": metric.namespace, "Stat": series.statistic}
        known |= {f"Dim.{dimension}": value for dimension, value in metric.dimensions}
    if name not in known:
        raise UnsupportedOperation(f"${{PROP('{name}')}} in the label of {series.id}")
    return known[name]
