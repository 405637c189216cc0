"""PutMetricAlarm: an accepted call becomes an alarm, and a refused call names the fields at fault."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.metric import MetricId
from cloudwatch.parameters import ParametersRefused
from tests.cloudwatch.alarm.played import played_alarm

Json = dict[str, Any]

TAG = {"Key": "team", "Value": "video"}

TOPIC = "arn:aws:sns:us-east-1:123456789012:pages"
REBOOT = "arn:aws:automate:us-east-1:ec2:reboot"
POLICY = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:autoScalingGroupName/workers:policyName/out"


def parameters(**changes: Any) -> Json:
    """A valid call with ``changes``. A change to None removes the parameter."""
    valid: Json = {
        "AlarmName": "api latency",
        "Namespace": "Shop",
        "MetricName": "Latency",
        "Dimensions": [{"Name": "Service", "Value": "api"}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 500,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return {name: value for name, value in (valid | changes).items() if value is not None}


def query(name: str, **members: Any) -> Json:
    metric = {"Namespace": "Shop", "MetricName": name, "Dimensions": []}
    return {"Id": name.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}} | members


def math_parameters(*queries: Json, **changes: Any) -> Json:
    of_one_metric = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
    return parameters(**(of_one_metric | {"Metrics": list(queries)} | changes))


RATE: tuple[Json, ...] = (
    query("Errors", ReturnData=False),
    query("Requests", ReturnData=False),
    {"Id": "rate", "Expression": "errors / requests"},
)


def problems(values: Json) -> dict[str, str]:
    with pytest.raises(ParametersRefused) as refusal:
        read_metric_alarm(values)
    found: dict[str, str] = {}
    for problem in refusal.value.problems:
        found[problem.field] = f"{found.get(problem.field, '')}{problem.message}; "
    return found


def test_a_call_becomes_an_alarm_with_the_defaults_of_the_api() -> None:
    alarm = played_alarm(parameters())
    assert alarm == MetricAlarm(
        name="api latency",
        watched=WatchedMetric(MetricId.of("Shop", "Latency", {"Service": "api"}), "Average", 60),
        comparison=Comparison.GREATER,
        threshold=500.0,
        evaluation_periods=3,
        datapoints_to_alarm=3,
        treat_missing_data=TreatMissingData.MISSING,
    )


def test_every_parameter_is_read() -> None:
    alarm = played_alarm(
        parameters(
            Statistic=None,
            ExtendedStatistic="p99.9",
            Unit="Milliseconds",
            DatapointsToAlarm=2,
            ComparisonOperator="LessThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            EvaluateLowSampleCountPercentile="ignore",
            EvaluationWindow={"WallClockWindow": {"Timezone": "UTC"}},
            AlarmDescription="what to do",
            AlarmActions=[TOPIC, POLICY],
            OKActions=[TOPIC],
            Tags=[{"Key": "team", "Value": "video"}],
        )
    )
    assert isinstance(alarm.watched, WatchedMetric)
    assert (alarm.watched.statistic, alarm.watched.unit) == ("p99.9", "Milliseconds")
    assert alarm.watched.percentile == pytest.approx(0.999)
    assert (alarm.evaluation_periods, alarm.datapoints_to_alarm) == (3, 2)
    assert alarm.comparison is Comparison.LESS_OR_EQUAL
    assert alarm.treat_missing_data is TreatMissingData.NOT_BREACHING
    assert alarm.low_samples_ignored and alarm.time_zone == ZoneInfo("UTC")
    assert alarm.description == "what to do"
    assert alarm.actions.on(AlarmState.ALARM) == (TOPIC, POLICY)
    assert alarm.actions.on(AlarmState.OK) == (TOPIC,)
    assert alarm.actions.on(AlarmState.INSUFFICIENT_DATA) == ()


def test_a_window_slides_unless_the_call_sets_a_wall_clock_window() -> None:
    assert played_alarm(parameters(EvaluationWindow={"SlidingWindow": {}})).time_zone is None
    assert played_alarm(parameters(EvaluationWindow={"WallClockWindow": {}})).time_zone == ZoneInfo("UTC")


def test_scaling_policies_are_found_among_the_actions() -> None:
    alarm = played_alarm(parameters(AlarmActions=[TOPIC, POLICY]))
    assert alarm.actions.auto_scaling_actions == (POLICY,)
    assert played_alarm(parameters(OKActions=[TOPIC])).actions.auto_scaling_actions == ()


def test_an_alarm_with_disabled_actions_runs_none() -> None:
    alarm = played_alarm(parameters(AlarmActions=[POLICY], ActionsEnabled=False))
    assert alarm.actions.on(AlarmState.ALARM) == ()


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", (False, False, True)),
        ("GreaterThanOrEqualToThreshold", (False, True, True)),
        ("LessThanThreshold", (True, False, False)),
        ("LessThanOrEqualToThreshold", (True, True, False)),
    ],
)
def test_a_comparison_is_strict_unless_its_name_says_or_equal(comparison: str, breaching: tuple[bool, ...]) -> None:
    alarm = played_alarm(parameters(ComparisonOperator=comparison))
    assert tuple(alarm.breaches(value) for value in (499.9, 500, 500.1)) == breaching


def test_alarms_on_dynamodb_ignore_missing_data_by_default() -> None:
    silent = played_alarm(parameters(Namespace="AWS/DynamoDB"))
    explicit = played_alarm(parameters(Namespace="AWS/DynamoDB", TreatMissingData="breaching"))
    assert silent.treat_missing_data is TreatMissingData.IGNORE
    assert explicit.treat_missing_data is TreatMissingData.BREACHING


@pytest.mark.parametrize("statistic", ["p99.9", "tm99", "wm98", "TM(10%:90%)", "TS(:90%)", "IQM", "PR(100:2000)"])
def test_an_extended_statistic_that_the_api_lists_is_accepted(statistic: str) -> None:
    alarm = played_alarm(parameters(Statistic=None, ExtendedStatistic=statistic))
    assert isinstance(alarm.watched, WatchedMetric)
    assert alarm.watched.statistic == statistic


@pytest.mark.parametrize("period", [10, 20, 30, 60, 120, 300, 86_400])
def test_a_period_of_ten_twenty_thirty_seconds_or_whole_minutes_is_accepted(period: int) -> None:
    assert played_alarm(parameters(Period=period, EvaluationPeriods=1)).period == period


@pytest.mark.parametrize(("period", "periods"), [(60, 1440), (3_540, 24), (3_600, 168), (86_400, 7)])
def test_the_longest_evaluation_is_a_day_or_a_week_for_periods_of_an_hour_or_more(period: int, periods: int) -> None:
    played_alarm(parameters(Period=period, EvaluationPeriods=periods))
    assert "EvaluationPeriods" in problems(parameters(Period=period, EvaluationPeriods=periods + 1))


def test_a_call_at_the_limits_of_the_api_is_accepted() -> None:
    dimensions = [{"Name": f"d{i}" + "n" * 252, "Value": "v" * 1024} for i in range(10)]
    dimensions += [{"Name": f"e{i}", "Value": "v"} for i in range(20)]
    alarm = played_alarm(
        parameters(
            AlarmName="x" * 255,
            AlarmDescription="x" * 1024,
            AlarmActions=[TOPIC] * 5,
            Tags=[TAG] * 50,
            Dimensions=dimensions,
            Namespace="n" * 255,
            MetricName="m" * 255,
            EvaluationPeriods=1,
            DatapointsToAlarm=1,
        )
    )
    assert isinstance(alarm.watched, WatchedMetric)
    assert len(alarm.watched.metric.dimensions) == 30


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"AlarmName": None}, "AlarmName", "missing"),
        ({"AlarmName": "x" * 256}, "AlarmName", "256 characters"),
        ({"AlarmName": ""}, "AlarmName", "0 characters"),
        ({"AlarmName": "a\tb"}, "AlarmName", "control"),
        ({"AlarmDescription": "x" * 1025}, "AlarmDescription", "1025 characters"),
        ({"AlarmActions": [TOPIC] * 6}, "AlarmActions", "6 items"),
        ({"OKActions": [TOPIC] * 6}, "OKActions", "6 items"),
        ({"InsufficientDataActions": [TOPIC] * 6}, "InsufficientDataActions", "6 items"),
        ({"AlarmActions": TOPIC}, "AlarmActions", "list"),
        ({"ActionsEnabled": "yes"}, "ActionsEnabled", "type"),
        ({"Tags": [TAG] * 51}, "Tags", "50"),
        ({"Namespace": None}, "Namespace", "missing"),
        ({"Namespace": ":Shop"}, "Namespace", "colon"),
        ({"Namespace": "n" * 256}, "Namespace", "256 characters"),
        ({"MetricName": "m" * 256}, "MetricName", "256 characters"),
        ({"Dimensions": [{"Name": "n" * 256, "Value": "b"}]}, "Dimensions[0].Name", "256 characters"),
        ({"Dimensions": [{"Name": "a", "Value": "v" * 1025}]}, "Dimensions[0].Value", "1025 characters"),
        ({"MetricName": None}, "MetricName", "missing"),
        ({"Dimensions": [{"Name": "a"}]}, "Dimensions[0].Value", "missing"),
        ({"Dimensions": [{"Name": "a", "Value": "b"}] * 2}, "Dimensions", "twice"),
        ({"Dimensions": [{"Name": f"d{i}", "Value": "b"} for i in range(31)]}, "Dimensions", "31 items"),
        ({"Statistic": None}, "Statistic", "either"),
        ({"ExtendedStatistic": "p90"}, "Statistic", "not both"),
        ({"Statistic": "p90"}, "Statistic", "none of"),
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "ExtendedStatistic", "more than 100 %"),
        ({"Statistic": None, "ExtendedStatistic": "TM(5%:95%)"}, "ExtendedStatistic", "between 10 and 90"),
        ({"Statistic": None, "ExtendedStatistic": "WM(:99.5%)"}, "ExtendedStatistic", "between 10 and 90"),
        ({"Statistic": None, "ExtendedStatistic": "TC(5%:)"}, "ExtendedStatistic", "between 10 and 90"),
        ({"Statistic": None, "ExtendedStatistic": "Average"}, "ExtendedStatistic", "not an extended statistic"),
        ({"Period": None}, "Period", "missing"),
        ({"Period": 7}, "Period", "at least 10"),
        ({"Period": 90}, "Period", "multiples of 60"),
        ({"Period": 15}, "Period", "multiples of 60"),
        ({"Period": 60.0}, "Period", "type"),
        ({"EvaluationPeriods": None}, "EvaluationPeriods", "missing"),
        ({"EvaluationPeriods": 0}, "EvaluationPeriods", "at least 1"),
        ({"EvaluationPeriods": True}, "EvaluationPeriods", "type"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm", "more than the 3"),
        ({"DatapointsToAlarm": 0}, "DatapointsToAlarm", "at least 1"),
        ({"Threshold": None}, "Threshold", "missing"),
        ({"Threshold": "500"}, "Threshold", "type"),
        ({"Threshold": float("nan")}, "Threshold", "finite"),
        ({"ComparisonOperator": None}, "ComparisonOperator", "missing"),
        ({"ComparisonOperator": ">"}, "ComparisonOperator", "none of"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "ComparisonOperator", "needs the band"),
        ({"ThresholdMetricId": "ad1"}, "ThresholdMetricId", "not the id of an entry"),
        ({"ThresholdMetricId": "ad1"}, "Threshold", "together with ThresholdMetricId"),
        ({"ThresholdMetricId": "ad1"}, "ComparisonOperator", "not with a band"),
        ({"EvaluationCriteria": {}}, "EvaluationCriteria", "exactly one of PromQLCriteria"),
        ({"EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}}, "Threshold", "together with EvaluationCriteria"),
        ({"EvaluationCriteria": {"PromQLCriteria": {}}}, "EvaluationCriteria.PromQLCriteria.Query", "missing"),
        ({"EvaluationInterval": 60}, "EvaluationInterval", "only for alarms with EvaluationCriteria"),
        ({"WarmUpConfiguration": {}}, "WarmUpConfiguration.WarmUpPeriodDurationInMinutes", "missing"),
        (
            {"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 2_881}},
            "WarmUpConfiguration.WarmUpPeriodDurationInMinutes",
            "1 to 2880",
        ),
        (
            {"ActionConfiguration": {"AlarmTagsPropagation": {"Enabeld": True}}},
            "ActionConfiguration.AlarmTagsPropagation.Enabeld",
            "no such parameter",
        ),
        ({"Unit": "Parsecs"}, "Unit", "none of Seconds"),
        ({"Dimensions": [{"Name": "é", "Value": "b"}]}, "Dimensions[0].Name", "ASCII"),
        ({"Dimensions": [{"Name": "a", "Value": " "}]}, "Dimensions[0].Value", "blank"),
        ({"TreatMissingData": "notbreaching"}, "TreatMissingData", "none of"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "EvaluateLowSampleCountPercentile", "percentile"),
        ({"EvaluationWindow": {}}, "EvaluationWindow", "exactly one of"),
        ({"EvaluationWindow": {"WallClockWindow": {}}, "Period": 600}, "EvaluationWindow", "period"),
        (
            {"EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Berlim"}}},
            "EvaluationWindow.WallClockWindow.Timezone",
            "no time zone",
        ),
        (
            {"EvaluationWindow": {"WallClockWindow": {"Timezone": "+05:31"}}},
            "EvaluationWindow.WallClockWindow.Timezone",
            "multiple of 5 minutes",
        ),
        ({"Treshold": 5}, "Treshold", "no such parameter"),
    ],
)
def test_a_parameter_that_the_api_refuses_is_refused_with_its_field(changes: Json, field: str, message: str) -> None:
    assert message in problems(parameters(**changes))[field]


def test_all_problems_are_reported_together() -> None:
    found = problems(parameters(Period=7, EvaluationPeriods=2, DatapointsToAlarm=3, TreatMissingData="?"))
    assert set(found) == {"Period", "DatapointsToAlarm", "TreatMissingData"}
