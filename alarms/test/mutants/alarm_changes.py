"""Changes of a metric alarm."""

from collections.abc import Iterator, Mapping

from alarms.test.mutants.action_changes import action_changes
from alarms.test.mutants.change import REMOVED, ParameterChange, Parameters, changes, near_numbers, value_at, whole
from alarms.test.mutants.metric_changes import watched_changes
from cloudwatch.alarm.metric_alarm import Comparison
from cloudwatch.alarm.missing_data import TreatMissingData

TIME_ZONES = ("UTC", "America/New_York", "Asia/Tokyo")
_A_LITTLE = (0.999, 1.001)
_LOW_SAMPLES = ("evaluate", "ignore")
_CLOCK = ("EvaluationWindow", "WallClockWindow")
_WARM_UP = ("WarmUpConfiguration", "WarmUpPeriodDurationInMinutes")
_WHOLE_WARM_UP = ("WarmUpConfiguration", "OnlyStartEvaluatingAfterWarmUpPeriodEnds")


def alarm_changes(alarm: Parameters, units: Mapping[str, str]) -> Iterator[ParameterChange]:
    """Every change of one parameter that has an effect. AWS refuses some of the changed alarms.

    ``units`` has the units in which metrics are published, by their names.
    """
    periods = alarm["EvaluationPeriods"]
    threshold = alarm["Threshold"]
    yield from changes(alarm, ["Threshold"], [*near_numbers(threshold), *(threshold * factor for factor in _A_LITTLE)])
    yield from changes(alarm, ["EvaluationPeriods"], [periods - 1, periods + 1])
    needed = alarm.get("DatapointsToAlarm", periods)
    yield from changes(alarm, ["DatapointsToAlarm"], [needed - 1, needed + 1], periods)
    if "DatapointsToAlarm" in alarm:
        yield from _window_changes(alarm, periods, needed)
    yield from changes(alarm, ["ComparisonOperator"], map(str, Comparison))
    yield from changes(alarm, ["TreatMissingData"], map(str, TreatMissingData), str(TreatMissingData.MISSING))
    yield from changes(alarm, ["EvaluateLowSampleCountPercentile"], _LOW_SAMPLES, _LOW_SAMPLES[0])
    yield from watched_changes(alarm, [], units, None)
    yield from _time_changes(alarm)
    yield from action_changes(alarm)


def _window_changes(alarm: Parameters, periods: int, needed: int) -> Iterator[ParameterChange]:
    """Both numbers of M of N together: one alone cannot grow, or shrink, where they are equal."""
    for step in (-1, 1):
        other = {**alarm, "EvaluationPeriods": periods + step, "DatapointsToAlarm": needed + step}
        text = f"{needed} of {periods} -> {needed + step} of {periods + step}"
        yield ParameterChange("DatapointsToAlarm, EvaluationPeriods", text, other)


def _time_changes(alarm: Parameters) -> Iterator[ParameterChange]:
    if value_at(alarm, _CLOCK) is not REMOVED:
        yield from changes(alarm, [*_CLOCK, "Timezone"], TIME_ZONES, "UTC")
        yield from changes(alarm, ["EvaluationWindow"], [REMOVED])
    if (minutes := value_at(alarm, _WARM_UP)) is not REMOVED:
        yield from changes(alarm, _WARM_UP, whole(near_numbers(minutes, least=1)))
        yield from changes(alarm, _WHOLE_WARM_UP, [True, False], default=False)
        yield from changes(alarm, ["WarmUpConfiguration"], [REMOVED])
