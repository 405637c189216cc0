"""PutMetricAlarm with Metrics: the watched values, and the refused calls."""

import pytest

from cloudwatch.alarm.watched import WatchedMath, WatchedMetric
from cloudwatch.metric import MetricId
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.test_metric_alarm import RATE, REBOOT, Json, math_parameters, parameters, problems, query


def test_an_alarm_on_metric_math_watches_the_one_query_that_returns_data() -> None:
    alarm = played_alarm(math_parameters(*RATE))
    assert isinstance(alarm.watched, WatchedMath)
    assert (alarm.watched.returned, alarm.period, set(alarm.watched.metrics)) == ("rate", 60, {"errors", "requests"})


def test_a_single_metric_query_is_watched_like_a_plain_metric() -> None:
    alarm = played_alarm(math_parameters(query("Errors")))
    assert alarm.watched == WatchedMetric(MetricId("Shop", "Errors"), "Sum", 60)


def test_an_expression_without_metrics_needs_its_own_period() -> None:
    expression = {"Id": "nine", "Expression": "TIME_SERIES(9)"}
    assert played_alarm(math_parameters(expression | {"Period": 300})).period == 300
    assert "Period must not be null" in problems(math_parameters(expression))["Metrics"]


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([query("Errors", ReturnData=False)], "exactly one entry must return data"),
        ([query("Errors"), query("Requests")], "exactly one entry must return data"),
        ([query("Errors"), query("Errors", ReturnData=False)], "twice"),
        ([query("Errors", Id="Errors")], "lowercase"),
        ([query("Errors", Expression="1")], "either"),
        ([*RATE[:2], RATE[2] | {"Expression": "errors /"}], "the expression ends"),
        (
            [*RATE[:2], RATE[2] | {"Expression": "SEARCH('{Shop} Errors', 'Sum')"}],
            "SEARCH is not supported on Metric Alarms",
        ),
        ([*RATE[:2], RATE[2] | {"Expression": "ANOMALY_DETECTION_BAND(errors) * 2"}], "a single time series"),
        ([query(f"M{i}", ReturnData=i == 0) for i in range(11)], "at most 10"),
    ],
)
def test_metrics_that_the_api_refuses_are_refused(queries: list[Json], message: str) -> None:
    assert message in " ".join(problems(math_parameters(*queries)).values())


def test_metrics_must_have_one_period() -> None:
    other = query("Requests", ReturnData=False)
    other["MetricStat"]["Period"] = 300
    assert "different periods" in problems(math_parameters(RATE[0], other, RATE[2]))["Metrics"]


def test_the_parts_of_a_metric_query_are_refused_with_their_path() -> None:
    bad = query("Errors")
    bad["MetricStat"] = {"Metric": {"Namespace": "Shop"}, "Period": 45, "Stat": "Avg"}
    found = problems(math_parameters(bad))
    assert "missing" in found["Metrics[0].MetricStat.Metric.MetricName"]
    assert "multiples of 60" in found["Metrics[0].MetricStat.Period"]
    assert "'Avg' is not a statistic" in found["Metrics[0].MetricStat.Stat"]


@pytest.mark.parametrize("name", ["Namespace", "MetricName", "Dimensions", "Statistic", "Period", "Unit"])
def test_metrics_and_a_single_metric_exclude_each_other(name: str) -> None:
    single = parameters(Unit="Count")[name]
    assert "together with Metrics" in problems(math_parameters(*RATE, **{name: single}))[name]


def test_an_alarm_on_metric_math_cannot_have_ec2_actions() -> None:
    assert "EC2" in problems(math_parameters(*RATE, AlarmActions=[REBOOT]))["AlarmActions"]
    played_alarm(parameters(AlarmActions=[REBOOT]))
