"""M of N with points that may be missing: CloudWatch's rule for one evaluation of an alarm.

Sources: "Configuring how CloudWatch alarms treat missing data" and "Avoiding premature transitions to alarm state" in
the CloudWatch user guide. AWS publishes tables and examples, but no algorithm. The rule here reproduces every cell of
today's tables and of the tables of 2018. Only the tables of 2018 have the row ``----X``: INSUFFICIENT_DATA, or no
change with ``ignore``.

CloudWatch looks back further than N periods. AWS gives the size of this *evaluation range* for one example only: 5 for
N = 3. So the range is a parameter here, by default N + 2, and a verdict shows whether another size would have changed
it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloudwatch.alarm.state import AlarmState

RANGE_BEYOND_PERIODS = 2


class TreatMissingData(StrEnum):
    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class EvaluationRule(StrEnum):
    """The rule of CloudWatch that gave a verdict."""

    NO_POINTS = "no point in the evaluation range: the treatment of missing data decides"
    ENOUGH_POINTS = "at least N points: the newest N decide, and missing data do not matter"
    FILLED = "fewer than N points: the rest is filled as breaching or not breaching"
    TOO_FEW_POINTS = "fewer than N points: they suffice, since M of them breach or one is within the threshold"
    OLD_BREACH = "only breaching points, fewer than M, the oldest at least M periods old"
    YOUNG_BREACH = "only breaching points, fewer than M, the oldest younger than M periods: too early for ALARM"


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """``state`` None means that the alarm keeps its state."""

    state: AlarmState | None
    rule: EvaluationRule
    depends_on_range: bool


# A point of a window: it breaches the threshold (True), does not breach it (False), or is missing (None).
Point = bool | None

_WITHOUT_POINTS = {
    TreatMissingData.MISSING: AlarmState.INSUFFICIENT_DATA,
    TreatMissingData.IGNORE: None,
    TreatMissingData.BREACHING: AlarmState.ALARM,
    TreatMissingData.NOT_BREACHING: AlarmState.OK,
}


def default_range(evaluation_periods: int) -> int:
    """The default number of periods that an evaluation looks back. AWS's example has 5 for N = 3."""
    return evaluation_periods + RANGE_BEYOND_PERIODS


def evaluate_window(
    points: Sequence[Point],
    *,
    evaluation_periods: int,
    datapoints_to_alarm: int,
    treat_missing_data: TreatMissingData = TreatMissingData.MISSING,
    evaluation_range: int | None = None,
) -> WindowVerdict:
    """The verdict on ``points``: one point for each period, the oldest first.

    Only the newest ``evaluation_range`` points count. ``depends_on_range`` is true if any size of the range, from N up
    to the number of ``points``, would give another state.
    """
    rule_of = (evaluation_periods, datapoints_to_alarm, treat_missing_data)
    size = evaluation_range or default_range(evaluation_periods)
    state, rule = decide(points[-size:], *rule_of)
    others = range(evaluation_periods, len(points) + 1) if None in points[-evaluation_periods:] else ()
    return WindowVerdict(state, rule, any(decide(points[-other:], *rule_of)[0] is not state for other in others))


def decide(
    window: Sequence[Point], evaluation_periods: int, datapoints_to_alarm: int, treat: TreatMissingData
) -> tuple[AlarmState | None, EvaluationRule]:
    """The new state (None: the alarm keeps its state) and the rule that gave it. ``window`` is the whole range."""
    real = [point for point in window if point is not None]
    if not real:
        return _WITHOUT_POINTS[treat], EvaluationRule.NO_POINTS
    if len(real) >= evaluation_periods:
        return _counted(sum(real[-evaluation_periods:]), datapoints_to_alarm), EvaluationRule.ENOUGH_POINTS
    if treat in (TreatMissingData.BREACHING, TreatMissingData.NOT_BREACHING):
        filled = evaluation_periods - len(real) if treat is TreatMissingData.BREACHING else 0
        return _counted(sum(real) + filled, datapoints_to_alarm), EvaluationRule.FILLED
    if sum(real) >= datapoints_to_alarm or not all(real):
        return _counted(sum(real), datapoints_to_alarm), EvaluationRule.TOO_FEW_POINTS
    old = len(window) - window.index(True) >= datapoints_to_alarm
    rule = EvaluationRule.OLD_BREACH if old else EvaluationRule.YOUNG_BREACH
    if treat is TreatMissingData.IGNORE:
        return None, rule
    return AlarmState.ALARM if old else AlarmState.INSUFFICIENT_DATA, rule


def _counted(breaching: int, datapoints_to_alarm: int) -> AlarmState:
    return AlarmState.ALARM if breaching >= datapoints_to_alarm else AlarmState.OK
