"""The times at which an alarm is evaluated, and the periods that each evaluation uses.

Sources: "Alarm evaluation" and "Alarm evaluation window" in the CloudWatch user guide.

- An alarm is evaluated every minute, or every 10 seconds if its period is less than a minute. Its periods slide: with a
  period of 5 minutes an evaluation uses minutes 1 to 5, and the next one minutes 2 to 6.
- An alarm whose evaluation periods are longer than a day in all is evaluated once an hour, on data up to the full hour.
  In AWS's example this happens three minutes past the hour. Here it is the full hour, because the minute is not
  documented.
- With a wall clock window, periods begin at full minutes, hours, days or weeks (Monday) of a time zone, and do not
  slide. The alarm is evaluated as often as another one, and only periods that have ended are used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from itertools import pairwise
from math import gcd

from cloudwatch.alarm.wall_clock import boundaries
from cloudwatch.spans import SlidingSpans, Span

MINUTE = 60
HOUR = 3_600
DAY = 86_400
HIGH_RESOLUTION_INTERVAL = 10


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of some evaluations. Those of one evaluation are ``stride`` apart in ``spans``.

    ``newest`` has the index of the newest period of each evaluation.
    """

    spans: Sequence[Span]
    stride: int
    newest: Sequence[int]

    def window(self, newest: int, count: int) -> slice:
        """The slice of the ``count`` periods up to ``newest``, the oldest first."""
        return slice(newest - (count - 1) * self.stride, newest + 1, self.stride)


@dataclass(frozen=True, slots=True)
class EvaluationSchedule:
    """The evaluations of an alarm with ``evaluation_periods`` of ``period`` seconds.

    ``time_zone`` None means that periods slide; otherwise they begin on the wall clock of that time zone.
    """

    period: int
    evaluation_periods: int
    time_zone: tzinfo | None = None

    @property
    def interval(self) -> int:
        """Seconds between two evaluations."""
        if self.evaluation_periods * self.period > DAY:
            return HOUR
        return MINUTE if self.period >= MINUTE else HIGH_RESOLUTION_INTERVAL

    def times(self, start: int, end: int) -> range:
        """The times of the evaluations in (start, end]."""
        return range((start // self.interval + 1) * self.interval, end + 1, self.interval)

    def periods(self, times: range, delay: int, count: int) -> Periods:
        """The periods for the evaluations at ``times`` (at least one); each has ``count`` periods.

        A period is evaluated from ``delay`` seconds after its end on.
        """
        first, last = (self._data_until(time - delay) for time in (times[0], times[-1]))
        if self.time_zone is not None:
            return _on_the_wall_clock(self.period, self.time_zone, range(first, last + 1, self.interval), count)
        step = gcd(self.interval, self.period)
        oldest_end = first - (count - 1) * self.period
        spans = SlidingSpans(oldest_end - self.period, self.period, step, (last - oldest_end) // step + 1)
        stride, oldest = self.period // step, (count - 1) * self.period // step
        return Periods(spans, stride, range(oldest, len(spans), self.interval // step))

    def _data_until(self, time: int) -> int:
        """The end of the data that an evaluation uses: a full minute, a full hour, or full 10 seconds."""
        return time // self.interval * self.interval


@lru_cache(maxsize=64)  # many alarms have the same window
def _on_the_wall_clock(period: int, zone: tzinfo, times: range, count: int) -> Periods:
    begins = boundaries(period, zone, times[0], times[-1], before=count)
    newest: list[int] = []
    index = 0
    for time in times:
        while index + 2 < len(begins) and begins[index + 2] <= time:
            index += 1
        newest.append(index)
    return Periods(tuple(pairwise(begins)), 1, tuple(newest))
