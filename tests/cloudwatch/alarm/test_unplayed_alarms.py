"""Alarms that CloudWatch accepts but that cannot be played: each has its name and a reason, and is never refused."""

from typing import Any

import pytest

from cloudwatch.alarm import put_metric_alarm
from cloudwatch.alarm.put_log_alarm import read_log_alarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite import composite_alarm
from cloudwatch.composite.composite_alarm import read_composite_alarm
from cloudwatch.parameters import ParametersRefused
from tests.cloudwatch.alarm.test_metric_alarm import POLICY, Json, math_parameters, parameters, problems, query

NO_THRESHOLD = {"Threshold": None}
BAND = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(errors, 2)", "ReturnData": True}
ANOMALY = math_parameters(
    query("Errors"),
    BAND,
    ThresholdMetricId="ad1",
    ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
    **NO_THRESHOLD,
)
PROMQL = {
    "AlarmName": "api latency",
    "EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 300, "RecoveryPeriod": 600}},
    "EvaluationInterval": 60,
}


@pytest.mark.parametrize("empty", ["Dimensions", "Tags", "AlarmActions"])
@pytest.mark.parametrize("values", [ANOMALY, math_parameters(query("Errors", ReturnData=True)), PROMQL])
def test_an_empty_list_beside_other_parameters_is_the_same_as_none(values: Json, empty: str) -> None:
    assert read_metric_alarm({**values, empty: []}) == read_metric_alarm(values)


def test_an_empty_list_of_queries_leaves_an_alarm_on_one_metric() -> None:
    assert read_metric_alarm(parameters(Metrics=[])) == read_metric_alarm(parameters())
    assert problems({**PROMQL, "Metrics": [query("Errors")]}) != {}


def of_expression(text: str) -> Json:
    return math_parameters({"Id": "q1", "Expression": text, "Period": 60})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (ANOMALY, "ANOMALY_DETECTION_BAND"),
        (of_expression("INSIGHT_RULE_METRIC('hosts', 'UniqueContributors')"), "INSIGHT_RULE_METRIC"),
        (of_expression("DB_PERF_INSIGHTS('RDS', 'db-1', 'os.cpuUtilization.user.avg')"), "DB_PERF_INSIGHTS"),
        (PROMQL, "PromQL"),
    ],
)
def test_an_alarm_that_only_cloudwatch_can_compute_is_valid_and_not_played(values: Json, reason: str) -> None:
    alarm = read_metric_alarm(values)
    assert isinstance(alarm, UnplayedAlarm)
    assert alarm.name == "api latency"
    assert reason in alarm.reason


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"ThresholdMetricId": "ad2"}, "ThresholdMetricId", "not the id"),
        ({"Threshold": 5}, "Threshold", "together with ThresholdMetricId"),
        ({"ComparisonOperator": "GreaterThanThreshold"}, "ComparisonOperator", "not with a band"),
        ({"AlarmActions": [POLICY]}, "AlarmActions", "Auto Scaling"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm", "more than the 3"),
    ],
)
def test_an_unplayed_alarm_is_still_checked(changes: Json, field: str, message: str) -> None:
    assert message in problems(ANOMALY | changes)[field]


def test_a_promql_alarm_needs_its_interval() -> None:
    assert "missing" in problems(PROMQL | {"EvaluationInterval": None})["EvaluationInterval"]
    assert "multiples of 60" in problems(PROMQL | {"EvaluationInterval": 90})["EvaluationInterval"]


def test_a_parameter_of_a_newer_botocore_is_accepted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated by a version that knows one parameter less than the installed botocore."""
    for module, read, values in (
        (put_metric_alarm, read_metric_alarm, parameters()),
        (composite_alarm, read_composite_alarm, {"AlarmName": "api latency", "AlarmRule": "ALARM(a)"}),
    ):
        monkeypatch.setattr(module, "PARAMETERS", module.PARAMETERS - {"ActionConfiguration"})
        new: Any = read(values | {"ActionConfiguration": {"AlarmTagsPropagation": {"Enabled": True}}})
        assert isinstance(new, UnplayedAlarm)
        assert "ActionConfiguration" in new.reason


LOG_ALARM: Json = {
    "AlarmName": "failed logins",
    "ScheduledQueryConfiguration": {
        "QueryString": "filter @message like /denied/",
        "LogGroupIdentifiers": ["/shop/api"],
        "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/query",
        "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
        "AggregationExpression": "count(*)",
    },
    "QueryResultsToEvaluate": 3,
    "QueryResultsToAlarm": 2,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}


def test_a_log_alarm_is_valid_and_not_played() -> None:
    alarm = read_log_alarm(LOG_ALARM)
    assert (alarm.name, "log groups" in alarm.reason) == ("failed logins", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"QueryResultsToAlarm": 4}, "QueryResultsToAlarm"),
        ({"QueryResultsToEvaluate": 101}, "QueryResultsToEvaluate"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "ComparisonOperator"),
        ({"ActionLogLineCount": 5}, "ActionLogLineRoleArn"),
        ({"ScheduledQueryConfiguration": {}}, "ScheduledQueryConfiguration.QueryString"),
        ({"TreatMissingData": "zero"}, "TreatMissingData"),
    ],
)
def test_a_log_alarm_that_the_api_refuses_is_refused_with_its_field(changes: Json, field: str) -> None:
    with pytest.raises(ParametersRefused) as refusal:
        read_log_alarm(LOG_ALARM | changes)
    assert field in {problem.field for problem in refusal.value.problems}
