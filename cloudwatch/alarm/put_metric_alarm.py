"""Reads a PutMetricAlarm call. It is refused as AWS refuses it, or gives an alarm, which is played or not played.

The rules here are not in botocore's model: which parameters exclude or need each other, and how long an evaluation may
be. Source: the API reference of PutMetricAlarm (botocore 1.44).
"""

import re
from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any

from cloudwatch.alarm.actions import PARAMETERS as ACTION_PARAMETERS
from cloudwatch.alarm.actions import Actions
from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm, WarmUp
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm, unknown_parameters
from cloudwatch.alarm.wall_clock import DAY, WEEK
from cloudwatch.alarm.wall_clock import PERIODS as WALL_CLOCK_PERIODS
from cloudwatch.alarm.watched import (
    SINGLE_METRIC_PARAMETERS,
    NotComputed,
    Watched,
    WatchedMetric,
    read_watched,
)
from cloudwatch.alarm.watched_query import RANGE_MAX, WatchedQuery
from cloudwatch.parameters import Parameters
from cloudwatch.time_zone import read_time_zone

CALL = "PutMetricAlarm"
TAGS_MAX = 50
_LOW_SAMPLES = "EvaluateLowSampleCountPercentile"
_BAND_ID = "ThresholdMetricId"
_PROMQL = "EvaluationCriteria"
_INTERVAL = "EvaluationInterval"

_OF_VALUES = ("Metrics", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", _BAND_ID)
_NOT_WITH_PROMQL = (*SINGLE_METRIC_PARAMETERS, *_OF_VALUES)
PARAMETERS = frozenset(
    (
        *(*SINGLE_METRIC_PARAMETERS, *_OF_VALUES, *ACTION_PARAMETERS),
        *("AlarmName", "AlarmDescription", "TreatMissingData", _LOW_SAMPLES, _PROMQL, _INTERVAL),
        *("EvaluationWindow", "WarmUpConfiguration", "ActionConfiguration", "Tags"),
    )
)
BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")


def read_metric_alarm(values: Mapping[str, Any]) -> MetricAlarm | UnplayedAlarm:
    """The alarm of a PutMetricAlarm call. Raises ParametersRefused with every problem."""
    parameters = Parameters.of_call("cloudwatch", CALL, values)
    name = read_name(parameters)
    check_tags(parameters)
    alarm = _read_promql(parameters, name) if _PROMQL in parameters else _read_alarm(parameters, name)
    parameters.raise_problems(CALL)
    if unknown := unknown_parameters(CALL, values, PARAMETERS):
        return UnplayedAlarm(name=name, reason=unknown)
    return alarm


def _read_promql(parameters: Parameters, name: str) -> UnplayedAlarm:
    for other in _NOT_WITH_PROMQL:
        if other in parameters:
            parameters.refuse(other, f"cannot be given together with {_PROMQL}")
    if "EvaluationWindow" in parameters:
        parameters.refuse("EvaluationWindow", "is not for alarms on a PromQL query")
    interval = parameters.integer(_INTERVAL)
    if interval not in (10, 20, 30) and interval % 60:
        parameters.refuse(_INTERVAL, f"is {interval}, only 10, 20, 30 and multiples of 60 are allowed")
    return UnplayedAlarm(name=name, reason="only CloudWatch can compute a PromQL query")


def _read_alarm(parameters: Parameters, name: str) -> MetricAlarm | UnplayedAlarm:
    if _INTERVAL in parameters:
        parameters.refuse(_INTERVAL, f"is only for alarms with {_PROMQL}")
    has_band = _BAND_ID in parameters
    _check_threshold(parameters, has_band=has_band)
    periods = parameters.integer("EvaluationPeriods", least=1)
    watched = read_watched(parameters, parameters.text(_BAND_ID) or None)
    actions = Actions.read(parameters)
    _check_actions(parameters, actions, watched, has_band=has_band)
    needed = parameters.integer("DatapointsToAlarm", least=1, default=periods)
    if needed > periods:
        parameters.refuse("DatapointsToAlarm", f"is more than the {periods} EvaluationPeriods")
    treatment = _read_treatment(parameters)
    ignores_low_samples = parameters.choice(_LOW_SAMPLES, ("evaluate", "ignore"), "evaluate") == "ignore"
    time_zone = _read_time_zone(parameters)
    if isinstance(watched, NotComputed):
        return UnplayedAlarm(name=name, reason=watched.reason)
    _check_length(parameters, periods, watched.period, wall_clock=time_zone is not None)
    if isinstance(watched, WatchedQuery):
        _check_query(parameters, periods + (time_zone is not None), watched.period)
    if _LOW_SAMPLES in parameters and not (isinstance(watched, WatchedMetric) and watched.percentile is not None):
        parameters.refuse(_LOW_SAMPLES, "is only for alarms on a percentile of a metric")
    return MetricAlarm(
        name=name,
        watched=watched,
        comparison=_comparison(parameters),
        threshold=parameters.number("Threshold"),
        evaluation_periods=periods,
        datapoints_to_alarm=needed,
        treat_missing_data=treatment,
        low_samples_ignored=ignores_low_samples,
        time_zone=time_zone,
        warm_up=_read_warm_up(parameters),
        actions=actions,
        description=parameters.text("AlarmDescription"),
    )


def read_name(parameters: Parameters) -> str:
    name = parameters.text("AlarmName")
    if re.search(r"[\x00-\x1f\x7f]", name):
        parameters.refuse("AlarmName", "contains a control character")
    return name


def check_tags(parameters: Parameters) -> None:
    if len(parameters.objects("Tags")) > TAGS_MAX:
        parameters.refuse("Tags", f"more than {TAGS_MAX}")


def _check_threshold(parameters: Parameters, *, has_band: bool) -> None:
    """Check that the alarm has a static threshold, or the band of anomaly detection."""
    parameters.require("ComparisonOperator")
    comparison = parameters.text("ComparisonOperator")
    if has_band and "Threshold" in parameters:
        parameters.refuse("Threshold", f"cannot be given together with {_BAND_ID}")
    if not has_band:
        parameters.require("Threshold")
    if has_band and comparison in list(Comparison):
        parameters.refuse("ComparisonOperator", f"{comparison} compares with a threshold, not with a band")
    if not has_band and comparison in BANDS:
        parameters.refuse("ComparisonOperator", f"{comparison} needs the band of {_BAND_ID}")
    ids = [entry.text("Id") for entry in parameters.objects("Metrics")]
    if has_band and parameters.text(_BAND_ID) not in ids:
        parameters.refuse(_BAND_ID, "is not the id of an entry of Metrics")


def _check_actions(parameters: Parameters, actions: Actions, watched: Watched | NotComputed, *, has_band: bool) -> None:
    if not isinstance(watched, WatchedMetric) and actions.ec2_actions:
        parameters.refuse("AlarmActions", "an alarm on metric math cannot have EC2 actions")
    if has_band and actions.auto_scaling_actions:
        parameters.refuse("AlarmActions", "an alarm on anomaly detection cannot have Auto Scaling actions")


def _comparison(parameters: Parameters) -> Comparison:
    name = parameters.text("ComparisonOperator")
    return Comparison(name) if name in list(Comparison) else Comparison.GREATER


def _read_treatment(parameters: Parameters) -> TreatMissingData:
    """The user guide: alarms on AWS/DynamoDB ignore missing data by default. (The API reference: they always do.)"""
    dynamodb = parameters.values.get("Namespace") == "AWS/DynamoDB"
    default = TreatMissingData.IGNORE if dynamodb else TreatMissingData.MISSING
    name = parameters.choice("TreatMissingData", list(TreatMissingData), default)
    return TreatMissingData(name) if name in list(TreatMissingData) else default


def _check_length(parameters: Parameters, periods: int, period: int, *, wall_clock: bool) -> None:
    longest = DAY if period < 3_600 else WEEK
    if periods * period > longest:
        parameters.refuse("EvaluationPeriods", f"EvaluationPeriods x Period is more than {longest} s")
    if wall_clock and period not in WALL_CLOCK_PERIODS:
        parameters.refuse("EvaluationWindow", f"a wall clock window needs a period of {WALL_CLOCK_PERIODS} s")


def _check_query(parameters: Parameters, periods: int, period: int) -> None:
    """Check an alarm on a Metrics Insights query. With a wall clock window, CloudWatch adds a period to align it."""
    if period < 60:
        parameters.refuse(
            "Metrics", f"an alarm on a Metrics Insights query has a period of a minute or more, not {period}"
        )
    if periods * period > RANGE_MAX:
        parameters.refuse(
            "EvaluationPeriods", f"{periods} x {period} s: a Metrics Insights query reads {RANGE_MAX} s at most"
        )


def _read_time_zone(parameters: Parameters) -> tzinfo | None:
    """The time zone of a wall clock window; None for a window that slides."""
    window = parameters.object("EvaluationWindow")
    if "WallClockWindow" not in window:
        return None
    clock = window.object("WallClockWindow")
    try:
        return read_time_zone(clock.text("Timezone", "UTC"))
    except ValueError as error:
        clock.refuse("Timezone", str(error))
        return UTC


def _read_warm_up(parameters: Parameters) -> WarmUp | None:
    if "WarmUpConfiguration" not in parameters:
        return None
    configuration = parameters.object("WarmUpConfiguration")
    whole = configuration.flag("OnlyStartEvaluatingAfterWarmUpPeriodEnds", default=False)
    return WarmUp(configuration.integer("WarmUpPeriodDurationInMinutes"), whole)
