"""Mute rules: their schedules are read as AWS writes them, and their windows lie on the clock of their time zone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloudwatch.mute.mute_rule import MuteRule, read_mute_rule
from cloudwatch.parameters import ParametersRefused

DURATIONS = {
    "PT5M": 300,
    "PT1H": 3_600,
    "PT2H": 7_200,
    "PT4H": 14_400,
    "PT6H": 21_600,
    "P2DT12H": 216_000,
    "P7D": 604_800,
}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def shown(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d %H:%M")


def call(expression: str = "cron(0 2 * * *)", duration: str = "PT1H", **others: Any) -> dict[str, Any]:
    schedule = {"Expression": expression, "Duration": duration, **others.pop("schedule", {})}
    return {"Name": "night", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["a"]}, **others}


def windows(rule: MuteRule, start: str, end: str) -> list[tuple[str, str]]:
    return [(shown(begin), shown(stop)) for begin, stop in rule.windows(at(start), at(end))]


# The examples of the API reference.
@pytest.mark.parametrize(
    ("expression", "duration", "begins"),
    [
        ("cron(0 2 * * *)", "PT2H", ["03-01 02:00", "03-02 02:00", "03-03 02:00", "03-04 02:00"]),
        ("cron(0 2 * * SUN)", "PT4H", ["03-01 02:00"]),
        ("cron(0 1 1 * *)", "PT6H", ["03-01 01:00"]),
        ("cron(0 18 * * FRI)", "P2DT12H", []),
        ("cron(0 23 * * *)", "PT2H", ["03-01 23:00", "03-02 23:00", "03-03 23:00", "03-04 23:00"]),
        ("at(2026-03-02T14:00)", "PT2H", ["03-02 14:00"]),
        ("at(2026-12-23T00:00)", "P7D", []),
        ("cron(0,30 8-9 2 MAR *)", "PT5M", ["03-02 08:00", "03-02 08:30", "03-02 09:00", "03-02 09:30"]),
        ("cron(0 0 * * 7)", "PT1H", ["03-01 00:00"]),
        ("cron(0 0 3 * MON)", "PT1H", ["03-02 00:00", "03-03 00:00"]),
    ],
)
def test_a_schedule_begins_at_the_times_that_it_names(expression: str, duration: str, begins: list[str]) -> None:
    rule = read_mute_rule(call(expression, duration))
    found = rule.schedule.begins(at("2026-03-01T00:00"), at("2026-03-05T00:00"), rule.zone)
    assert list(map(shown, found)) == begins
    assert rule.duration == DURATIONS[duration]


def test_a_window_that_began_before_the_range_is_found() -> None:
    rule = read_mute_rule(call("cron(0 18 * * FRI)", "P2DT12H"))
    assert windows(rule, "2026-03-01T00:00", "2026-03-03T00:00") == [("03-01 00:00", "03-02 06:00")]
    assert rule.mutes("a", at("2026-03-02T05:59"))
    assert not rule.mutes("a", at("2026-03-02T06:00"))
    assert not rule.mutes("b", at("2026-03-02T05:59"))


def test_a_window_lies_on_the_clock_of_its_time_zone_also_when_that_changes() -> None:
    rule = read_mute_rule(call("cron(30 2 * * *)", schedule={"Timezone": "Europe/Madrid"}))
    begins = [begin for begin, _ in windows(rule, "2026-03-28T00:00", "2026-03-31T00:00")]
    assert begins == ["03-28 01:30", "03-30 00:30"], "on the 29th, the clock goes from 02:00 to 03:00"
    autumn = [begin for begin, _ in windows(rule, "2026-10-24T12:00", "2026-10-26T12:00")]
    assert autumn == ["10-25 00:30", "10-26 01:30"], "on the 25th, 02:30 comes twice"


def test_windows_end_at_the_dates_of_the_rule() -> None:
    dates: dict[str, Any] = {"StartDate": "2026-03-01T02:30:00Z", "ExpireDate": datetime(2026, 3, 2, 2, 15, tzinfo=UTC)}
    found = windows(read_mute_rule(call(**dates)), "2026-03-01T00:00", "2026-03-05T00:00")
    assert found == [("03-01 02:30", "03-01 03:00"), ("03-02 02:00", "03-02 02:15")]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"expression": "0 2 * * *"}, "Rule.Schedule.Expression", "neither cron(minute hour day month weekday) nor at"),
        ({"expression": "cron(0 2 ? * SUN *)"}, "Rule.Schedule.Expression", "has 6 fields, there are 5"),
        ({"expression": "cron(0 25 * * *)"}, "Rule.Schedule.Expression", "'25' as hour: 0 to 23"),
        ({"expression": "cron(*/5 * * * *)"}, "Rule.Schedule.Expression", "'*/5' as minute"),
        ({"expression": "cron(0 2 * * SUNDAY)"}, "Rule.Schedule.Expression", "'SUNDAY' as day of the week"),
        ({"expression": "cron(0 5-2 * * *)"}, "Rule.Schedule.Expression", "5 is after 2"),
        ({"expression": "at(2026-13-01T00:00)"}, "Rule.Schedule.Expression", "there is no time 2026-13-01T00:00"),
        ({"expression": "at(2026-12-24)"}, "Rule.Schedule.Expression", "neither"),
        ({"expression": ""}, "Rule.Schedule.Expression", "characters"),
        ({"duration": "PT30S"}, "Rule.Schedule.Duration", "is not a duration"),
        ({"duration": "2 hours"}, "Rule.Schedule.Duration", "is not a duration"),
        ({"duration": "P"}, "Rule.Schedule.Duration", "is not a duration"),
        ({"duration": "PT0M"}, "Rule.Schedule.Duration", "at least PT1M"),
        ({"duration": "P15DT1M"}, "Rule.Schedule.Duration", "at most P15D"),
        ({"schedule": {"Timezone": "Europe/Bogota"}}, "Rule.Schedule.Timezone", "there is no time zone"),
        ({"StartDate": "tomorrow"}, "StartDate", "ISO 8601"),
        ({"StartDate": "2026-03-02", "ExpireDate": "2026-03-01"}, "ExpireDate", "is not after StartDate"),
        ({"MuteTargets": {"AlarmNames": ["a"] * 101}}, "MuteTargets.AlarmNames", "at most 100"),
        ({"MuteTargets": {}}, "MuteTargets.AlarmNames", "missing"),
        ({"Name": None}, "Name", "missing"),
        ({"Mute": 1}, "Mute", "no such parameter"),
    ],
)
def test_a_rule_is_refused_with_its_field(changes: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ParametersRefused) as caught:
        read_mute_rule(call(**changes))
    assert {problem.field for problem in caught.value.problems} == {field}
    assert message in caught.value.problems[0].message
