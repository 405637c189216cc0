"""When alarms are evaluated, and on which periods: AWS's examples, and the calendar of time zones."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.evaluation_schedule import EvaluationSchedule
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.wall_clock import boundaries
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.metric_math import Grid, Query, QueryPlan
from cloudwatch.store import MetricStore
from cloudwatch.time_zone import read_time_zone
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.test_metric_alarm import math_parameters, parameters, query
from tests.cloudwatch.sample_source import LATENCY

HOUR, DAY, WEEK = 3_600, 86_400, 604_800


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def texts(times: Iterable[int]) -> list[str]:
    return [f"{datetime.fromtimestamp(time, UTC):%m-%dT%H:%M}" for time in times]


def store_of(**values: float) -> MetricStore:
    """The values by time, like ``d16T10_02=1`` on 16 June 2026 at 10:02."""
    store = MetricStore()
    for text, value in values.items():
        at = seconds(f"2026-06-{text[1:].replace('_', ':')}")
        store.add(Datapoint(LATENCY, "None", at * 1000, (value,)))
    return store


def changes(store: MetricStore, start: str, end: str, **changes_: Any) -> list[tuple[str, str | None]]:
    alarm = played_alarm(parameters(**({"EvaluationPeriods": 1, "Threshold": 5} | changes_)))
    run = AlarmMachine(alarm, store).run(seconds(start), seconds(end))
    return [(texts([change.at])[0], change.new) for change in run]


def test_a_multi_day_alarm_is_evaluated_once_an_hour_on_data_up_to_the_full_hour() -> None:
    """AWS's example: a job runs every 3 days at 10:00, and fails at 10:02. The alarm fires at 11, not at 10:03."""
    store = store_of(d13T10_00=9, d16T10_02=1, d16T11_43=9)
    run = changes(
        store,
        "2026-06-16T09:30",
        "2026-06-16T13:00",
        Period=3 * DAY,
        Statistic="Sum",
        ComparisonOperator="LessThanThreshold",
    )
    assert run == [("06-16T10:00", "OK"), ("06-16T11:00", "ALARM"), ("06-16T12:00", "OK")]


def test_an_alarm_of_exactly_a_day_is_evaluated_every_minute() -> None:
    assert EvaluationSchedule(DAY, 1).interval == 60
    assert EvaluationSchedule(HOUR, 24).interval == 60
    assert EvaluationSchedule(HOUR, 25).interval == HOUR
    assert EvaluationSchedule(10, 3).interval == 10


def test_a_wall_clock_hour_is_evaluated_from_its_end_until_the_next_one_ends() -> None:
    store = store_of(d16T10_02=9)
    run = changes(
        store,
        "2026-06-16T10:00",
        "2026-06-16T13:00",
        Period=HOUR,
        TreatMissingData="notBreaching",
        EvaluationWindow={"WallClockWindow": {}},
    )
    # Missing points are filled as not breaching only when the evaluation range is empty, so ALARM lasts two more hours.
    assert run[:2] == [("06-16T10:01", "OK"), ("06-16T11:00", "ALARM")]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("UTC", "00:00"),
        ("America/Bogota", "05:00"),
        ("+05:30", "18:30"),
        ("Asia/Kolkata", "18:30"),
        ("UTC-03:35", "03:35"),
    ],
)
def test_a_day_begins_at_midnight_of_its_time_zone(zone: str, midnight: str) -> None:
    at = seconds("2026-06-16T20:00")
    (_, *days) = boundaries(DAY, read_time_zone(zone), at, at + 2 * DAY, before=2)
    assert {text[-5:] for text in texts(days)} == {midnight}
    assert [later - earlier for earlier, later in pairwise(days)] == [DAY] * (len(days) - 1)


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    berlin = read_time_zone("Europe/Berlin")
    for change, hours in (("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25)):
        begin, end = boundaries(DAY, berlin, seconds(change), seconds(change) + DAY, before=0)[:2]
        assert (end - begin) / HOUR == hours


def test_a_day_without_midnight_begins_with_its_first_moment() -> None:
    beirut = read_time_zone("Asia/Beirut")  # clocks went from 23:59 to 01:00 on 29 March 2026
    at = seconds("2026-03-29T12:00")
    assert texts(boundaries(DAY, beirut, at, at, before=0)) == ["03-28T22:00"]


def test_a_week_begins_on_monday() -> None:
    at = seconds("2026-06-17T12:00")  # a Wednesday
    assert texts(boundaries(WEEK, read_time_zone("UTC"), at, at + WEEK, before=1)) == [
        "06-08T00:00",
        "06-15T00:00",
        "06-22T00:00",
    ]


def test_an_hour_of_a_zone_with_half_an_hour_begins_at_half_past() -> None:
    at = seconds("2026-06-16T20:00")
    assert texts(boundaries(HOUR, read_time_zone("Asia/Kolkata"), at, at + HOUR, before=1)) == [
        "06-16T18:30",
        "06-16T19:30",
        "06-16T20:30",
    ]


def test_a_weekly_alarm_fires_on_monday_and_not_before() -> None:
    store = store_of(d10T12_00=9)
    run = changes(
        store,
        "2026-06-09T00:00",
        "2026-06-16T00:00",
        Period=WEEK,
        Statistic="Sum",
        EvaluationWindow={"WallClockWindow": {"Timezone": "America/Bogota"}},
    )
    assert run == [("06-15T05:00", "ALARM")]


WARM_UP = {"Period": 300, "EvaluationPeriods": 3, "DatapointsToAlarm": 1}


def warm_up(minutes: int, **more: bool) -> dict[str, Any]:
    return {"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": minutes} | more}


def test_a_warm_up_ends_when_data_fill_the_evaluation_periods() -> None:
    """AWS's example: created at 10:00, data from 10:04 on, evaluated from 10:19 on."""
    data = {f"d16T10_{minute:02}": 9.0 for minute in range(4, 60)}
    run = changes(store_of(**data), "2026-06-16T10:00", "2026-06-16T10:59", **WARM_UP, **warm_up(60))
    assert run == [("06-16T10:19", "ALARM")]


def test_a_warm_up_ends_after_its_duration_even_if_data_are_missing() -> None:
    store = store_of(d16T10_04=9)
    run = changes(store, "2026-06-16T10:00", "2026-06-16T10:59", TreatMissingData="breaching", **WARM_UP, **warm_up(30))
    assert run == [("06-16T10:30", "ALARM")]


def test_a_warm_up_that_waits_ignores_data() -> None:
    data = {f"d16T10_{minute:02}": 9.0 for minute in range(60)}
    whole = warm_up(45, OnlyStartEvaluatingAfterWarmUpPeriodEnds=True)
    run = changes(store_of(**data), "2026-06-16T10:00", "2026-06-16T10:59", **WARM_UP, **whole)
    assert run == [("06-16T10:45", "ALARM")]


def test_a_metric_that_was_published_before_needs_no_warm_up() -> None:
    data = {f"d16T10_{minute:02}": 9.0 for minute in range(60)}
    run = changes(store_of(**data), "2026-06-16T10:30", "2026-06-16T10:59", **WARM_UP, **warm_up(2_880))
    assert run == [("06-16T10:31", "ALARM")]


def test_a_series_is_chosen_by_the_evaluation_range_and_not_by_the_whole_time() -> None:
    """Over the whole time m1 has the greater sum. In the last three minutes m2 has it."""
    larger = {"Id": "e1", "Expression": "FIRST(SORT(METRICS(), SUM, DESC))"}
    entries = (query("One", Id="m1", ReturnData=False), query("Two", Id="m2", ReturnData=False), larger)
    alarm = played_alarm(math_parameters(*entries, EvaluationPeriods=1, Threshold=2))
    store = MetricStore()
    for name, values in (("One", (20, 1, 1, 1, 1, 1)), ("Two", (3, 3, 3, 3, 3, 3))):
        for minute, value in enumerate(values):
            store.add(Datapoint(MetricId("Shop", name), "None", minute * 60_000, (float(value),)))
    run = [(change.at // 60, change.new) for change in AlarmMachine(alarm, store).run(0, 360)]
    assert run == [(1, AlarmState.ALARM), (2, AlarmState.OK), (4, AlarmState.ALARM)]


def test_the_distance_of_two_days_is_that_of_the_clock() -> None:
    """A day on which clocks change may have 23 hours. So an increase of 82,800 is an increase of 1 a second."""
    begins = boundaries(
        DAY, read_time_zone("Europe/Berlin"), seconds("2026-03-30T12:00"), seconds("2026-03-30T12:00"), before=2
    )
    plan = QueryPlan([Query("m1"), Query("e1", "RATE(m1)")])
    assert plan.compute(Grid(begins, DAY), {"m1": [0.0, 86_400.0, 169_200.0]})["e1"] == [None, 1.0, 1.0]


LOUD = "IF(m1 > 2 * AVG(m1), 1, 0)"


def test_an_expression_over_a_series_uses_the_evaluation_range_and_never_later_data() -> None:
    """The average of the hour (20 minutes of 10, 10 of 12, 30 of 100) hides the rise, that of the range does not."""
    entries = (query("Latency", Id="m1", ReturnData=False), {"Id": "e1", "Expression": LOUD})
    alarm = played_alarm(math_parameters(*entries, EvaluationPeriods=1, Threshold=0.5))
    store, metric = MetricStore(), MetricId("Shop", "Latency")
    for minute, value in enumerate([10.0] * 20 + [12.0] * 10 + [100.0] * 30):
        store.add(Datapoint(metric, "None", minute * 60_000, (value,)))
    run = list(AlarmMachine(alarm, store).run(0, 3_600))
    one = AlarmMachine(alarm, store)
    assert run == [change for now in range(60, 3_601, 60) if (change := one.step(now))]
    assert [(change.at // 60, change.new) for change in run] == [
        (1, AlarmState.ALARM),  # AVG counts the two missing minutes of the range as 0
        (2, AlarmState.OK),
        (31, AlarmState.ALARM),
        (32, AlarmState.OK),
    ]
    assert all(change.depends_on_range for change in run)
