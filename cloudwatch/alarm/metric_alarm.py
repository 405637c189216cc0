"""A metric alarm that can be played: the rule that turns values into states."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cloudwatch.alarm.actions import Actions
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

    @property
    def period(self) -> int:
        return self.watched.period

    @property
    def interval(self) -> int:
        """Seconds between two evaluations. An alarm with a period of less than a minute has high resolution."""
        return 60 if self.period >= 60 else 10

    def breaches(self, value: float) -> bool:
        return self.comparison.holds(value, self.threshold)
