"""The ways to scale that are compared: the definitions, the original rules of the plan, and a fixed fleet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from alarms.alarm_reading import alarm_of
from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.metric import MetricId
from cloudwatch.scaling.policy import Policy, SimpleScaling, StepScaling, TargetTracking


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to scale.

    If ``careful``, instances are drained before they end, and idle ones end first. If ``fixed``, the fleet always has
    the maximum of instances.
    """

    name: str
    policies: Callable[[], list[Policy]]
    careful: bool = True
    fixed: bool = False


def contenders(definitions: Iterable[Definition], namespace: str) -> list[Contender]:
    """The definitions ("ours"), the plan, and a fixed fleet. ``namespace`` is the namespace of the metrics."""
    known = list(definitions)
    return [
        Contender("ours", lambda: defined_policies(known)),
        Contender("plan: depth > 20, < 5", lambda: planned_policies(namespace), careful=False),
        Contender("fixed fleet", list, fixed=True),
    ]


def defined_policies(definitions: Iterable[Definition]) -> list[Policy]:
    """The policies of the definitions, each step policy with the alarm that has it as an action."""
    known = list(definitions)
    policies: list[Policy] = []
    for definition in known:
        if definition.kind is not DefinitionKind.SCALING_POLICY:
            continue
        if definition.parameters["PolicyType"] == "TargetTrackingScaling":
            policies.append(TargetTracking.from_api(definition.parameters))
            continue
        action = f"${{policy:{definition.stem}}}"
        alarm = alarm_of(next(d for d in known if action in d.parameters.get("AlarmActions", [])))
        if isinstance(alarm, MetricAlarm):
            policies.append(StepScaling.from_api(definition.parameters, alarm))
    return policies


def planned_policies(namespace: str) -> list[Policy]:
    """The original rules of the plan: more than 20 waiting messages add a worker, fewer than 5 remove one."""
    return [
        _planned_policy(namespace, "up", 1, Comparison.GREATER, 20),
        _planned_policy(namespace, "down", -1, Comparison.LESS, 5),
    ]


def _planned_policy(
    namespace: str, name: str, adjustment: int, comparison: Comparison, threshold: float
) -> SimpleScaling:
    policy = {
        "AutoScalingGroupName": "plan",
        "PolicyName": name,
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": adjustment,
    }
    depth = MetricId.of(namespace, "QueueDepth", {"Service": "worker"})
    alarm = MetricAlarm(
        name=f"plan-{name}",
        watched=WatchedMetric(depth, "Average", 60),
        comparison=comparison,
        threshold=threshold,
        evaluation_periods=2,
        datapoints_to_alarm=2,
    )
    return SimpleScaling.from_api(policy, alarm)
