"""The reason of a change of state, in the words of CloudWatch's StateReason.

AWS documents no format. The forms here come from notifications that users published.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.state import AlarmState

LISTED_MAX = 5

_PHRASES = {
    Comparison.GREATER: "greater than",
    Comparison.GREATER_OR_EQUAL: "greater than or equal to",
    Comparison.LESS: "less than",
    Comparison.LESS_OR_EQUAL: "less than or equal to",
}
_FILLED = {TreatMissingData.BREACHING: "Breaching", TreatMissingData.NOT_BREACHING: "NonBreaching"}

# The start of a period and its value.
Point = tuple[int, float]


def reason(alarm: MetricAlarm, state: AlarmState, points: Sequence[Point]) -> str:
    """The reason for the new ``state``. ``points`` are the points that decided it: at most N, the newest first."""
    missing = alarm.evaluation_periods - len(points)
    if state is AlarmState.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(missing, 'datapoint')} unknown."
    if missing and alarm.treat_missing_data in _FILLED:
        return f"Threshold Crossed: {_filled(alarm, missing, points)}."
    return f"Threshold Crossed: {_crossed(alarm, state, points)}."


def _filled(alarm: MetricAlarm, missing: int, points: Sequence[Point]) -> str:
    periods = f"{alarm.evaluation_periods} period{'' if alarm.evaluation_periods == 1 else 's'}"
    received = "no datapoints were"
    if points:
        plural = "" if len(points) == 1 else "s"
        received = f"{len(points)} datapoint{plural} {_list(points)} {'were' if plural else 'was'}"
    treated = f"{_count(missing, 'missing datapoint')} treated as [{_FILLED[alarm.treat_missing_data]}]"
    return f"{received} received for {periods} and {treated}"


def _crossed(alarm: MetricAlarm, state: AlarmState, points: Sequence[Point]) -> str:
    breaching = state is AlarmState.ALARM
    crossing = [point for point in points if alarm.breaches(point[1]) is breaching]
    negation = "" if breaching else "not "
    relation = f"{'was' if len(crossing) == 1 else 'were'} {negation}{_PHRASES[alarm.comparison]} the threshold"
    head, threshold = f"{len(crossing)} out of the last {alarm.evaluation_periods} datapoints", f"({alarm.threshold})"
    if len(crossing) < LISTED_MAX:
        return f"{head} {_list(crossing)} {relation} {threshold} {_minimum(alarm, breaching)}"
    most_recent = f"The most recent datapoints which crossed the threshold: {_list(crossing[:LISTED_MAX])}"
    return f"{head} {relation} {threshold}. {most_recent} {_minimum(alarm, breaching)}"


def _minimum(alarm: MetricAlarm, breaching: bool) -> str:
    needed = alarm.datapoints_to_alarm
    number = needed if breaching else alarm.evaluation_periods - needed + 1
    change = "OK -> ALARM" if breaching else "ALARM -> OK"
    return f"(minimum {number} datapoint{'' if number == 1 else 's'} for {change} transition)"


def _count(number: int, noun: str) -> str:
    return f"1 {noun} was" if number == 1 else f"{number} {noun}s were"


def _list(points: Sequence[Point]) -> str:
    timed = (f"{value} ({datetime.fromtimestamp(start, UTC):%d/%m/%y %H:%M:%S})" for start, value in points)
    return f"[{', '.join(timed)}]"
