"""The ways to scale that are compared: the definitions', the plan's original rules, and none."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.scaling.policy import Policy, SimpleScaling, StepScaling, TargetTracking


@dataclass(frozen=True, slots=True)
class Contender:
    """``careful``: instances are drained before they end, and idle ones are chosen first."""

    name: str
    policies: Callable[[], list[Policy]]
    careful: bool = True
    fixed: bool = False


def contenders(definitions: Iterable[Definition], namespace: str) -> list[Contender]:
    """Ours, the plan's, and a fixed fleet of the maximum."""
    known = list(definitions)
    return [
        Contender("ours", lambda: defined_policies(known)),
        Contender("plan: depth > 20, < 5", lambda: planned_policies(namespace), careful=False),
        Contender("fixed fleet", list, fixed=True),
    ]


def defined_policies(definitions: Iterable[Definition]) -> list[Policy]:
    """Those of the definitions, each step policy with the alarm that acts by it."""
    known = list(definitions)
    return [_policy(d, known) for d in known if d.kind is DefinitionKind.SCALING_POLICY]


def _policy(definition: Definition, definitions: list[Definition]) -> Policy:
    if definition.parameters["PolicyType"] == "TargetTrackingScaling":
        return TargetTracking.from_api(definition.parameters)
    action = f"${{policy:{definition.stem}}}"
    alarm = next(d for d in definitions if action in d.parameters.get("AlarmActions", []))
    return StepScaling.from_api(definition.parameters, MetricAlarm.from_api(alarm.parameters))


def planned_policies(namespace: str) -> list[Policy]:
    """The plan's rules as they stood: messages that wait, more than 20 add one, fewer than 5 remove one."""
    return [
        SimpleScaling.from_api(
            _simple("up", 1), MetricAlarm.from_api(_depth_alarm(namespace, "up", "GreaterThan", 20))
        ),
        SimpleScaling.from_api(
            _simple("down", -1), MetricAlarm.from_api(_depth_alarm(namespace, "down", "LessThan", 5))
        ),
    ]


def _simple(name: str, adjustment: int) -> Mapping[str, Any]:
    return {
        "AutoScalingGroupName": "plan",
        "PolicyName": name,
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": adjustment,
    }


def _depth_alarm(namespace: str, name: str, comparison: str, threshold: float) -> Mapping[str, Any]:
    return {
        "AlarmName": f"plan-{name}",
        "Namespace": namespace,
        "MetricName": "QueueDepth",
        "Dimensions": [{"Name": "Service", "Value": "worker"}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": threshold,
        "ComparisonOperator": f"{comparison}Threshold",
    }
