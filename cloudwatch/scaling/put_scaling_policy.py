"""Reads a PutScalingPolicy call of EC2 Auto Scaling. It gives a policy, or the reason why a valid one is not simulated.

Source: the API reference of PutScalingPolicy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.watched import NotComputed
from cloudwatch.parameters import Parameters
from cloudwatch.scaling.policy import Policy, SimpleScaling, StepScaling, TargetTracking
from cloudwatch.scaling.policy_parameters import (
    ADJUSTMENT,
    CALL,
    read_adjustment,
    read_common,
    read_steps,
    read_tracked,
)

_WARMUP = "EstimatedInstanceWarmup"
_TRACKING = "TargetTrackingConfiguration"
_PREDICTIVE = "PredictiveScalingConfiguration"
_BUFFER, _BREACH = "MaxCapacityBuffer", "MaxCapacityBreachBehavior"


@dataclass(frozen=True, slots=True)
class UnplayedPolicy:
    """A valid policy that cannot be simulated. ``reason`` names the part that needs AWS."""

    name: str
    reason: str


def read_scaling_policy(values: Mapping[str, Any], alarm: MetricAlarm | None = None) -> Policy | UnplayedPolicy:
    """The policy of a call. Raises ParametersRefused with every problem.

    ``alarm`` is the one that has a step or simple policy as an action, if there is one.
    """
    parameters = Parameters.of_call("autoscaling", CALL, values)
    reader = _READERS.get(parameters.choice("PolicyType", _READERS, "SimpleScaling"), _read_simple_scaling)
    policy = reader(parameters, alarm)
    parameters.raise_problems(CALL)
    return policy


def _read_target_tracking(parameters: Parameters, _alarm: MetricAlarm | None) -> TargetTracking | UnplayedPolicy:
    common = read_common(parameters, _TRACKING, _WARMUP)
    parameters.require(_TRACKING)
    configuration = parameters.object(_TRACKING)
    watched = read_tracked(configuration, common.group)
    target = configuration.number("TargetValue")
    if "TargetValue" in configuration and target <= 0:
        configuration.refuse("TargetValue", "must be more than 0")
    scales_in = not configuration.flag("DisableScaleIn", default=False)
    if isinstance(watched, NotComputed):
        return UnplayedPolicy(common.name, watched.reason)
    return TargetTracking.of(common, watched, target, scales_in=scales_in)


def _read_predictive(parameters: Parameters, _alarm: MetricAlarm | None) -> UnplayedPolicy:
    common = read_common(parameters, _PREDICTIVE)
    parameters.require(_PREDICTIVE)
    configuration = parameters.object(_PREDICTIVE)
    specifications = configuration.objects("MetricSpecifications")
    if len(specifications) != 1:
        configuration.refuse("MetricSpecifications", f"has {len(specifications)} items, exactly one is allowed")
    for specification in specifications:
        _check_predictive_metrics(specification)
    if configuration.integer("SchedulingBufferTime", least=0, default=0) >= 3600:
        configuration.refuse("SchedulingBufferTime", "must be less than the 3600 s of a forecast interval")
    increases = configuration.text(_BREACH) == "IncreaseMaxCapacity"
    if increases != (_BUFFER in configuration):
        configuration.refuse(_BUFFER, f"must be given with the {_BREACH} IncreaseMaxCapacity, and only then")
    return UnplayedPolicy(common.name, "only AWS can compute a forecast of the load")


def _check_predictive_metrics(specification: Parameters) -> None:
    """Check that either a pair of metrics is given, or one load metric and one scaling metric."""
    given = {name for name in specification.values if name in specification and name.endswith("Specification")}
    given.discard("CustomizedCapacityMetricSpecification")
    loads = given & {"PredefinedLoadMetricSpecification", "CustomizedLoadMetricSpecification"}
    scalings = given & {"PredefinedScalingMetricSpecification", "CustomizedScalingMetricSpecification"}
    is_pair = given == {"PredefinedMetricPairSpecification"}
    if not is_pair and not (len(loads) == len(scalings) == 1 and given == loads | scalings):
        text = "either this or one load metric and one scaling metric must be given"
        specification.refuse("PredefinedMetricPairSpecification", text)


def _read_step_scaling(parameters: Parameters, alarm: MetricAlarm | None) -> StepScaling:
    common = read_common(parameters, *ADJUSTMENT, "StepAdjustments", "MetricAggregationType", _WARMUP)
    parameters.choice("MetricAggregationType", ("Minimum", "Maximum", "Average"), "Average")
    adjustment = read_adjustment(parameters, amount=0)
    return StepScaling(
        common=common,
        alarm=alarm,
        type=adjustment.type,
        steps=read_steps(parameters, adjustment.type),
        minimum_magnitude=adjustment.minimum_magnitude,
    )


def _read_simple_scaling(parameters: Parameters, alarm: MetricAlarm | None) -> SimpleScaling:
    common = read_common(parameters, *ADJUSTMENT, "ScalingAdjustment", "Cooldown")
    adjustment = read_adjustment(parameters, amount=parameters.integer("ScalingAdjustment"))
    cooldown = parameters.integer("Cooldown", least=0) if "Cooldown" in parameters else None
    return SimpleScaling(common=common, alarm=alarm, adjustment=adjustment, cooldown=cooldown)


_READERS: Mapping[str, Callable[[Parameters, MetricAlarm | None], Policy | UnplayedPolicy]] = {
    "TargetTrackingScaling": _read_target_tracking,
    "StepScaling": _read_step_scaling,
    "SimpleScaling": _read_simple_scaling,
    "PredictiveScaling": _read_predictive,
}
