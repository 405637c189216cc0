"""Scaling policies: calls that PutScalingPolicy accepts, and the capacity that each policy proposes."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.watched import WatchedMath, WatchedMetric
from cloudwatch.metric import MetricId
from cloudwatch.scaling.adjustment import Adjustment, AdjustmentType, proportional_capacity
from cloudwatch.scaling.policy import Capacity, SimpleScaling, StepScaling, TargetTracking
from cloudwatch.scaling.put_scaling_policy import read_scaling_policy
from tests.cloudwatch.alarm.played import played_alarm
from tests.cloudwatch.alarm.test_metric_alarm import parameters

Json = dict[str, Any]
FIRING = AlarmState.ALARM


def policy(kind: str, **own: Any) -> Json:
    values = {"PolicyName": "p", "AutoScalingGroupName": "workers", "PolicyType": kind} | own
    return {name: value for name, value in values.items() if value is not None}


BACKLOG: Json = {"Namespace": "Shop", "MetricName": "BacklogPerWorker", "Statistic": "Average"}


def tracking(target: float = 10, *, name: str = "p", **configuration: Any) -> TargetTracking:
    given_ = {"TargetValue": target, "CustomizedMetricSpecification": BACKLOG} | configuration
    values = policy("TargetTrackingScaling", PolicyName=name, TargetTrackingConfiguration=given_)
    read = read_scaling_policy(values)
    assert isinstance(read, TargetTracking)
    return read


def cpu(threshold: float = 50, comparison: str = "GreaterThanOrEqualToThreshold", name: str = "cpu") -> MetricAlarm:
    return played_alarm(parameters(AlarmName=name, Threshold=threshold, ComparisonOperator=comparison))


def step(lower: float | None, upper: float | None, amount: int) -> Json:
    bounds = {"MetricIntervalLowerBound": lower, "MetricIntervalUpperBound": upper, "ScalingAdjustment": amount}
    return {name: value for name, value in bounds.items() if value is not None}


def stepping(*steps: Json, alarm: MetricAlarm | None = None, kind: str = "ChangeInCapacity", **own: Any) -> StepScaling:
    values = policy("StepScaling", AdjustmentType=kind, StepAdjustments=list(steps), **own)
    read = read_scaling_policy(values, alarm or cpu())
    assert isinstance(read, StepScaling)
    return read


def simple(amount: int, *, kind: str = "ChangeInCapacity", name: str = "p", **own: Any) -> SimpleScaling:
    values = policy("SimpleScaling", PolicyName=name, AdjustmentType=kind, ScalingAdjustment=amount, **own)
    read = read_scaling_policy(values, cpu(name=f"{name} alarm"))
    assert isinstance(read, SimpleScaling)
    return read


def proposed(of: Any, value: float | None, desired: int, current: int | None = None, *, alarm: int = 0) -> int | None:
    """The capacity that the policy ``of`` proposes while the ``alarm``-th of its alarms is in ALARM."""
    capacity = Capacity(desired, desired if current is None else current)
    proposal = of.propose(capacity, {of.alarms[alarm].name: FIRING}, value)
    return proposal.capacity if proposal else None


def test_target_tracking_makes_two_alarms() -> None:
    made = tracking(10)
    watched = WatchedMetric(MetricId("Shop", "BacklogPerWorker"), "Average", 60)
    high, low = made.alarms
    assert (high.comparison, high.threshold, high.datapoints_to_alarm, high.evaluation_periods) == (
        Comparison.GREATER,
        10,
        3,
        3,
    )
    assert (low.comparison, low.threshold, low.datapoints_to_alarm, low.evaluation_periods) == (
        Comparison.LESS,
        9,
        15,
        15,
    )
    assert high.watched == low.watched == watched
    assert [alarm.name for alarm in made.alarms] == [
        "TargetTracking-workers-AlarmHigh-p",
        "TargetTracking-workers-AlarmLow-p",
    ]


def test_the_undocumented_figures_of_target_tracking_alarms_are_parameters() -> None:
    read = tracking(10)
    made = TargetTracking.of(read.common, read.high.watched, 10, high_periods=1, low_periods=5, scale_in_margin=0.5)
    high, low = made.alarms
    assert (high.evaluation_periods, low.evaluation_periods, low.threshold) == (1, 5, 5)


def test_a_metric_at_its_target_changes_nothing() -> None:
    high, low = tracking(1).alarms
    assert not high.breaches(1)
    assert not low.breaches(0.9)


def test_target_tracking_with_scaling_in_disabled_has_no_low_alarm() -> None:
    assert [alarm.name for alarm in tracking(DisableScaleIn=True).alarms] == ["TargetTracking-workers-AlarmHigh-p"]


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("ASGAverageCPUUtilization", "CPUUtilization"),
        ("ASGAverageNetworkIn", "NetworkIn"),
        ("ASGAverageNetworkOut", "NetworkOut"),
    ],
)
def test_target_tracking_watches_predefined_metrics_of_the_group(type_: str, name: str) -> None:
    predefined = {"PredefinedMetricType": type_}
    high, _ = tracking(CustomizedMetricSpecification=None, PredefinedMetricSpecification=predefined).alarms
    metric = MetricId.of("AWS/EC2", name, {"AutoScalingGroupName": "workers"})
    assert high.watched == WatchedMetric(metric, "Average", 60)


@pytest.mark.parametrize("period", [10, 30, 60])
def test_target_tracking_accepts_metrics_of_high_resolution(period: int) -> None:
    assert tracking(CustomizedMetricSpecification=BACKLOG | {"Period": period}).high.period == period


def test_target_tracking_watches_metric_math_with_a_default_period() -> None:
    def query(name: str, id_: str, stat: str) -> Json:
        return {"Id": id_, "MetricStat": {"Metric": {"Namespace": "N", "MetricName": name}, "Stat": stat}}

    metrics = [
        query("Visible", "m1", "Sum") | {"ReturnData": False},
        query("InService", "m2", "Average") | {"ReturnData": False},
        {"Id": "e1", "Expression": "m1 / m2"},
    ]
    high, _ = tracking(CustomizedMetricSpecification={"Metrics": metrics}).alarms
    assert isinstance(high.watched, WatchedMath)
    assert (high.watched.returned, high.period) == ("e1", 60)


# "adding 1.5 instances … we round up and add two"; "removing 1.5 instances … we remove just one" (user guide).
def test_target_tracking_adds_two_instances_where_one_and_a_half_are_needed() -> None:
    assert proposed(tracking(50), 75.0, desired=3) == 5


def test_target_tracking_removes_one_instance_where_one_and_a_half_are_too_many() -> None:
    assert proposed(tracking(50), 35.0, desired=5, alarm=1) == 4


def test_target_tracking_proposes_nothing_without_a_value() -> None:
    assert proposed(tracking(), None, desired=3) is None
    assert proposed(tracking(), None, desired=3, alarm=1) is None


def test_target_tracking_proposes_nothing_while_no_alarm_fires() -> None:
    assert tracking().propose(Capacity(3, 3), {}, 1_000.0) is None


def test_target_tracking_does_not_count_instances_that_warm_up() -> None:
    assert (
        proposed(tracking(10), 20.0, desired=4, current=2) is None
    )  # 2 x 20 / 10 = 4: two instances are already warming up
    assert proposed(tracking(10), 30.0, desired=4, current=2) == 6


def test_target_tracking_begins_with_one_instance_from_none() -> None:
    assert proposed(tracking(10), 500.0, desired=0) == 1
    assert proportional_capacity(0, 10, 10) == 0


def test_target_tracking_scales_in_to_zero_at_a_value_of_zero() -> None:
    assert proposed(tracking(10), 0.0, desired=5, alarm=1) == 0


@given(st.integers(1, 500), st.integers(0, 10_000), st.integers(1, 1_000))
def test_proportional_capacity_is_the_smallest_that_meets_the_target(capacity: int, value: int, target: int) -> None:
    wanted = proportional_capacity(capacity, value / 10, target / 10)
    assert wanted * target >= capacity * value
    assert wanted == 0 or (wanted - 1) * target < capacity * value


@pytest.mark.parametrize(
    ("kind", "amount", "least", "expected"),
    [
        ("ChangeInCapacity", 5, 0, 8),
        ("ChangeInCapacity", -2, 0, 1),
        ("ExactCapacity", 5, 0, 5),
        ("ExactCapacity", 0, 0, 0),
        ("PercentChangeInCapacity", 100, 0, 6),
        ("PercentChangeInCapacity", 0, 2, 3),
        ("PercentChangeInCapacity", 10, 0, 4),  # 0.3 is rounded to 1
        ("PercentChangeInCapacity", -10, 0, 2),  # -0.3 to -1
        ("PercentChangeInCapacity", 50, 0, 4),  # 1.5 to 1
        ("PercentChangeInCapacity", -50, 0, 2),  # -1.5 to -1
        ("PercentChangeInCapacity", 10, 2, 5),
        ("PercentChangeInCapacity", -10, 2, 1),
    ],
)
def test_an_adjustment_is_rounded_as_the_user_guide_says(kind: str, amount: int, least: int, expected: int) -> None:
    assert Adjustment(AdjustmentType(kind), amount, least).applied_to(3) == expected


@pytest.mark.parametrize(("percent", "of", "expected"), [(1270, 1, 12), (67, 1, 1), (-58, 1, -1), (-667, 1, -6)])
def test_the_examples_of_rounding_in_the_user_guide_are_reproduced(percent: int, of: int, expected: int) -> None:
    assert Adjustment(AdjustmentType.PERCENT, percent).applied_to(of) - of == expected


def test_a_minimum_magnitude_adds_two_where_a_quarter_of_four_is_one() -> None:
    assert Adjustment(AdjustmentType.PERCENT, 25, 2).applied_to(4) == 6


OUT = stepping(step(0, 10, 0), step(10, 20, 10), step(20, None, 30), kind="PercentChangeInCapacity")
IN = stepping(
    step(-10, 0, 0),
    step(-20, -10, -10),
    step(None, -20, -30),
    kind="PercentChangeInCapacity",
    alarm=cpu(comparison="LessThanOrEqualToThreshold"),
)


# The example of the user guide: a threshold of 50 percent, a group of 10.
@pytest.mark.parametrize(
    ("value", "desired", "expected"),
    [(50, 10, None), (59.9, 10, None), (60, 10, 11), (69.9, 10, 11), (70, 11, 14), (1_000, 10, 13)],
)
def test_a_step_policy_scales_out_by_the_step_that_the_metric_has_reached(
    value: float, desired: int, expected: int | None
) -> None:
    assert proposed(OUT, value, desired) == expected


@pytest.mark.parametrize(
    ("value", "desired", "expected"),
    [(50, 14, None), (40.1, 14, None), (40, 14, 13), (30.1, 14, 13), (30, 13, 10), (0, 10, 7)],
)
def test_a_step_policy_scales_in_by_the_step_that_the_metric_has_reached(
    value: float, desired: int, expected: int | None
) -> None:
    assert proposed(IN, value, desired) == expected


def test_a_metric_at_the_threshold_belongs_to_the_breaching_side() -> None:
    assert proposed(stepping(step(0, 1, 1), step(1, None, 2)), 50, 3) == 4
    assert proposed(stepping(step(0, 1, 1), step(1, None, 2)), 51, 3) == 5
    below = cpu(comparison="LessThanOrEqualToThreshold")
    assert proposed(stepping(step(-1, 0, -1), step(None, -1, -2), alarm=below), 50, 3) == 2


def test_a_step_policy_does_not_add_instances_again_that_still_warm_up() -> None:
    assert proposed(OUT, 62, desired=11, current=10) is None
    assert proposed(OUT, 70, desired=11, current=10) == 13


def test_a_step_policy_proposes_nothing_without_a_value_or_outside_its_steps() -> None:
    assert proposed(OUT, None, 10) is None
    assert proposed(OUT, 49, 10) is None


def test_a_step_policy_proposes_nothing_while_its_alarm_does_not_fire() -> None:
    assert OUT.propose(Capacity(10, 10), {"cpu": AlarmState.OK}, 99) is None
    assert OUT.propose(Capacity(10, 10), {"cpu": AlarmState.INSUFFICIENT_DATA}, 99) is None


def test_an_exact_step_sets_the_capacity_in_either_direction() -> None:
    exact = stepping(step(0, None, 5), kind="ExactCapacity")
    assert proposed(exact, 60, desired=3) == 5
    assert proposed(exact, 60, desired=8) == 5
    assert proposed(exact, 60, desired=5) is None
    assert proposed(stepping(step(0, None, 0), kind="ExactCapacity"), 60, desired=5) == 0


@given(st.integers(1, 40), st.integers(1, 40), st.floats(-100, 100))
def test_each_value_belongs_to_exactly_one_of_neighbouring_steps(width: int, other: int, difference: float) -> None:
    bounds = [None, -width - other, -width, 0, width, width + other, None]
    steps = [step(lower, upper, index) for index, (lower, upper) in enumerate(pairwise(bounds))]
    read = stepping(*steps).steps
    assert sum(each.holds(difference, above=difference >= 0) for each in read) == 1


def test_a_simple_policy_adjusts_without_a_value() -> None:
    assert proposed(simple(2), None, 3) == 5
    assert proposed(simple(-2), None, 3) == 1
