"""The boundaries of minutes, hours, days and weeks on the wall clock of a time zone.

Source: "Alarm evaluation window" in the CloudWatch user guide: the top of the hour, midnight, and Monday 00:00. On the
days when clocks change, a day has 23 or 25 hours. Where midnight does not exist (some zones change their clocks then),
the day begins at the first moment after it; AWS does not document this case.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

HOUR = 3_600
DAY = 86_400
WEEK = 7 * DAY
PERIODS = (60, 300, HOUR, DAY, WEEK)
_OFFSET_STEP = 300  # the offset of a time zone is a multiple of 5 minutes


def boundaries(period: int, zone: tzinfo, first: int, last: int, *, before: int) -> list[int]:
    """The boundaries from ``before`` full periods before ``first`` up to ``last`` (seconds since the epoch).

    In the result, the last period that has ended at ``first`` has ``before - 1`` periods before it.
    """
    begin = first - (before + 2) * period - DAY  # earlier than needed, since days may be longer
    if period < HOUR:
        found = list(range(begin // period * period, last + 1, period))
    elif period == HOUR:
        begin -= begin % _OFFSET_STEP
        found = [at for at in range(begin, last + 1, _OFFSET_STEP) if (at + _offset(at, zone)) % HOUR == 0]
    else:
        found = _days(begin, last, zone, mondays=period == WEEK)
    return found[bisect_right(found, first) - 1 - before :]


def _offset(at: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _days(begin: int, last: int, zone: tzinfo, *, mondays: bool) -> list[int]:
    day = datetime.fromtimestamp(begin, UTC).date()
    found = []
    while (at := _midnight(day, zone)) <= last:
        if not mondays or day.isoweekday() == 1:
            found.append(at)
        day += timedelta(days=1)
    return found


@lru_cache(maxsize=1_024)
def _midnight(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time.min, zone).timestamp())
