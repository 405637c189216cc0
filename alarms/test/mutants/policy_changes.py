"""Changes of a scaling policy.

MetricAggregationType is not among them: GroupMachine, like the alarm of a step policy, has one value in each period.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations

from alarms.test.mutants.change import (
    REMOVED,
    ParameterChange,
    Parameters,
    changes,
    key_of,
    near_minutes,
    near_numbers,
    value_at,
    whole,
    with_value,
)
from alarms.test.mutants.metric_changes import watched_changes
from cloudwatch.scaling.adjustment import AdjustmentType
from cloudwatch.scaling.policy_parameters import DEFAULT_PERIOD

_TRACKING = "TargetTrackingConfiguration"
_CUSTOM = (_TRACKING, "CustomizedMetricSpecification")
_PREDEFINED = (_TRACKING, "PredefinedMetricSpecification", "PredefinedMetricType")
_PREDEFINED_TYPES = ("ASGAverageCPUUtilization", "ASGAverageNetworkIn", "ASGAverageNetworkOut")
_SECONDS = ("EstimatedInstanceWarmup", "Cooldown")
_BOUNDS = (_LOWER, _UPPER) = ("MetricIntervalLowerBound", "MetricIntervalUpperBound")


def policy_changes(policy: Parameters, units: Mapping[str, str]) -> Iterator[ParameterChange]:
    """Every change of one parameter that has an effect. AWS refuses some of the changed policies."""
    yield from changes(policy, ["Enabled"], [True, False], default=True)
    for name in _SECONDS:
        if name in policy:
            yield from changes(policy, [name], [*near_minutes(policy[name]), REMOVED])
    if _TRACKING in policy:
        yield from _tracking_changes(policy, units)
    if "AdjustmentType" in policy:
        yield from _adjustment_changes(policy)


def _tracking_changes(policy: Parameters, units: Mapping[str, str]) -> Iterator[ParameterChange]:
    target = [_TRACKING, "TargetValue"]
    yield from changes(policy, target, near_numbers(value_at(policy, target)))
    yield from changes(policy, [_TRACKING, "DisableScaleIn"], [True, False], default=False)
    if value_at(policy, _PREDEFINED) is not REMOVED:
        yield from changes(policy, _PREDEFINED, _PREDEFINED_TYPES)
    if value_at(policy, _CUSTOM) is not REMOVED:
        yield from watched_changes(policy, _CUSTOM, units, DEFAULT_PERIOD)


def _adjustment_changes(policy: Parameters) -> Iterator[ParameterChange]:
    yield from changes(policy, ["AdjustmentType"], map(str, AdjustmentType))
    for name in ("MinAdjustmentMagnitude", "MinAdjustmentStep"):
        if name in policy:
            yield from changes(policy, [name], whole(near_numbers(policy[name], least=0)))
    if "ScalingAdjustment" in policy:
        yield from _amount_changes(policy, ["ScalingAdjustment"])
    for index, step in enumerate(policy.get("StepAdjustments", ())):
        place: list[str | int] = ["StepAdjustments", index]
        yield from _amount_changes(policy, [*place, "ScalingAdjustment"])
        for bound in (name for name in _BOUNDS if name in step):
            yield from changes(policy, [*place, bound], [*near_numbers(step[bound]), REMOVED])
    yield from _border_changes(policy)


def _border_changes(policy: Parameters) -> Iterator[ParameterChange]:
    """The bound at which one step ends and another begins: changed in one of them alone, it leaves a gap."""
    steps = policy.get("StepAdjustments", ())
    for one, other in permutations(range(len(steps)), 2):
        border = steps[one].get(_UPPER)
        if border is not None and border == steps[other].get(_LOWER):
            upper, lower = ("StepAdjustments", one, _UPPER), ("StepAdjustments", other, _LOWER)
            for change in changes(policy, upper, near_numbers(border)):
                value = value_at(change.parameters, upper)
                both = f"{change.key}, {key_of(lower)}"
                yield ParameterChange(both, change.text, with_value(change.parameters, lower, value))


def _amount_changes(policy: Parameters, path: list[str | int]) -> Iterator[ParameterChange]:
    amount = value_at(policy, path)
    yield from changes(policy, path, dict.fromkeys([*whole(near_numbers(amount)), -amount]))
