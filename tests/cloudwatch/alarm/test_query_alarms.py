"""Alarms on Metrics Insights queries: one time series, or contributors with states of their own."""

import pytest

from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.store import MetricStore
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.test_metric_alarm import Json, math_parameters, problems

BY_HOST = "SELECT MAX(Wait) FROM Shop GROUP BY Host ORDER BY MAX() DESC"


def of_query(text: str, *, period: int = 60, **changes: object) -> Json:
    entry = {"Id": "q1", "Expression": text, "Period": period}
    return math_parameters(entry, **({"EvaluationPeriods": 1, "Threshold": 5} | changes))


def hosts(**minutes: str) -> MetricStore:
    """A value in each minute of each host, like ``a="1 9 _ 9"``."""
    store = MetricStore()
    for host, line in minutes.items():
        for minute, text in enumerate(line.split()):
            if text != "_":
                metric = MetricId.of("Shop", "Wait", {"Host": host})
                store.add(Datapoint(metric, "None", minute * 60_000, (float(text),)))
    return store


def changes(values: Json, store: MetricStore, end: int) -> list[tuple[int, str | None, str]]:
    run = AlarmMachine(played_alarm(values), store).run(0, end * 60)
    return [(change.at // 60, change.new, change.reason) for change in run]


def test_a_query_without_groups_aggregates_all_metrics_that_it_selects() -> None:
    average = of_query("SELECT AVG(Wait) FROM Shop WHERE Host != 'c'")
    assert [(at, new) for at, new, _ in changes(average, hosts(a="1 9 9", b="1 1 3", c="9 9 9"), 3)] == [
        (1, "OK"),
        (3, "ALARM"),  # (9 + 3) / 2
    ]


def test_the_alarm_is_in_alarm_while_any_contributor_is() -> None:
    assert changes(of_query(BY_HOST), hosts(a="1 9 9 1 1", b="1 1 9 9 1"), 5) == [
        (1, "OK", "2 contributors in OK: a, b"),
        (2, "ALARM", "1 contributor in ALARM: a"),
        (5, "OK", "2 contributors in OK: a, b"),
    ]


def test_a_metric_joins_when_it_has_data_and_leaves_when_it_has_none() -> None:
    joined = changes(of_query(BY_HOST), hosts(a="1 1 1 1 1 1 1 1", b="_ _ 9 _ _ _ _ _"), 8)
    assert [(at, new) for at, new, _ in joined] == [(1, "OK"), (3, "ALARM"), (6, "OK")]


def test_a_contributor_keeps_its_own_state_if_missing_data_are_ignored() -> None:
    """After minute 5, one breaching point is left of the two that are needed."""
    patient = of_query(BY_HOST, EvaluationPeriods=2, TreatMissingData="ignore")
    assert [(at, new) for at, new, _ in changes(patient, hosts(a="1 9 9"), 9)] == [(1, "OK"), (3, "ALARM")]


def test_an_average_gives_every_value_the_same_weight_and_not_every_metric() -> None:
    store = hosts(a="9", b="1")
    store.add(Datapoint(MetricId.of("Shop", "Wait", {"Host": "b"}), "None", 1_000, (1.0, 1.0)))
    average = of_query("SELECT AVG(Wait) FROM Shop", Threshold=4)
    assert [(at, new) for at, new, _ in changes(average, store, 1)] == [(1, "OK")]  # 12 / 4, where (9 + 1) / 2 is 5


def test_a_limit_leaves_out_the_last_contributors_of_the_order() -> None:
    lowest = "SELECT MAX(Wait) FROM Shop GROUP BY Host ORDER BY MAX() ASC LIMIT 1"
    assert [(at, new) for at, new, _ in changes(of_query(lowest), hosts(a="1 1 1", b="9 9 9"), 3)] == [(1, "OK")]


@pytest.mark.parametrize(
    ("mode", "states"), [("missing", []), ("breaching", [(1, "ALARM")]), ("notBreaching", [(1, "OK")])]
)
def test_without_any_contributor_the_mode_decides(mode: str, states: list[tuple[int, str]]) -> None:
    found = changes(of_query(BY_HOST, TreatMissingData=mode), MetricStore(), 3)
    assert [(at, new) for at, new, _ in found] == states
    assert all(reason == "No time series was returned" for *_, reason in found)


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        (of_query("SELECT MAX(Wait) FROM Shop GROUP BY Host"), "Metrics[0]", "needs ORDER BY"),
        (of_query("SELECT MAX(Wait) FRM Shop"), "Metrics[0].Expression", "FROM"),
        (of_query(BY_HOST, EvaluationPeriods=181), "EvaluationPeriods", "10800 s at most"),
        (of_query(BY_HOST, period=30), "Metrics", "a minute or more"),
        (
            of_query(BY_HOST, period=3_600, EvaluationPeriods=3, EvaluationWindow={"WallClockWindow": {}}),
            "EvaluationPeriods",
            "10800 s at most",
        ),
    ],
)
def test_a_query_that_the_api_refuses_is_refused(values: Json, field: str, message: str) -> None:
    assert message in problems(values)[field]


def test_a_query_may_read_three_hours() -> None:
    assert played_alarm(of_query(BY_HOST, EvaluationPeriods=180)).period == 60
    assert played_alarm(of_query(BY_HOST, period=3_600, EvaluationPeriods=3)).period == 3_600


def test_metric_math_over_a_query_is_valid_and_not_played() -> None:
    query = {"Id": "q1", "Expression": "SELECT SUM(Wait) FROM Shop", "Period": 60, "ReturnData": False}
    alarm = read_metric_alarm(math_parameters(query, {"Id": "e1", "Expression": "q1 / 60"}))
    assert isinstance(alarm, UnplayedAlarm)
    assert "Metrics Insights" in alarm.reason
