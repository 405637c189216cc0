"""Composite alarms: their states over time, and the effect of a suppressor on their actions."""

from collections.abc import Iterator
from typing import Any

import pytest

from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm, CompositeCycle, children_first, read_composite_alarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.composite.suppression import ActionsDue
from cloudwatch.parameters import ParametersRefused
from tests.cloudwatch.alarm.played import played_composite

OK, ALARM, INSUFFICIENT_DATA = AlarmState
TOPIC = "arn:aws:sns:us-east-1:123456789012:pages"


def composite(name: str, rule: str, **parameters: Any) -> CompositeAlarm:
    return played_composite({"AlarmName": name, "AlarmRule": rule} | parameters)


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({"AlarmName": None}, "AlarmName", "missing"),
        ({"AlarmRule": None}, "AlarmRule", "missing"),
        ({"AlarmRule": "ALARM(a) AND"}, "AlarmRule", "is expected here"),
        ({"AlarmDescription": "x" * 1025}, "AlarmDescription", "1025"),
        ({"AlarmActions": [TOPIC] * 6}, "AlarmActions", "6 items"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "AlarmActions", "EC2"),
        ({"OKActions": ["arn:aws:autoscaling:us-east-1:1:scalingPolicy:x"]}, "AlarmActions", "Auto Scaling"),
        ({"ActionsSuppressor": "s"}, "ActionsSuppressorWaitPeriod", "missing"),
        (
            {"ActionsSuppressor": "s", "ActionsSuppressorWaitPeriod": 60},
            "ActionsSuppressorExtensionPeriod",
            "missing",
        ),
        ({"ActionsSuppressorWaitPeriod": 60}, "ActionsSuppressorWaitPeriod", "no effect without ActionsSuppressor"),
        ({"Tags": [{"Key": "k", "Value": "v"}] * 51}, "Tags", "50"),
        ({"Threshold": 5}, "Threshold", "no such parameter"),
    ],
)
def test_a_parameter_that_the_api_refuses_is_refused_with_its_field(parameters: Any, field: str, message: str) -> None:
    values = {"AlarmName": "down", "AlarmRule": "ALARM(a)"} | parameters
    with pytest.raises(ParametersRefused) as refusal:
        read_composite_alarm(values)
    assert any(problem.field == field and message in str(problem) for problem in refusal.value.problems)


def test_a_call_at_the_limits_of_the_api_is_accepted() -> None:
    alarm = composite(
        "x" * 255,
        "ALARM(a)",
        AlarmDescription="x" * 1024,
        OKActions=[TOPIC] * 5,
        Tags=[{"Key": "k", "Value": "v"}] * 50,
    )
    assert (len(alarm.name), len(alarm.description), len(alarm.actions.ok)) == (255, 1024, 5)


def test_children_come_before_the_composites_that_watch_them() -> None:
    top, middle = composite("top", "ALARM(middle) OR ALARM(cpu)"), composite("middle", "ALARM(cpu)")
    assert children_first([top, middle]) == [middle, top]


@pytest.mark.parametrize("rules", [{"a": "ALARM(a)"}, {"a": "ALARM(b)", "b": "OK(c)", "c": "NOT ALARM(a)"}])
def test_composites_that_watch_each_other_are_refused_and_named(rules: dict[str, str]) -> None:
    with pytest.raises(CompositeCycle) as refusal:
        CompositeMachine([composite(name, rule) for name, rule in rules.items()])
    assert set(refusal.value.names) == set(rules)


def test_a_cycle_is_broken_by_a_rule_that_is_false() -> None:
    CompositeMachine([composite("a", "FALSE"), composite("b", "ALARM(a)")])


def change(at: int, name: str, new: AlarmState, *, depends: bool = False) -> Transition:
    return Transition(at, name, OK if new is ALARM else ALARM, new, "", depends)


def run(composites: list[CompositeAlarm], *changes: Transition, end: int = 1_000) -> list[Transition | ActionsDue]:
    return list(CompositeMachine(composites, {"a": OK, "b": OK, "s": OK}).run(changes, 0, end))


def states(events: list[Transition | ActionsDue]) -> list[tuple[int, str, str | None]]:
    return [(each.at, each.name, each.new) for each in events if isinstance(each, Transition)]


def test_a_composite_is_evaluated_as_soon_as_it_exists() -> None:
    first, *_ = run([composite("down", "ALARM(a)")])
    assert isinstance(first, Transition)
    assert (first.at, first.old, first.new) == (0, INSUFFICIENT_DATA, OK)
    assert first.reason == "down was created and its alarm rule evaluates to OK"


def test_it_fires_when_its_rule_begins_to_hold_and_recovers_when_it_ends() -> None:
    events = run(
        [composite("down", "ALARM(a) AND ALARM(b)")],
        change(60, "a", ALARM),
        change(120, "b", ALARM),
        change(180, "a", OK),
    )
    assert states(events) == [(0, "down", "OK"), (120, "down", "ALARM"), (180, "down", "OK")]


def test_it_does_not_fire_when_only_a_part_of_its_rule_holds() -> None:
    events = run([composite("down", "ALARM(a) AND ALARM(b)")], change(60, "a", ALARM))
    assert states(events) == [(0, "down", "OK")]


def test_the_reason_of_a_composite_names_the_alarm_that_changed() -> None:
    *_, last = [e for e in run([composite("down", "ALARM(a)")], change(60, "a", ALARM)) if isinstance(e, Transition)]
    assert last.reason == "a transitioned to ALARM at Thursday 01 January, 1970 00:01:00 UTC"


def test_a_composite_over_an_alarm_that_is_not_played_is_known_while_the_others_decide() -> None:
    top, over = composite("top", "ALARM(over)", AlarmActions=[TOPIC]), composite("over", "ALARM(a) OR ALARM(x)")
    machine = CompositeMachine([top, over], {"a": OK}, unplayed=["x"])
    events = list(machine.run([change(60, "a", ALARM), change(120, "a", OK), change(180, "a", ALARM)], 0, 1_000))
    over_states = [(0, "over", None), (60, "over", "ALARM"), (120, "over", None), (180, "over", "ALARM")]
    assert [each for each in states(events) if each[1] == "over"] == over_states
    assert [each[2] for each in states(events) if each[1] == "top"] == [None, "ALARM", None, "ALARM"]
    assert [(e.at, e.state) for e in events if isinstance(e, ActionsDue) and e.name == "top"] == [
        (60, ALARM),
        (180, ALARM),
    ]


def test_a_change_passes_through_composites_in_the_same_second() -> None:
    events = run([composite("top", "ALARM(mid)"), composite("mid", "ALARM(a)")], change(60, "a", ALARM))
    assert states(events)[2:] == [(60, "mid", "ALARM"), (60, "top", "ALARM")]


def test_changes_of_one_second_are_evaluated_together() -> None:
    events = run(
        [composite("one", "ALARM(a) AND OK(b)")], change(60, "a", ALARM), change(60, "b", ALARM), change(90, "b", OK)
    )
    assert states(events) == [(0, "one", "OK"), (90, "one", "ALARM")]


def test_changes_at_the_beginning_and_at_the_end_count_and_others_do_not() -> None:
    changes = (change(-60, "a", OK), change(0, "a", ALARM), change(1_000, "a", OK), change(1_060, "a", ALARM))
    events = run([composite("down", "ALARM(a)")], *reversed(changes))
    assert states(events) == [(0, "down", "OK"), (0, "down", "ALARM"), (1_000, "down", "OK")]


def test_a_change_of_a_composite_depends_on_the_range_if_that_of_its_child_does() -> None:
    events = run([composite("down", "ALARM(a)")], change(60, "a", ALARM, depends=True), change(90, "a", OK))
    assert [e.depends_on_range for e in events if isinstance(e, Transition)] == [False, True, False]


def test_without_a_suppressor_actions_run_with_every_change() -> None:
    events = run([composite("down", "ALARM(a)", AlarmActions=[TOPIC])], change(60, "a", ALARM), change(90, "a", OK))
    due = [(e.at, e.state, e.suppressed_by, e.actions) for e in events if isinstance(e, ActionsDue)]
    assert due == [(0, OK, None, ()), (60, ALARM, None, (TOPIC,)), (90, OK, None, ())]


def test_disabled_actions_are_neither_run_nor_held_back() -> None:
    events = run([composite("down", "ALARM(a)", ActionsEnabled=False)], change(60, "a", ALARM))
    assert not any(isinstance(event, ActionsDue) for event in events)


def suppressed(*changes: Transition, wait: int = 2, extension: int = 3, end: int = 100) -> list[str]:
    """The actions of an alarm as in the user guide: WaitPeriod 2, ExtensionPeriod 3. It starts long before t = 0."""
    alarm = composite(
        "main",
        "ALARM(a)",
        ActionsSuppressor="s",
        ActionsSuppressorWaitPeriod=wait,
        ActionsSuppressorExtensionPeriod=extension,
    )
    machine = CompositeMachine([alarm], {"a": OK, "s": OK})
    return list(_action_lines(machine.run(changes, -50, end)))


def _action_lines(events: Iterator[Transition | ActionsDue]) -> Iterator[str]:
    for event in events:
        if isinstance(event, ActionsDue) and event.at >= 0:
            yield f"t{event.at} {event.state} {event.suppressed_by or 'runs'}"


def test_example_1_actions_run_after_the_wait_period() -> None:
    assert suppressed(change(2, "a", ALARM)) == ["t2 ALARM WaitPeriod", "t4 ALARM runs"]


def test_example_2_the_suppressor_holds_actions_back_before_the_wait_period_ends() -> None:
    assert suppressed(change(2, "a", ALARM), change(3, "s", ALARM)) == ["t2 ALARM WaitPeriod", "t3 ALARM Alarm"]


def test_example_3_a_change_during_the_wait_period_begins_a_new_one() -> None:
    events = suppressed(change(2, "a", ALARM), change(3, "a", OK))
    assert events == ["t2 ALARM WaitPeriod", "t3 OK WaitPeriod", "t5 OK runs"]


def test_example_4_a_suppressor_that_is_in_alarm_already_holds_actions_back_at_once() -> None:
    assert suppressed(change(1, "s", ALARM), change(2, "a", ALARM)) == ["t2 ALARM Alarm"]


def test_example_5_actions_run_after_the_extension_period() -> None:
    events = suppressed(change(2, "a", ALARM), change(3, "s", ALARM), change(6, "s", OK))
    assert events == ["t2 ALARM WaitPeriod", "t3 ALARM Alarm", "t6 ALARM ExtensionPeriod", "t9 ALARM runs"]


def test_example_6_a_change_during_the_extension_period_begins_a_wait_period() -> None:
    events = suppressed(change(2, "a", ALARM), change(3, "s", ALARM), change(6, "s", OK), change(7, "a", OK))
    assert events[2:] == ["t6 ALARM ExtensionPeriod", "t7 OK WaitPeriod", "t9 OK runs"]


def test_a_suppressor_in_the_last_second_of_the_wait_period_holds_actions_back() -> None:
    assert suppressed(change(2, "a", ALARM), change(4, "s", ALARM)) == ["t2 ALARM WaitPeriod", "t4 ALARM Alarm"]
    assert suppressed(change(2, "a", ALARM), change(5, "s", ALARM)) == ["t2 ALARM WaitPeriod", "t4 ALARM runs"]


def test_a_suppressor_that_fires_again_ends_the_extension_period() -> None:
    events = suppressed(change(1, "s", ALARM), change(2, "a", ALARM), change(6, "s", OK), change(8, "s", ALARM))
    assert events == ["t2 ALARM Alarm", "t6 ALARM ExtensionPeriod", "t8 ALARM Alarm"]


def test_a_suppressor_that_fires_and_recovers_does_not_repeat_actions() -> None:
    events = suppressed(change(2, "a", ALARM), change(10, "s", ALARM), change(20, "s", OK))
    assert events == ["t2 ALARM WaitPeriod", "t4 ALARM runs"]


def test_periods_of_zero_seconds_hold_no_action_back() -> None:
    events = suppressed(
        change(2, "a", ALARM), change(3, "s", ALARM), change(4, "a", OK), change(6, "s", OK), wait=0, extension=0
    )
    assert events == ["t2 ALARM runs", "t4 OK Alarm", "t6 OK runs"]


def test_periods_of_several_alarms_end_in_the_order_of_time() -> None:
    def waiting(name: str, seconds: int) -> CompositeAlarm:
        periods = {"ActionsSuppressorWaitPeriod": seconds, "ActionsSuppressorExtensionPeriod": 0}
        return composite(name, "ALARM(a)", ActionsSuppressor="s", **periods)

    events = run([waiting("late", 90), waiting("early", 60)], change(200, "a", ALARM))
    ran = [(e.at, e.name) for e in events if isinstance(e, ActionsDue) and e.state is ALARM and not e.suppressed_by]
    assert ran == [(260, "early"), (290, "late")]


def test_a_period_that_ends_after_the_run_gives_no_event() -> None:
    assert suppressed(change(2, "a", ALARM), end=3) == ["t2 ALARM WaitPeriod"]
    assert suppressed(change(2, "a", ALARM), end=4)[-1] == "t4 ALARM runs"


def test_step_by_step_a_composite_changes_as_in_one_run() -> None:
    changes = [Transition(at, "a", None, state, "") for at, state in ((60, ALARM), (120, OK))]
    alarm = composite("top", "ALARM(a)")
    machine = CompositeMachine([alarm], {"a": OK, "top": OK})
    found = [event for change in changes for event in machine.step(change.at, [change])]
    states = [(event.at, event.new) for event in found if isinstance(event, Transition)]
    assert states == [(60, ALARM), (120, OK)]
    assert [event.at for event in machine.set_state(130, "top", ALARM)] == [130]
    assert list(machine.step(180, [])) == []
