"""Evaluates a metric alarm over time: values of its metric in, changes of its state out.

Sources: "Alarm evaluation", "Alarm warm-up periods" and "Percentile-based alarms and low data samples" in the
CloudWatch user guide. No state depends on data after its evaluation.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress, count
from operator import is_not

from cloudwatch.alarm.contributors import Contributors
from cloudwatch.alarm.datapoints import Datapoints, FixedDatapoints, GroupedDatapoints, RangedDatapoints, fetch
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.missing_data import Point, decide, default_range
from cloudwatch.alarm.reason import reason
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.warm_up_clock import WarmUpClock
from cloudwatch.alarm.watched import Values, WatchedMetric
from cloudwatch.metric import MetricSource

WINDOWS_REMEMBERED_MAX = 4_096


class AlarmMachine:
    """A metric alarm with its state, which begins as INSUFFICIENT_DATA.

    A period is evaluated from ``delivery_delay`` seconds after its end on. ``evaluation_range`` is the number of
    periods that an evaluation looks back; AWS does not document it (``missing_data``). ``created`` is the time at which
    a warm-up begins; without one, the alarm was created one interval before its first evaluation. Raises ValueError for
    a range that is less than the evaluation periods.
    """

    def __init__(
        self,
        alarm: MetricAlarm,
        source: MetricSource,
        *,
        evaluation_range: int | None = None,
        delivery_delay: int = 0,
        created: int | None = None,
        state: AlarmState = AlarmState.INSUFFICIENT_DATA,
    ) -> None:
        self.alarm = alarm
        self.state = state
        self.value: float | None = None  # of the newest period of the last evaluation
        self._source = source
        self._range = evaluation_range or default_range(alarm.evaluation_periods)
        self._delay = delivery_delay
        self._warm_up = WarmUpClock(alarm, alarm.warm_up, created) if alarm.warm_up else None
        self._verdicts = _Verdicts(alarm, self._decide)
        self._contributors = Contributors(alarm.watched, self._points, self._decide)
        if self._range < alarm.evaluation_periods:
            raise ValueError(f"an evaluation range of {self._range} is less than the evaluation periods")

    def run(self, start: int, end: int) -> Iterator[Transition]:
        """Every change from ``start`` (exclusive) to ``end`` (inclusive).

        ``MetricAlarm.schedule`` gives the times of evaluation. The evaluations also read data from before ``start``.
        """
        times = self.alarm.schedule.times(start, end)
        return self._evaluate(times) if times else iter(())

    def step(self, now: int) -> Transition | None:
        """The change at ``now``, for a simulation in which the alarm itself affects later values.

        It is None if the alarm keeps its state, or is not evaluated at that time.
        """
        return next(self.run(now - 1, now), None)

    def _evaluate(self, times: range) -> Iterator[Transition]:
        # Twice the range is read. The points beyond the range show whether its size made a difference.
        seen = fetch(self.alarm, self._source, times, self._delay, 2 * self._range)
        newest, warm_up = seen.periods.newest, self._warm_up
        for number, state in self._decisive(self._states(seen)):
            now, index = times[number], newest[number]
            if warm_up and warm_up.holds(now, index, seen):
                continue
            if state is not self.state and state is not None and not self._too_few_samples(seen, index):
                yield self._enter(state, now, seen, index)
        self.value = None if isinstance(seen, GroupedDatapoints) else self._newest_value(seen)

    def _decisive(self, states: Iterable[AlarmState | None]) -> Iterable[tuple[int, AlarmState | None]]:
        """The evaluations that may change the state of the alarm, by number.

        The same verdict again changes nothing, unless the alarm may have disregarded it before.
        """
        if not isinstance(states, list) or self._warm_up or self.alarm.low_samples_ignored:
            return enumerate(states)
        numbers = chain((0,), compress(count(1), map(is_not, states[1:], states)))
        return ((number, states[number]) for number in numbers)

    def _newest_value(self, seen: FixedDatapoints | RangedDatapoints) -> float | None:
        return seen.window(seen.periods.newest[-1], 1 if isinstance(seen, FixedDatapoints) else self._range)[-1]

    def _states(self, seen: Datapoints) -> Iterable[AlarmState | None]:
        """The state that each evaluation gives; None: the alarm keeps its state."""
        match seen:
            case FixedDatapoints():
                return self._states_of_fixed(seen)
            case RangedDatapoints():
                return self._states_of_ranged(seen)
            case GroupedDatapoints():
                return self._states_of_groups(seen)

    def _states_of_fixed(self, seen: FixedDatapoints) -> list[AlarmState | None]:
        points, stride, newest = self._marks(seen.values), seen.periods.stride, seen.periods.newest
        back, verdicts = (self._range - 1) * stride, self._verdicts
        if not isinstance(newest, range) or newest.step > 1:
            return [verdicts[points[index - back : index + 1 : stride]] for index in newest]
        states: list[AlarmState | None] = []
        for run in _RUN.finditer(points):  # windows within a run of equal points are decided together
            begin, whole = max(run.start(), newest.start), min(max(run.start() + back, newest.start), run.end())
            states += [verdicts[points[index - back : index + 1 : stride]] for index in range(begin, whole)]
            if whole < run.end():
                states += [verdicts[run[1] * self._range]] * (run.end() - whole)
        return states

    def _states_of_ranged(self, seen: RangedDatapoints) -> list[AlarmState | None]:
        return [self._decide(self._points(seen.window(index, self._range))) for index in seen.periods.newest]

    def _states_of_groups(self, seen: GroupedDatapoints) -> Iterator[AlarmState | None]:
        """The evaluations are computed one by one, because each contributor keeps a state between them."""
        for index in seen.periods.newest:
            yield self._contributors.evaluate(seen.windows(index, self._range))

    def _points(self, values: Values) -> list[Point]:
        holds, threshold = self.alarm.comparison.holds, self.alarm.threshold
        return [None if value is None else holds(value, threshold) for value in values]

    def _marks(self, values: Values) -> bytes:
        """One byte for each point: its index in _POINTS. A slice of the bytes can be the key of a dictionary."""
        holds, threshold = self.alarm.comparison.holds, self.alarm.threshold
        return bytes([_MISSING if value is None else holds(value, threshold) for value in values])

    def _decide(self, points: Sequence[Point]) -> AlarmState | None:
        alarm = self.alarm
        return decide(points, alarm.evaluation_periods, alarm.datapoints_to_alarm, alarm.treat_missing_data)[0]

    def _too_few_samples(self, seen: Datapoints, newest: int) -> bool:
        """AWS does not document which samples count. Here, one evaluated point with too few samples keeps the state."""
        watched = self.alarm.watched
        if not isinstance(seen, FixedDatapoints) or seen.samples is None or not isinstance(watched, WatchedMetric):
            return False
        needed = samples_needed(watched.percentile or 0.0)
        window = seen.periods.window(newest, self._range)
        present = [count for count in seen.samples[window] if count is not None]
        return any(count < needed for count in present[-self.alarm.evaluation_periods :])

    def _enter(self, state: AlarmState, now: int, seen: Datapoints, newest: int) -> Transition:
        old, self.state = self.state, state
        why, depends = self._reason(state, seen, newest), self._depends_on_range(state, seen, newest)
        return Transition(now, self.alarm.name, old, state, why, depends)

    def _reason(self, state: AlarmState, seen: Datapoints, newest: int) -> str:
        if isinstance(seen, GroupedDatapoints):
            return self._contributors.reason(state)
        window = seen.periods.window(newest, self._range)
        points = [
            (start, value)
            for (start, _), value in zip(seen.periods.spans[window], seen.window(newest, self._range), strict=True)
            if value is not None
        ]
        deciding = points[: -self.alarm.evaluation_periods - 1 : -1]  # the newest first
        return reason(self.alarm, state, deciding)

    def _depends_on_range(self, state: AlarmState, seen: Datapoints, newest: int) -> bool:
        """Whether a range of another size, from N to twice the range, would have given another state."""
        least = self.alarm.evaluation_periods
        sizes = range(least, 2 * self._range + 1)
        if isinstance(seen, GroupedDatapoints):
            return any(self._contributors.would_be(seen.windows(newest, size)) is not state for size in sizes)
        if isinstance(seen, FixedDatapoints) and None not in seen.window(newest, least):
            return False
        return any(self._decide(self._points(seen.window(newest, size))) is not state for size in sizes)


def samples_needed(percentile: float) -> int:
    """The fewest samples that make a percentile (0 to 1) significant: 100 for p90, 1000 for p99, 100 for p10."""
    tail = 1 - percentile if percentile >= 0.5 else percentile
    return math.ceil(round(10 / tail, 6)) if tail > 0 else 0  # the rule does not cover p0 and p100


_POINTS: tuple[Point, ...] = (False, True, None)
_BREACHING, _MISSING = 1, 2
_RUN = re.compile(rb"(.)\1*", re.DOTALL)


class _Verdicts(dict[bytes, AlarmState | None]):
    """The state that each window gives, decided once, however often the window occurs."""

    def __init__(self, alarm: MetricAlarm, decide_points: Callable[[Sequence[Point]], AlarmState | None]) -> None:
        super().__init__()
        self._periods, self._needed = alarm.evaluation_periods, alarm.datapoints_to_alarm
        self._decide = decide_points

    def __missing__(self, window: bytes) -> AlarmState | None:
        if len(self) >= WINDOWS_REMEMBERED_MAX:
            self.clear()
        recent = window[-self._periods :]
        state: AlarmState | None
        if _MISSING in recent:
            state = self._decide([_POINTS[mark] for mark in window])
        else:  # as in missing_data.decide, which is slow for long windows of a noisy metric
            state = AlarmState.ALARM if recent.count(_BREACHING) >= self._needed else AlarmState.OK
        self[window] = state
        return state
