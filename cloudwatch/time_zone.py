"""The time zones that CloudWatch accepts: IANA names, and fixed offsets.

Source: "Alarm evaluation window" in the CloudWatch user guide ("America/New_York", "+05:30", "Z", "UTC+05:30",
"GMT-08:00"; an offset is a multiple of 5 minutes).
"""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2}):?(\d{2})?")
_HOURS_MAX = 18
_STEP_MINUTES = 5


def read_time_zone(name: str) -> tzinfo:
    """The time zone of that name. Raises ValueError with the reason if there is none."""
    if name == "Z":
        return UTC
    if match := _OFFSET.fullmatch(name):
        return _fixed(name, match)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}") from error


def _fixed(name: str, match: re.Match[str]) -> tzinfo:
    sign, hours, minutes = match[1], int(match[2]), int(match[3] or 0)
    if hours > _HOURS_MAX or minutes >= 60 or (hours == _HOURS_MAX and minutes):
        raise ValueError(f"{name!r}: an offset is at most {_HOURS_MAX} hours")
    if minutes % _STEP_MINUTES:
        raise ValueError(f"{name!r}: an offset is a multiple of {_STEP_MINUTES} minutes")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
