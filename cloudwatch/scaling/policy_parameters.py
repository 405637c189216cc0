"""Reads the parameters of PutScalingPolicy that several kinds of policies share. Source: its API reference."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.alarm.watched import NotComputed, Watched, WatchedMetric, read_watched
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.metric import MetricId
from cloudwatch.parameters import Parameters
from cloudwatch.scaling.adjustment import Adjustment, AdjustmentType, Step, step_problems

CALL = "PutScalingPolicy"
_MAGNITUDE, _OLD_MAGNITUDE = "MinAdjustmentMagnitude", "MinAdjustmentStep"  # AWS also accepts the old name
ADJUSTMENT = ("AdjustmentType", _MAGNITUDE, _OLD_MAGNITUDE)
PERIODS = (10, 30, 60)
DEFAULT_PERIOD = 60

_PREDEFINED = {
    "ASGAverageCPUUtilization": "CPUUtilization",
    "ASGAverageNetworkIn": "NetworkIn",
    "ASGAverageNetworkOut": "NetworkOut",
}
_OF_A_TARGET_GROUP = "ALBRequestCountPerTarget"
_RESOURCE_LABEL = re.compile(r"app/[^/]+/[^/]+/targetgroup/[^/]+/[^/]+")


@dataclass(frozen=True, slots=True)
class CommonParameters:
    """The parameters that every policy has. ``warmup`` is in seconds; None means that of the group."""

    name: str
    group: str
    warmup: int | None = None
    enabled: bool = True


def read_common(parameters: Parameters, *own: str) -> CommonParameters:
    """The common parameters of a policy. ``own`` are the names of the other parameters that its type takes."""
    parameters.allow_only(("PolicyName", "AutoScalingGroupName", "PolicyType", "Enabled", *own))
    warmup = "EstimatedInstanceWarmup"
    return CommonParameters(
        name=parameters.text("PolicyName"),
        group=parameters.text("AutoScalingGroupName"),
        warmup=parameters.integer(warmup, least=0) if warmup in own and warmup in parameters else None,
        enabled=parameters.flag("Enabled", default=True),
    )


def read_adjustment(parameters: Parameters, *, amount: int) -> Adjustment:
    name = parameters.choice("AdjustmentType", list(AdjustmentType))
    kind = AdjustmentType(name) if name in list(AdjustmentType) else AdjustmentType.CHANGE
    magnitude = _OLD_MAGNITUDE if _OLD_MAGNITUDE in parameters else _MAGNITUDE
    minimum_magnitude = parameters.integer(magnitude, least=0, default=0)
    if minimum_magnitude and kind is not AdjustmentType.PERCENT:
        parameters.refuse(magnitude, f"is only for {AdjustmentType.PERCENT.value}")
    if kind is AdjustmentType.EXACT and amount < 0:
        parameters.refuse("ScalingAdjustment", "an exact capacity cannot be negative")
    return Adjustment(kind, amount, minimum_magnitude)


def read_steps(parameters: Parameters, kind: AdjustmentType) -> tuple[Step, ...]:
    items = parameters.objects("StepAdjustments")
    if not items:
        parameters.refuse("StepAdjustments", "is missing or empty")
    steps = tuple(_read_step(item, kind) for item in items)
    for problem in step_problems(steps):
        parameters.refuse("StepAdjustments", problem)
    return steps


def _read_step(item: Parameters, kind: AdjustmentType) -> Step:
    item.allow_only(("MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment"))
    amount = item.integer("ScalingAdjustment")
    if kind is AdjustmentType.EXACT and amount < 0:
        item.refuse("ScalingAdjustment", "an exact capacity cannot be negative")
    lower = item.number("MetricIntervalLowerBound") if "MetricIntervalLowerBound" in item else -math.inf
    upper = item.number("MetricIntervalUpperBound") if "MetricIntervalUpperBound" in item else math.inf
    return Step(lower, upper, amount)


def read_tracked(configuration: Parameters, group: str) -> Watched | NotComputed:
    """The metric of a TargetTrackingConfiguration."""
    predefined, customized = "PredefinedMetricSpecification", "CustomizedMetricSpecification"
    configuration.allow_only((predefined, customized, "TargetValue", "DisableScaleIn"))
    if (predefined in configuration) == (customized in configuration):
        configuration.refuse(customized, "either a predefined or a customized metric must be given, not both")
    if customized in configuration:
        return _read_customized(configuration.object(customized))
    return _read_predefined(configuration.object(predefined), group)


def _read_predefined(specification: Parameters, group: str) -> Watched | NotComputed:
    """The metric of a PredefinedMetricSpecification. AWS documents the metrics of only three of its types."""
    label = "ResourceLabel"
    type_ = specification.text("PredefinedMetricType")
    if type_ == _OF_A_TARGET_GROUP:
        specification.require(label)
        if not _RESOURCE_LABEL.fullmatch(specification.text(label)):
            specification.refuse(label, "must be app/NAME/ID/targetgroup/NAME/ID, the ends of two ARNs")
    elif label in specification:
        specification.refuse(label, f"is only for {_OF_A_TARGET_GROUP}")
    if name := _PREDEFINED.get(type_):
        return WatchedMetric(MetricId.of("AWS/EC2", name, {"AutoScalingGroupName": group}), "Average", DEFAULT_PERIOD)
    return NotComputed(f"AWS does not document the metric of {type_}")


def _read_customized(specification: Parameters) -> Watched:
    specification.allow_only(("MetricName", "Namespace", "Dimensions", "Statistic", "Unit", "Period", "Metrics"))
    if "Metrics" in specification:
        entries = specification.values["Metrics"]
        if isinstance(entries, list):
            specification.values = {**specification.values, "Metrics": [_with_period(entry) for entry in entries]}
    else:
        specification.values = {"Period": DEFAULT_PERIOD, **specification.values}
    watched = read_watched(specification)
    if isinstance(watched, NotComputed | WatchedQuery):
        specification.refuse("Metrics", "target tracking takes metrics and metric math only")
        return WatchedMetric(MetricId("", ""), "Average", DEFAULT_PERIOD)
    if watched.period not in PERIODS:
        specification.refuse("Period", f"is {watched.period}, only {', '.join(map(str, PERIODS))} are allowed")
    return watched


def _with_period(entry: Any) -> Any:
    """The entry with the default period, because the period of a metric is optional here (unlike in an alarm)."""
    if isinstance(entry, Mapping) and isinstance(entry.get("MetricStat"), Mapping):
        return {**entry, "MetricStat": {"Period": DEFAULT_PERIOD, **entry["MetricStat"]}}
    return entry
