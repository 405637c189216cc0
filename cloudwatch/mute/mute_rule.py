"""Reads a PutAlarmMuteRule call. It is refused as AWS refuses it, or gives a rule with its windows.

Source: the API reference of PutAlarmMuteRule (botocore 1.44). While a rule is active, alarms are evaluated and change
their states, but no action runs, not even an Auto Scaling action.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from cloudwatch.mute.mute_schedule import Schedule, parse_duration, parse_moment, parse_schedule
from cloudwatch.parameters import Parameters
from cloudwatch.time_zone import read_time_zone

CALL = "PutAlarmMuteRule"
TAGS_MAX = 50


@dataclass(frozen=True, slots=True)
class MuteRule:
    """``alarms`` are names; empty means that the rule has no targets. ``duration`` is in seconds.

    ``starts`` and ``expires`` limit the windows, in seconds since the epoch. None means no limit.
    """

    name: str
    alarms: tuple[str, ...]
    schedule: Schedule
    duration: int
    zone: tzinfo
    starts: int | None = None
    expires: int | None = None

    def windows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of the mutes that lie in [start, end), in seconds since the epoch; they may overlap."""
        first = start if self.starts is None else max(start, self.starts)
        last = end if self.expires is None else min(end, self.expires)
        for begin in self.schedule.begins(start - self.duration, end, self.zone):
            window = max(begin, first), min(begin + self.duration, last)
            if window[0] < window[1]:
                yield window

    def mutes(self, alarm: str, at: int) -> bool:
        """Whether the rule holds back the actions of the alarm at a time in seconds since the epoch."""
        return alarm in self.alarms and any(self.windows(at, at + 1))


def read_mute_rule(values: Mapping[str, Any]) -> MuteRule:
    """The rule of a PutAlarmMuteRule call. Raises ParametersRefused with every problem."""
    parameters = Parameters.of_call("cloudwatch", CALL, values)
    if len(parameters.objects("Tags")) > TAGS_MAX:
        parameters.refuse("Tags", f"more than {TAGS_MAX}")
    starts, expires = _read_moment(parameters, "StartDate"), _read_moment(parameters, "ExpireDate")
    if starts and expires and starts >= expires:
        parameters.refuse("ExpireDate", "is not after StartDate")
    schedule = parameters.object("Rule").object("Schedule")
    read = {
        name: _read(schedule, name, reader)
        for name, reader in (
            ("Expression", parse_schedule),
            ("Duration", parse_duration),
            ("Timezone", read_time_zone),
        )
    }
    parameters.raise_problems(CALL)
    return MuteRule(
        name=parameters.text("Name"),
        alarms=parameters.object("MuteTargets").texts("AlarmNames"),
        schedule=read["Expression"],
        duration=int(read["Duration"].total_seconds()),
        zone=read["Timezone"],
        starts=None if starts is None else int(starts.timestamp()),
        expires=None if expires is None else int(expires.timestamp()),
    )


def _read(schedule: Parameters, name: str, reader: Any) -> Any:
    try:
        return reader(schedule.text(name, "UTC" if name == "Timezone" else ""))
    except ValueError as error:
        schedule.refuse(name, str(error))
        return None


def _read_moment(parameters: Parameters, name: str) -> datetime | None:
    if name not in parameters:
        return None
    try:
        return parse_moment(parameters.values[name])
    except (ValueError, OverflowError, OSError):
        parameters.refuse(name, "is not a time in the format of ISO 8601")
        return None
