"""The call PutAnomalyDetector: a model of a metric, or of metric math. It is checked, but not played.

Source: its API reference (botocore 1.44). A detector has no name: its metric and statistic, or its queries, identify
it. The model of an alarm on an anomaly detection band is also made by the alarm itself, with default settings.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.metric import MetricId
from cloudwatch.metric_math import query_problems
from cloudwatch.metric_math.errors import QueryError
from cloudwatch.metric_math.queries import Query
from cloudwatch.parameters import Parameters

CALL = "PutAnomalyDetector"
SINGLE, MATH = "SingleMetricAnomalyDetector", "MetricMathAnomalyDetector"
TOP_LEVEL = ("Namespace", "MetricName", "Dimensions", "Stat")  # the older form of SINGLE
EXCLUDED_RANGES_MAX = 10


@dataclass(frozen=True, slots=True)
class AnomalyDetector:
    """``identity`` is the same for two calls about the same model."""

    identity: str


def read_anomaly_detector(values: Mapping[str, Any]) -> AnomalyDetector:
    """The detector of a PutAnomalyDetector call. Raises ParametersRefused with every problem."""
    parameters = Parameters.of_call("cloudwatch", CALL, values)
    forms = [name for name in (SINGLE, MATH) if name in parameters]
    if not forms and not any(name in parameters for name in TOP_LEVEL):
        parameters.refuse(SINGLE, f"is missing: give {SINGLE} or {MATH}")
    for name in (*forms[1:], *(name for name in TOP_LEVEL if forms and name in parameters)):
        parameters.refuse(name, f"cannot be given together with {forms[0]}")
    if MATH in parameters:
        _check_queries(parameters.object(MATH))
    else:
        metric = parameters.object(SINGLE) if SINGLE in parameters else parameters
        for name in ("Namespace", "MetricName", "Stat"):
            metric.require(name)
    if len(parameters.object("Configuration").objects("ExcludedTimeRanges")) > EXCLUDED_RANGES_MAX:
        parameters.refuse("Configuration.ExcludedTimeRanges", f"more than {EXCLUDED_RANGES_MAX}")
    parameters.raise_problems(CALL)
    return AnomalyDetector(detector_identity(values))


def _check_queries(math: Parameters) -> None:
    entries = math.objects("MetricDataQueries")
    try:
        queries = [Query.from_api(entry.values) for entry in entries]
    except QueryError as error:
        math.refuse("MetricDataQueries", str(error))
        return
    for problem in query_problems(queries, offline=False):
        math.refuse("MetricDataQueries", problem)
    if sum(query.return_data for query in queries) != 1:
        math.refuse("MetricDataQueries", "exactly one entry must return data")


def detector_identity(values: Mapping[str, Any]) -> str:
    """The metric or metric math that a detector watches, as one line."""
    if values.get(MATH):
        queries = sorted((values[MATH] or {}).get("MetricDataQueries") or (), key=lambda query: str(query.get("Id")))
        return f"metric math {json.dumps(queries, sort_keys=True)}"
    metric = values.get(SINGLE) or values
    identity = MetricId.from_api(
        str(metric.get("Namespace", "")), str(metric.get("MetricName", "")), metric.get("Dimensions") or ()
    )
    return f"{identity} {metric.get('Stat', '')}"
