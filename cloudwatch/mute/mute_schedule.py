"""The schedule of a mute rule: ``cron(0 2 * * SUN)`` or ``at(2026-12-24T18:00)``, and a duration.

Source: Schedule in the CloudWatch API reference. A cron expression has five fields (minute, hour, day of the month,
month, day of the week) with ``*``, ``-`` and ``,``. Where the reference gives no rule, those of cron hold: Sunday is 0
or 7, and if both fields of days are given, one match is enough. A time that a clock skips in spring is left out. A time
that it repeats in autumn counts once, at its first occurrence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Protocol

DURATION_MAX = timedelta(days=15)
DURATION_MIN = timedelta(minutes=1)
DAY = 86_400

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NAMES = {
    "month": {name: index + 1 for index, name in enumerate(_MONTHS)},
    "day of the week": {name: index for index, name in enumerate(_DAYS)},
}
_CRON = re.compile(r"cron\((.*)\)")
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2})\)")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


class Schedule(Protocol):
    """The times at which a mute begins."""

    def begins(self, start: int, end: int, zone: tzinfo) -> Iterator[int]:
        """The times in [start, end), in seconds since the epoch, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    """A schedule ``at(…)``: one time, on the clock of the time zone."""

    at: datetime

    def begins(self, start: int, end: int, zone: tzinfo) -> Iterator[int]:
        begin = _moment_of(self.at, zone)
        if begin is not None and start <= begin < end:
            yield begin


@dataclass(frozen=True, slots=True)
class Cron:
    """The allowed values of each field. ``either_day``: both fields of days are given, so one match is enough."""

    minutes: Sequence[int]
    hours: Sequence[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def begins(self, start: int, end: int, zone: tzinfo) -> Iterator[int]:
        first = datetime.fromtimestamp(start, zone).date()
        for number in range((end - start) // DAY + 2):
            day = first + timedelta(days=number)
            matches = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
            if day.month not in self.months or not (any(matches) if self.either_day else all(matches)):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    begin = _moment_of(datetime.combine(day, time(hour, minute)), zone)
                    if begin is not None and start <= begin < end:
                        yield begin


def _moment_of(local: datetime, zone: tzinfo) -> int | None:
    """Seconds since the epoch; None if the clock of the zone skips this time."""
    moment = int(local.replace(tzinfo=zone).timestamp())
    return moment if datetime.fromtimestamp(moment, zone).replace(tzinfo=None) == local else None


def parse_schedule(expression: str) -> Schedule:
    """The schedule of an expression. Raises ValueError with the reason why CloudWatch would refuse it."""
    if match := _AT.fullmatch(expression):
        try:
            return Once(datetime.fromisoformat(match[1]))
        except ValueError:
            raise ValueError(f"there is no time {match[1]}") from None
    if match := _CRON.fullmatch(expression):
        return _parse_cron(match[1])
    raise ValueError(f"{expression!r} is neither cron(minute hour day month weekday) nor at(yyyy-MM-ddThh:mm)")


def _parse_cron(text: str) -> Cron:
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"cron({text}) has {len(parts)} fields, there are 5: minute hour day month weekday")
    minutes, hours, days, months, weekdays = (
        parse_field(part, *field) for part, field in zip(parts, FIELDS, strict=True)
    )
    either_day = parts[2] != "*" and parts[4] != "*"
    seven_is_sunday = frozenset(day % 7 for day in weekdays)
    return Cron(sorted(minutes), sorted(hours), days, months, seven_is_sunday, either_day)


def parse_field(text: str, name: str, least: int, most: int) -> frozenset[int]:
    """The values of one of FIELDS, as it is written. Raises ValueError with the reason."""
    values: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if part == "*":
            values.update(range(least, most + 1))
            continue
        begin, end = (_parse_value(each, name, least, most) for each in (first, last if dash else first))
        if begin > end:
            raise ValueError(f"{part!r} as {name}: {first} is after {last}")
        values.update(range(begin, end + 1))
    return frozenset(values)


def _parse_value(text: str, name: str, least: int, most: int) -> int:
    value = _NAMES.get(name, {}).get(text.upper())
    if value is None and text.isascii() and text.isdigit():
        value = int(text)
    if value is None or not least <= value <= most:
        raise ValueError(f"{text!r} as {name}: {least} to {most}, * - and , are allowed")
    return value


def parse_duration(text: str) -> timedelta:
    """The duration of an ISO 8601 text like P2DT12H. Raises ValueError with the reason."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise ValueError(f"{text!r} is not a duration of days, hours and minutes like P2DT12H")
    days, hours, minutes = (int(each or 0) for each in match.groups())
    try:
        duration = timedelta(days=days, hours=hours, minutes=minutes)
    except OverflowError:
        duration = timedelta.max
    if not DURATION_MIN <= duration <= DURATION_MAX:
        raise ValueError(f"{text}: a duration is at least PT1M and at most P15D")
    return duration


def parse_moment(value: object) -> datetime:
    """A timestamp of the API: ISO 8601 (without a zone it is UTC), or seconds since the epoch. Raises ValueError."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = datetime.fromtimestamp(value, UTC)
    else:
        moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
