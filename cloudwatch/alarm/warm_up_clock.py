"""Tells when the warm-up of an alarm ends. Source: "Alarm warm-up periods" in the CloudWatch user guide.

The guide: "The evaluation window is full when a datapoint exists for the most recent period". Its example (3
periods of 5 minutes, first data at 10:04, evaluated from about 10:19 on) also needs data that began as long ago as the
evaluation periods last. Here a window is full if both hold. Data from before the creation count, as they do in any
evaluation; how far back is not documented, and here it is twice the evaluation periods.
"""

from cloudwatch.alarm.datapoints import Datapoints, FixedDatapoints, GroupedDatapoints
from cloudwatch.alarm.metric_alarm import MetricAlarm, WarmUp
from cloudwatch.alarm.watched import Values

MINUTE = 60


class WarmUpClock:
    """The warm-up of an alarm that was ``created`` at that time (default: one interval before its first evaluation)."""

    def __init__(self, alarm: MetricAlarm, warm_up: WarmUp, created: int | None) -> None:
        self._alarm = alarm
        self._warm_up = warm_up
        self._created = created
        self._over = False

    def holds(self, now: int, newest: int, seen: Datapoints) -> bool:
        """Whether the evaluation at ``now`` falls into the warm-up. ``newest`` is the index of its newest period.

        The evaluations must come in their order.
        """
        if self._created is None:
            self._created = now - self._alarm.schedule.interval
        if not self._over:
            is_late = now >= self._created + self._warm_up.minutes * MINUTE
            self._over = is_late or (not self._warm_up.whole and self._is_full(newest, seen))
        return not self._over

    def _is_full(self, newest: int, seen: Datapoints) -> bool:
        count = self._alarm.evaluation_periods
        if isinstance(seen, FixedDatapoints):
            stride = seen.periods.stride  # the sliding periods in between give the minute of the first data
            points = seen.values[newest - (2 * count - 1) * stride : newest + 1]
            return _filled(points, points[: len(points) - count * stride + 1])
        if isinstance(seen, GroupedDatapoints):
            windows = list(seen.windows(newest, 2 * count).values())
        else:
            windows = [seen.window(newest, 2 * count)]
        return any(_filled(points, points[: count + 1]) for points in windows)


def _filled(points: Values, begun: Values) -> bool:
    return points[-1] is not None and any(value is not None for value in begun)
