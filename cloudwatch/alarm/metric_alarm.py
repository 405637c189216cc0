"""A metric alarm that can be played (evaluated offline): the rule that turns values into states."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum

from cloudwatch.alarm.actions import Actions
from cloudwatch.alarm.evaluation_schedule import EvaluationSchedule
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.watched import Watched


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


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The alarm stays in INSUFFICIENT_DATA for ``minutes`` after its creation.

    Unless ``whole``, it begins earlier: as soon as data fill its evaluation periods.
    """

    minutes: int
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricAlarm:
    """An alarm that fires when ``datapoints_to_alarm`` (M) of ``evaluation_periods`` (N) points breach the threshold.

    With a ``time_zone``, periods begin on its wall clock and do not slide with each evaluation.
    """

    name: str
    watched: Watched
    comparison: Comparison
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: TreatMissingData = TreatMissingData.MISSING
    low_samples_ignored: bool = False
    time_zone: tzinfo | None = None
    warm_up: WarmUp | None = None
    actions: Actions = field(default_factory=Actions)
    description: str = ""

    @property
    def period(self) -> int:
        return self.watched.period

    @property
    def schedule(self) -> EvaluationSchedule:
        """The times at which the alarm is evaluated, and the periods of each evaluation."""
        return EvaluationSchedule(self.period, self.evaluation_periods, self.time_zone)

    def breaches(self, value: float) -> bool:
        return self.comparison.holds(value, self.threshold)
