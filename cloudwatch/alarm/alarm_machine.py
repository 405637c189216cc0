"""Evaluates a metric alarm over time: values of its metric in, changes of its state out.

Sources: "Alarm evaluation" and "Percentile-based alarms and low data samples" in the CloudWatch user guide.
"""

import math
from collections.abc import Iterator, Sequence

from cloudwatch.alarm.datapoints import Datapoints, fetch
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.missing_data import Point, decide, default_range, evaluate_window
from cloudwatch.alarm.reason import reason
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.metric import MetricSource


class AlarmMachine:
    """A metric alarm with its state, which begins as INSUFFICIENT_DATA.

    A period counts ``delivery_delay`` seconds after its end. ``evaluation_range`` is the number of periods that an
    evaluation looks back; AWS does not document it (``missing_data``).
    Raises ValueError for a range that is less than the evaluation periods.
    """

    def __init__(
        self,
        alarm: MetricAlarm,
        source: MetricSource,
        *,
        evaluation_range: int | None = None,
        delivery_delay: int = 0,
        state: AlarmState = AlarmState.INSUFFICIENT_DATA,
    ) -> None:
        self.alarm = alarm
        self.state = state
        self.value: float | None = None  # the newest period's, at the last evaluation
        self._source = source
        self._range = evaluation_range or default_range(alarm.evaluation_periods)
        self._delay = delivery_delay
        if self._range < alarm.evaluation_periods:
            raise ValueError(f"an evaluation range of {self._range} is less than the evaluation periods")

    def run(self, start: int, end: int) -> Iterator[Transition]:
        """Every change from ``start`` (exclusive) to ``end`` (inclusive).

        The alarm is evaluated every minute, or every 10 seconds if its period is less than a minute. The evaluations
        look back beyond ``start``.
        """
        interval = self.alarm.interval
        times = range((start // interval + 1) * interval, end + 1, interval)
        if times:
            seen = self._fetch(times[0], times[-1])
            points = self._points(seen)
            yield from filter(None, (self._evaluate(now, seen, points) for now in times))

    def step(self, now: int) -> Transition | None:
        """One evaluation at ``now``, for a simulation in which the alarm itself changes later values."""
        seen = self._fetch(now, now)
        return self._evaluate(now, seen, self._points(seen))

    def _fetch(self, first: int, last: int) -> Datapoints:
        # Twice the range: the points beyond it decide whether the size of the range mattered.
        return fetch(self.alarm, self._source, first - self._delay, last - self._delay, 2 * self._range)

    def _points(self, seen: Datapoints) -> list[Point]:
        holds, threshold = self.alarm.comparison.holds, self.alarm.threshold
        return [None if value is None else holds(value, threshold) for value in seen.values]

    def _evaluate(self, now: int, seen: Datapoints, points: Sequence[Point]) -> Transition | None:
        alarm = self.alarm
        newest = seen.newest(now - self._delay)
        self.value = seen.values[newest]
        window = points[seen.window(newest, self._range)]
        recent = window[-alarm.evaluation_periods :]
        state: AlarmState | None
        if None in recent:
            state, _ = decide(window, alarm.evaluation_periods, alarm.datapoints_to_alarm, alarm.treat_missing_data)
        else:
            state = AlarmState.ALARM if recent.count(True) >= alarm.datapoints_to_alarm else AlarmState.OK
        if state is None or state is self.state or self._too_few_samples(seen, newest):
            return None
        return self._enter(state, now, seen, newest, points)

    def _too_few_samples(self, seen: Datapoints, newest: int) -> bool:
        """AWS does not say which samples count. Here one evaluated point with too few of them keeps the state."""
        if seen.samples is None or not isinstance(self.alarm.watched, WatchedMetric):
            return False
        needed = samples_needed(self.alarm.watched.percentile or 0.0)
        return any((seen.samples[index] or 0) < needed for index in self._evaluated(seen, newest))

    def _evaluated(self, seen: Datapoints, newest: int) -> list[int]:
        """The indices of the newest N points that exist, the newest first. These points decide the state."""
        window = seen.window(newest, self._range)
        indices = range(window.start, window.stop, window.step)
        real = [index for index in reversed(indices) if seen.values[index] is not None]
        return real[: self.alarm.evaluation_periods]

    def _enter(self, state: AlarmState, now: int, seen: Datapoints, newest: int, points: Sequence[Point]) -> Transition:
        old, self.state = self.state, state
        deciding = [
            (seen.end_of(index) - self.alarm.period, value)
            for index in self._evaluated(seen, newest)
            if (value := seen.values[index]) is not None
        ]
        verdict = evaluate_window(
            points[seen.window(newest, 2 * self._range)],
            evaluation_periods=self.alarm.evaluation_periods,
            datapoints_to_alarm=self.alarm.datapoints_to_alarm,
            treat_missing_data=self.alarm.treat_missing_data,
            evaluation_range=self._range,
        )
        why = reason(self.alarm, state, deciding)
        return Transition(now, self.alarm.name, old, state, why, verdict.depends_on_range)


def samples_needed(percentile: float) -> int:
    """The fewest samples that make a percentile (0 to 1) significant: 100 for p90, 1000 for p99, 100 for p10."""
    tail = 1 - percentile if percentile >= 0.5 else percentile
    return math.ceil(round(10 / tail, 6)) if tail > 0 else 0  # the rule does not cover p0 and p100
