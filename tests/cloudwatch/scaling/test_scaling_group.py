"""An Auto Scaling group over time: which proposal wins, which policy waits, and how the bounds limit the capacity."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.state import AlarmState
from cloudwatch.metric import MetricId
from cloudwatch.scaling.policy import TargetTracking
from cloudwatch.scaling.scaling_group import Decision, ScalingGroup
from tests.cloudwatch.sample_source import SampleSource
from tests.cloudwatch.scaling.test_policies import OUT, cpu, simple, step, stepping, tracking

FIRING = AlarmState.ALARM


def group(*policies: Any, desired: int, maximum: int = 100, **options: Any) -> ScalingGroup:
    return ScalingGroup(policies, minimum=0, maximum=maximum, desired=desired, **options)


def high(*of: TargetTracking) -> dict[str, AlarmState]:
    return {each.high.name: FIRING for each in of}


def low(*of: TargetTracking) -> dict[str, AlarmState]:
    return {each.low.name: FIRING for each in of if each.low}


def sizes(decisions: Iterable[Decision | None]) -> list[int | None]:
    return [decision.new if decision else None for decision in decisions]


def test_a_decision_names_its_policy_and_reason() -> None:
    queue = tracking(3, name="queue")
    decision = group(queue, desired=2, maximum=5).step(60, high(queue), {"queue": 12.0})
    assert decision == Decision(
        60, 2, 5, "queue", "12.0 against a target of 3.0 needs 8 instances, the bounds of the group allow 5"
    )


# "a maximum capacity of 3, a current capacity of 2, and a scaling policy that adds 3 instances" (user guide)
def test_the_maximum_of_the_group_is_not_exceeded() -> None:
    adding = simple(3)
    assert sizes([group(adding, desired=2, maximum=3).step(0, {adding.alarms[0].name: FIRING}, {})]) == [3]
    assert group(adding, desired=3, maximum=3).step(0, {adding.alarms[0].name: FIRING}, {}) is None


# "a minimum capacity of 2, a current capacity of 3, and a scaling policy that removes 2 instances"
def test_the_minimum_of_the_group_is_kept() -> None:
    removing = simple(-2)
    small = ScalingGroup([removing], minimum=2, maximum=9, desired=3)
    assert sizes([small.step(0, {removing.alarms[0].name: FIRING}, {})]) == [2]


@pytest.mark.parametrize(("minimum", "desired", "maximum"), [(2, 1, 3), (2, 4, 3), (-1, 0, 3), (3, 3, 2)])
def test_bounds_that_contradict_each_other_are_refused(minimum: int, desired: int, maximum: int) -> None:
    with pytest.raises(ValueError, match="not between"):
        ScalingGroup([], minimum=minimum, maximum=maximum, desired=desired)


def test_two_policies_with_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two policies are named p"):
        group(tracking(), OUT, desired=1)


def test_a_group_begins_with_its_minimum_and_lists_the_alarms_it_needs() -> None:
    queue = tracking(3, name="queue")
    small = ScalingGroup([queue, OUT], minimum=2, maximum=9)
    assert small.desired == 2
    assert small.alarms == (queue.high, queue.low, OUT.alarm)


# "the policy for CPU utilization launches one instance, while the policy for the SQS queue launches two"
def test_the_largest_capacity_wins_when_scaling_out() -> None:
    one, two = simple(1, name="cpu"), simple(2, name="queue")
    decision = group(one, two, desired=1).step(0, {one.alarms[0].name: FIRING, two.alarms[0].name: FIRING}, {})
    assert decision is not None
    assert (decision.policy, decision.new) == ("queue", 3)


# "one policy terminates three instances, another policy decreases the number of instances by 25 percent, and the group
# has eight instances"
def test_the_largest_capacity_wins_when_scaling_in() -> None:
    three, quarter = simple(-3, name="three"), simple(-25, name="quarter", kind="PercentChangeInCapacity")
    states = {three.alarms[0].name: FIRING, quarter.alarms[0].name: FIRING}
    assert sizes([group(three, quarter, desired=8).step(0, states, {})]) == [6]


def test_scaling_out_has_priority_over_scaling_in() -> None:
    queue, cpu_ = tracking(10, name="queue"), tracking(50, name="cpu")
    values = {"queue": 20.0, "cpu": 5.0}
    assert sizes([group(queue, cpu_, desired=4).step(0, high(queue) | low(cpu_), values)]) == [8]


def test_target_tracking_scales_in_when_all_are_ready() -> None:
    queue, cpu_ = tracking(10, name="queue"), tracking(50, name="cpu")
    values = {"queue": 2.0, "cpu": 25.0}
    assert sizes([group(queue, cpu_, desired=4).step(0, low(queue, cpu_), values)]) == [2]


def test_target_tracking_does_not_scale_in_when_one_is_not_ready() -> None:
    queue, cpu_ = tracking(10, name="queue"), tracking(50, name="cpu")
    assert group(queue, cpu_, desired=4).step(0, low(queue), {"queue": 2.0, "cpu": 48.0}) is None


def test_target_tracking_does_not_scale_in_when_one_has_no_data() -> None:
    queue, cpu_ = tracking(10, name="queue"), tracking(50, name="cpu")
    assert group(queue, cpu_, desired=4).step(0, low(queue, cpu_), {"queue": 2.0, "cpu": None}) is None


def test_a_policy_that_may_not_scale_in_does_not_prevent_scaling_in() -> None:
    queue, cpu_ = tracking(10, name="queue"), tracking(50, name="cpu", DisableScaleIn=True)
    assert sizes([group(queue, cpu_, desired=4).step(0, low(queue), {"queue": 2.0, "cpu": 48.0})]) == [1]


def test_a_disabled_policy_has_no_effect() -> None:
    queue = tracking(10, name="queue")
    off = stepping(step(0, None, 9), Enabled=False)
    both = group(queue, off, desired=4)
    assert both.alarms == queue.alarms
    assert both.step(0, {off.alarms[0].name: FIRING}, {"p": 99.0}) is None


def test_a_step_policy_that_removes_needs_no_agreement_of_target_tracking() -> None:
    queue, removing = tracking(10, name="queue"), simple(-1, name="removing")
    assert sizes([group(queue, removing, desired=4).step(0, {removing.alarms[0].name: FIRING}, {"queue": 9.5})]) == [3]


# The example of the user guide: 60 percent, then 62 and 70 while the new instance warms up.
def test_a_repeated_breach_does_not_add_instances_again_that_still_warm_up() -> None:
    steps = group(OUT, desired=10, default_warmup=300)
    states = {OUT.alarms[0].name: FIRING}
    assert sizes(steps.step(at, states, {"p": value}) for at, value in ((0, 60.0), (60, 62.0), (120, 70.0))) == [
        11,
        None,
        13,
    ]


def test_an_instance_counts_when_it_has_warmed_up() -> None:
    steps = group(OUT, desired=10, default_warmup=300)
    states = {OUT.alarms[0].name: FIRING}
    assert sizes(steps.step(at, states, {"p": 60.0}) for at in (0, 299, 300)) == [11, None, 12]


def test_the_group_does_not_scale_in_while_an_instance_warms_up() -> None:
    queue = tracking(10)
    workers = group(queue, desired=2, default_warmup=300)
    assert sizes(
        workers.step(at, states, {"p": value})
        for at, states, value in (
            (0, high(queue), 20.0),
            (299, low(queue), 1.0),
            (300, low(queue), 1.0),
        )
    ) == [4, None, 1]


@pytest.mark.parametrize(
    ("of_policy", "of_group", "warm_at"), [(30, 60, 30), (None, 60, 60), (0, 60, 0), (None, None, 90)]
)
def test_the_warmup_is_the_policys_else_the_groups_else_its_cooldown(
    of_policy: int | None, of_group: int | None, warm_at: int
) -> None:
    adding = stepping(step(0, None, 1), EstimatedInstanceWarmup=of_policy)
    workers = group(adding, desired=1, default_warmup=of_group, default_cooldown=90)
    workers.step(0, {adding.alarms[0].name: FIRING}, {"p": 60.0})
    assert workers.current(warm_at) == 2
    assert workers.current(warm_at - 1) == 1


def test_the_warmup_begins_when_the_instance_is_in_service() -> None:
    adding = stepping(step(0, None, 1))
    workers = group(adding, desired=1, default_warmup=100, launch_seconds=50)
    workers.step(0, {adding.alarms[0].name: FIRING}, {"p": 60.0})
    assert [workers.in_service(at) for at in (0, 49, 50)] == [1, 1, 2]
    assert [workers.current(at) for at in (50, 149, 150)] == [1, 1, 2]


def test_a_simple_policy_waits_for_its_cooldown() -> None:
    adding = simple(1, Cooldown=120)
    workers = group(adding, desired=1)
    assert sizes(workers.step(at, {adding.alarms[0].name: FIRING}, {}) for at in (0, 60, 119, 120)) == [
        2,
        None,
        None,
        3,
    ]


def test_a_simple_policy_without_a_cooldown_acts_every_minute_and_its_instances_count_at_once() -> None:
    adding = simple(1, Cooldown=0)
    workers = group(adding, desired=1)
    assert sizes(workers.step(at, {adding.alarms[0].name: FIRING}, {}) for at in (0, 60, 120)) == [2, 3, 4]
    assert workers.current(120) == 4


def test_the_default_cooldown_is_the_groups() -> None:
    adding = simple(1)
    workers = group(adding, desired=1)
    assert sizes(workers.step(at, {adding.alarms[0].name: FIRING}, {}) for at in (0, 299, 300)) == [2, None, 3]


def test_the_cooldown_begins_when_the_instances_are_in_service() -> None:
    adding = simple(1, Cooldown=60)
    workers = group(adding, desired=1, launch_seconds=100)
    assert sizes(workers.step(at, {adding.alarms[0].name: FIRING}, {}) for at in (0, 159, 160)) == [2, None, 3]


def test_a_simple_policy_waits_for_the_launches_of_other_policies() -> None:
    adding, other = simple(5, name="simple"), stepping(step(0, None, 1), alarm=cpu(name="other"), PolicyName="other")
    workers = group(adding, other, desired=1, launch_seconds=100, default_warmup=0)
    assert sizes(
        workers.step(at, {name: FIRING}, {"other": 60.0})
        for at, name in ((0, "other"), (99, adding.alarms[0].name), (100, adding.alarms[0].name))
    ) == [2, None, 7]


def test_the_cooldown_of_a_simple_policy_does_not_delay_a_step_policy() -> None:
    adding, other = simple(1, name="simple"), stepping(step(0, None, 2), alarm=cpu(name="other"), PolicyName="other")
    workers = group(adding, other, desired=1)
    workers.step(0, {adding.alarms[0].name: FIRING}, {})
    assert sizes([workers.step(60, {"other": FIRING}, {"other": 60.0})]) == [4]


BACKLOG = MetricId("Shop", "BacklogPerWorker")


def simulate(jobs: list[int], *, visible_only: bool, target: float = 3, **options: Any) -> list[Decision]:
    """The decisions for a queue with the number of ``jobs`` in each minute. Each worker runs one job.

    The backlog per worker is published as a metric. If ``visible_only``, running jobs are not counted.
    """
    queue = tracking(target)
    workers = ScalingGroup([queue], minimum=1, maximum=10, default_warmup=0, **options)
    samples: list[tuple[int, float]] = []
    source = SampleSource({BACKLOG: samples})
    machines = [AlarmMachine(alarm, source) for alarm in workers.alarms]
    decisions = []
    for minute, number in enumerate(jobs):
        busy = min(number, workers.desired) if visible_only else 0
        samples.append((minute * 60, (number - busy) / workers.desired))
        now = minute * 60 + 60
        for machine in machines:
            machine.step(now)
        states = {machine.alarm.name: machine.state for machine in machines}
        decisions.append(workers.step(now, states, {"p": machines[0].value}))
    return [decision for decision in decisions if decision]


def test_a_backlog_scales_out_after_three_minutes_and_in_after_fifteen() -> None:
    decisions = simulate([6] * 10 + [1] * 40, visible_only=False)
    assert [(decision.at, decision.old, decision.new) for decision in decisions] == [(180, 1, 2), (1_500, 2, 1)]


def test_four_jobs_scale_out_when_running_jobs_count() -> None:
    assert [decision.new for decision in simulate([4] * 10, visible_only=False)] == [2]


def test_four_jobs_do_not_scale_out_when_only_waiting_jobs_count() -> None:
    assert simulate([4] * 10, visible_only=True) == []


def test_one_job_on_one_worker_at_a_target_of_one_never_scales_out() -> None:
    assert simulate([1] * 30, visible_only=False, target=1) == []


def test_it_scales_in_under_a_running_job_when_only_waiting_jobs_count() -> None:
    decisions = simulate([2] * 20, visible_only=True, desired=2)
    assert [(decision.at, decision.new) for decision in decisions] == [(900, 1)]


def test_it_does_not_scale_in_under_running_jobs_when_they_count() -> None:
    assert simulate([6] * 40, visible_only=False, desired=2) == []


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 1_000)), max_size=40), st.integers(2, 8))
def test_the_group_stays_within_its_bounds_and_never_scales_in_during_a_warmup(
    minutes: list[tuple[bool, bool, float]], desired: int
) -> None:
    queue, shrinking = tracking(10, name="queue"), simple(-1, name="shrinking", Cooldown=60)
    workers = ScalingGroup([queue, shrinking], minimum=2, maximum=8, desired=desired, default_warmup=150)
    for minute, (up, down, value) in enumerate(minutes):
        before = workers.desired, workers.current(minute * 60)
        states = (high(queue) if up else low(queue)) | ({shrinking.alarms[0].name: FIRING} if down else {})
        decision = workers.step(minute * 60, states, {"queue": value})
        assert 2 <= workers.desired <= 8
        assert 0 <= workers.current(minute * 60) <= workers.in_service(minute * 60) <= workers.desired
        if decision and decision.new < decision.old:
            assert before[0] == before[1]
