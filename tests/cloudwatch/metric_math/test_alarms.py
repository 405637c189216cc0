"""The Metrics of an alarm: PutMetricAlarm accepts valid ones, and each problem has a sentence."""

from typing import Any

import pytest

from cloudwatch.metric_math import alarm_problems

Entry = dict[str, Any]


def metric(name: str, *, period: int | None = 60, returned: bool = False) -> Entry:
    return {"Id": name, "MetricStat": {"Metric": {}, "Stat": "Sum", "Period": period}, "ReturnData": returned}


def expression(name: str, text: str, *, returned: bool = True) -> Entry:
    return {"Id": name, "Expression": text, "ReturnData": returned}


def problems(entries: list[Entry], threshold_id: str | None = None) -> list[str]:
    return [str(problem) for problem in alarm_problems(entries, threshold_id)]


def test_an_alarm_on_the_backlog_of_each_instance_is_accepted() -> None:
    assert problems([metric("m1"), metric("m2"), expression("e1", "m1 / m2")]) == []


def test_an_alarm_on_a_single_metric_is_accepted() -> None:
    assert problems([metric("m1", returned=True)]) == []


def test_an_alarm_has_at_most_ten_metrics_and_ten_expressions() -> None:
    metrics = [metric(f"m{index}") for index in range(12)]
    expressions = [expression(f"e{index}", "m1", returned=not index) for index in range(11)]
    assert problems([*metrics[:10], *expressions[:10]]) == []
    assert problems([*metrics, *expressions[:10]]) == ["Metrics: 12 metrics, at most 10 are allowed"]
    assert problems([*metrics[:10], *expressions]) == ["Metrics: 11 expressions, at most 10 are allowed"]


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([], "Metrics: exactly one entry must return data, not 0 (none)"),
        (
            [metric("m1"), expression("e1", "m1", returned=False)],
            "Metrics: exactly one entry must return data, not 0 (none)",
        ),
        (
            [metric("m1", returned=True), {"Id": "e1", "Expression": "m1"}],  # true is the default
            "Metrics: exactly one entry must return data, not 2 (m1, e1)",
        ),
        (
            [metric("m1"), metric("m2", period=300), expression("e1", "m1 + m2")],
            "Metrics: the metrics have different periods: m1 60, m2 300",
        ),
        (
            [metric("m1", period=45, returned=True)],
            "Metrics: m1: a period is 10, 20 or 30 s or a multiple of 60 s, not 45",
        ),
        (
            [metric("m1", period=0, returned=True)],
            "Metrics: m1: a period is 10, 20 or 30 s or a multiple of 60 s, not 0",
        ),
        (
            [metric("m1", period=90, returned=True)],
            "Metrics: m1: a period is 10, 20 or 30 s or a multiple of 60 s, not 90",
        ),
        (
            [metric("m1", period=None, returned=True)],
            "Metrics: m1: a period is 10, 20 or 30 s or a multiple of 60 s, not None",
        ),
        (
            [metric("m1"), expression("e1", "METRICS() * 2")],
            "Metrics[1]: an alarm needs a single time series, the result is an array of them",
        ),
        (
            [metric("m1"), expression("e1", "METRICS()", returned=False), expression("e2", "SUM(e1)")],
            "Metrics[1]: an alarm needs a single time series, the result is an array of them",
        ),
        (
            [metric("m1"), expression("e1", "MAX(m1)")],
            "Metrics[1]: the result is a number, it must be a time series; TIME_SERIES() makes one of it",
        ),
        ([metric("m1"), expression("e1", "m1 / m2")], "Metrics[1].Expression: character 6: unknown id 'm2'"),
        (
            [expression("e1", "SUM(SEARCH('{A} B', 'Sum'))") | {"Period": 60}],
            "Metrics[0].Expression: character 5: SEARCH is not supported on Metric Alarms",
        ),
        (
            [expression("e1", "TIME_SERIES(1)")],
            "Metrics: e1: Period must not be null, because no metric has one",
        ),
        (
            [expression("q1", "SELECT MAX(Wait) FROM Shop GROUP BY Service") | {"Period": 60}],
            "Metrics[0]: an alarm on the groups of a query (GROUP BY) needs ORDER BY",
        ),
        ([metric("m1"), metric("m1", returned=True)], "Metrics[1]: the id is used twice"),
        (
            [metric("m1", returned=True), {"Id": "x"}],
            "Metrics[1]: x: an entry has an Id, and either an Expression or a MetricStat",
        ),
    ],
)
def test_each_problem_of_an_alarm_is_named(entries: list[Entry], problem: str) -> None:
    assert problems(entries) == [problem]


@pytest.mark.parametrize("period", [10, 20, 30, 60, 120, 3600])
def test_every_period_of_an_alarm_is_accepted(period: int) -> None:
    assert problems([metric("m1", period=period, returned=True)]) == []
