"""PutAnomalyDetector: a refused call names its fields, and two ways to write a model have the same identity."""

from typing import Any

import pytest

from cloudwatch.alarm.anomaly_detector import detector_identity, read_anomaly_detector
from cloudwatch.parameters import ParametersRefused

METRIC = {"Namespace": "Shop", "MetricName": "Latency", "Stat": "p90", "Dimensions": [{"Name": "A", "Value": "b"}]}
SINGLE = {"SingleMetricAnomalyDetector": METRIC}
M1 = {
    "Id": "m1",
    "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"},
    "ReturnData": False,
}


def math(*queries: Any) -> dict[str, Any]:
    return {"MetricMathAnomalyDetector": {"MetricDataQueries": list(queries)}}


def test_both_ways_to_name_a_metric_have_the_same_identity() -> None:
    assert read_anomaly_detector(METRIC) == read_anomaly_detector(SINGLE)
    assert detector_identity(METRIC) == "Shop Latency {A=b} p90"


def test_the_order_of_queries_does_not_count() -> None:
    result = {"Id": "e", "Expression": "m1 * 2"}
    assert read_anomaly_detector(math(M1, result)) == read_anomaly_detector(math(result, M1))


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({}, "SingleMetricAnomalyDetector", "is missing"),
        ({**SINGLE, "Stat": "p90"}, "Stat", "cannot be given together"),
        ({**SINGLE, **math(M1)}, "MetricMathAnomalyDetector", "cannot be given together"),
        ({"Namespace": "Shop"}, "MetricName", "is missing"),
        (
            {"SingleMetricAnomalyDetector": {"Namespace": "Shop", "MetricName": "x"}},
            "SingleMetricAnomalyDetector.Stat",
            "",
        ),
        (math(M1), "MetricMathAnomalyDetector.MetricDataQueries", "exactly one entry must return data"),
        (math({"Id": "e", "Expression": "m9"}), "MetricMathAnomalyDetector.MetricDataQueries", "unknown id 'm9'"),
        (math({"Id": "e"}), "MetricMathAnomalyDetector.MetricDataQueries", "either an Expression or a MetricStat"),
        ({**SINGLE, "Configuration": {"AdaptationSpeed": "WARP"}}, "Configuration.AdaptationSpeed", "none of"),
        (
            {**SINGLE, "Configuration": {"ExcludedTimeRanges": [{"StartTime": "2026", "EndTime": "2027"}] * 11}},
            "Configuration.ExcludedTimeRanges",
            "more than 10",
        ),
    ],
)
def test_a_call_is_refused_with_its_field(values: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ParametersRefused) as caught:
        read_anomaly_detector(values)
    found = {problem.field: problem.message for problem in caught.value.problems}
    assert message in found[field]
