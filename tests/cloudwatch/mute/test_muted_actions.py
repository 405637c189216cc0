"""Mute rules hold actions back, and let them run when the muting ends and the state is still the same."""

from typing import Any

import pytest

from cloudwatch.alarm.state import AlarmState
from cloudwatch.mute.mute_rule import MuteRule, read_mute_rule
from cloudwatch.mute.muted_actions import muted_actions

OK, ALARM, _ = AlarmState
BEGIN = 1_767_225_600  # 2026-01-01 00:00 UTC
HOUR = 3_600


def mute(
    expression: str = "at(2026-01-01T02:00)", duration: str = "PT1H", name: str = "night", **more: Any
) -> MuteRule:
    schedule = {"Expression": expression, "Duration": duration}
    return read_mute_rule(
        {"Name": name, "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["down"]}} | more
    )


def muted(*rules: MuteRule, end: int = 24 * HOUR, **changes: float) -> list[tuple[float, str, str, float | None]]:
    """Hour, state and rules of each muted action, and the hour at which it runs. ``changes`` is like ALARM1=2.5."""
    states = sorted((BEGIN + round(hour * HOUR), AlarmState(name.rstrip("12"))) for name, hour in changes.items())
    found = muted_actions("down", states, states, rules, end=BEGIN + end)
    return [
        ((m.at - BEGIN) / HOUR, m.state, "+".join(m.rules), (m.until - BEGIN) / HOUR if m.runs_later else None)
        for m in found
    ]


def test_an_action_outside_of_the_muting_is_not_held_back() -> None:
    assert muted(mute(), ALARM1=1.9, OK1=3) == []


def test_a_muted_action_runs_when_the_muting_ends_and_the_state_is_the_same() -> None:
    assert muted(mute(), ALARM1=2.5) == [(2.5, "ALARM", "night", 3)]


def test_a_muted_action_never_runs_if_the_state_has_changed() -> None:
    assert muted(mute(), ALARM1=2.25, OK1=2.5) == [(2.25, "ALARM", "night", None), (2.5, "OK", "night", 3)]
    assert muted(mute(), ALARM1=2.25, OK1=3) == [(2.25, "ALARM", "night", None)]


def test_another_alarm_is_not_muted() -> None:
    other = mute(MuteTargets={"AlarmNames": ["else"]})
    assert muted(other, ALARM1=2.5) == []


def test_mutings_without_a_pause_are_one() -> None:
    second = mute("at(2026-01-01T02:30)", "PT2H", "deployment")
    assert muted(mute(), second, ALARM1=2.25, OK1=2.75) == [
        (2.25, "ALARM", "night", None),
        (2.75, "OK", "night+deployment", 4.5),
    ]


def test_a_muting_that_never_pauses_lasts_to_the_end() -> None:
    assert muted(mute("cron(* * * * *)"), ALARM1=2.25) == [(2.25, "ALARM", "night", None)]


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 2.5), ("America/Bogota", 7.5)])
def test_a_rule_mutes_by_the_clock_of_its_time_zone(zone: str, hour: float) -> None:
    schedule = {"Expression": "cron(0 2 * * *)", "Duration": "PT1H", "Timezone": zone}
    rule = mute(Rule={"Schedule": schedule})
    assert [at for at, *_ in muted(rule, ALARM1=2.5, OK1=7.5)] == [hour]
