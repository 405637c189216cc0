"""A metric alarm, with the parameters of PutMetricAlarm. Source: its API reference (botocore 1.44)."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from cloudwatch.alarm.actions import PARAMETERS as ACTION_PARAMETERS
from cloudwatch.alarm.actions import Actions
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.watched import SINGLE_METRIC_PARAMETERS, Watched, WatchedMath, WatchedMetric, read_watched
from cloudwatch.parameters import Parameters

CALL = "PutMetricAlarm"
NAME_CHARACTERS_MAX = 255
DESCRIPTION_CHARACTERS_MAX = 1024
TAGS_MAX = 50
DAY = 86_400
_LOW_SAMPLES = "EvaluateLowSampleCountPercentile"

_PARAMETERS = frozenset(
    (
        *SINGLE_METRIC_PARAMETERS,
        *ACTION_PARAMETERS,
        *("AlarmName", "AlarmDescription", "Metrics", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
        *("ComparisonOperator", "TreatMissingData", _LOW_SAMPLES, "EvaluationWindow", "Tags"),
    )
)
_NOT_OFFLINE = ("ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "WarmUpConfiguration")
_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_WALL_CLOCK_PERIODS = (60, 300, 3_600, DAY)


class Comparison(StrEnum):
    GREATER = "GreaterThanThreshold"
    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"

    @property
    def holds(self) -> Callable[[float, float], bool]:
        """The comparison as a function of a value and the threshold."""
        return _HOLDS[self]

    @property
    def upward(self) -> bool:
        """True if the alarm is for values that are too high."""
        return self in (Comparison.GREATER, Comparison.GREATER_OR_EQUAL)


_HOLDS: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricAlarm:
    """ALARM when ``datapoints_to_alarm`` (M) of ``evaluation_periods`` (N) points breach the threshold.

    With ``wall_clock``, periods begin at full minutes, hours or days (UTC) and do not slide with each evaluation.
    """

    name: str
    watched: Watched
    comparison: Comparison
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: TreatMissingData = TreatMissingData.MISSING
    low_samples_ignored: bool = False
    wall_clock: bool = False
    actions: Actions = field(default_factory=Actions)
    description: str = ""

    @classmethod
    def from_api(cls, values: Mapping[str, Any]) -> Self:
        """The alarm of a PutMetricAlarm call. Raises ParametersRefused with every problem."""
        parameters = Parameters(values)
        _check_names_and_tags(parameters)
        periods = parameters.integer("EvaluationPeriods", least=1)
        alarm = cls(
            name=read_name(parameters),
            watched=read_watched(parameters),
            comparison=_read_comparison(parameters),
            threshold=parameters.number("Threshold"),
            evaluation_periods=periods,
            datapoints_to_alarm=parameters.integer("DatapointsToAlarm", least=1, default=periods),
            treat_missing_data=_read_treatment(parameters),
            low_samples_ignored=parameters.choice(_LOW_SAMPLES, ("evaluate", "ignore"), "evaluate") == "ignore",
            wall_clock=_read_wall_clock(parameters),
            actions=Actions.read(parameters),
            description=parameters.text("AlarmDescription", longest=DESCRIPTION_CHARACTERS_MAX, default=""),
        )
        alarm._check_combinations(parameters)
        parameters.raise_problems(CALL)
        return alarm

    @property
    def period(self) -> int:
        return self.watched.period

    @property
    def interval(self) -> int:
        """Seconds between two evaluations. An alarm with a period of less than a minute has high resolution."""
        return 60 if self.period >= 60 else 10

    def breaches(self, value: float) -> bool:
        return self.comparison.holds(value, self.threshold)

    def _check_combinations(self, parameters: Parameters) -> None:
        """Record problems of parameters that contradict each other."""
        if self.datapoints_to_alarm > self.evaluation_periods:
            parameters.refuse("DatapointsToAlarm", f"is more than the {self.evaluation_periods} EvaluationPeriods")
        longest = DAY if self.period < 3_600 else 7 * DAY
        if self.evaluation_periods * self.period > longest:
            parameters.refuse("EvaluationPeriods", f"EvaluationPeriods x Period is more than {longest} s")
        if self.wall_clock and self.period not in _WALL_CLOCK_PERIODS:
            parameters.refuse("EvaluationWindow", f"a wall clock window needs a period of {_WALL_CLOCK_PERIODS} s")
        if isinstance(self.watched, WatchedMath) and self.actions.ec2_actions:
            parameters.refuse("AlarmActions", "an alarm on metric math cannot have EC2 actions")
        percentile = self.watched.percentile if isinstance(self.watched, WatchedMetric) else None
        if _LOW_SAMPLES in parameters and percentile is None:
            parameters.refuse(_LOW_SAMPLES, "is only for alarms on a percentile of a metric")


def _check_names_and_tags(parameters: Parameters) -> None:
    parameters.allow_only((*_PARAMETERS, *_NOT_OFFLINE))
    for name in _NOT_OFFLINE:
        if name in parameters:
            parameters.refuse(name, "an alarm with this parameter cannot be computed offline")
    if len(parameters.objects("Tags")) > TAGS_MAX:
        parameters.refuse("Tags", f"more than {TAGS_MAX}")


def read_name(parameters: Parameters) -> str:
    name = parameters.text("AlarmName", longest=NAME_CHARACTERS_MAX)
    if re.search(r"[\x00-\x1f\x7f]", name):
        parameters.refuse("AlarmName", "contains a control character")
    return name


def _read_comparison(parameters: Parameters) -> Comparison:
    if parameters.values.get("ComparisonOperator") in _BANDS:
        parameters.refuse("ComparisonOperator", "an anomaly detection band cannot be computed offline")
        return Comparison.GREATER
    name = parameters.choice("ComparisonOperator", list(Comparison))
    return Comparison(name) if name in list(Comparison) else Comparison.GREATER


def _read_treatment(parameters: Parameters) -> TreatMissingData:
    """Alarms on AWS/DynamoDB ignore missing data by default, says the user guide. (The API reference: always.)"""
    dynamodb = parameters.values.get("Namespace") == "AWS/DynamoDB"
    default = TreatMissingData.IGNORE if dynamodb else TreatMissingData.MISSING
    name = parameters.choice("TreatMissingData", list(TreatMissingData), default)
    return TreatMissingData(name) if name in list(TreatMissingData) else default


def _read_wall_clock(parameters: Parameters) -> bool:
    if "EvaluationWindow" not in parameters:
        return False
    window = parameters.object("EvaluationWindow")
    window.allow_only(("SlidingWindow", "WallClockWindow"))
    if ("SlidingWindow" in window) == ("WallClockWindow" in window):
        window.refuse("WallClockWindow", "either SlidingWindow or WallClockWindow must be given, not both")
    if "WallClockWindow" not in window:
        return False
    if window.object("WallClockWindow").values.get("Timezone", "UTC") != "UTC":
        window.refuse("WallClockWindow.Timezone", "only UTC can be computed offline")
    return True
