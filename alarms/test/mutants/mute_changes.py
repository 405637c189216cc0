"""Changes of a mute rule: when its windows begin, how long they last, on which clock, and for which alarms."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from alarms.test.mutants.alarm_changes import TIME_ZONES
from alarms.test.mutants.change import REMOVED, ParameterChange, Parameters, changes, value_at
from cloudwatch.mute.mute_schedule import FIELDS, Once, parse_duration, parse_field, parse_schedule

_SCHEDULE = ("Rule", "Schedule")
_TARGETS = ("MuteTargets", "AlarmNames")


def mute_changes(rule: Parameters) -> Iterator[ParameterChange]:
    """Every change of one part that has an effect. AWS refuses some of the changed rules."""
    yield from changes(rule, [*_SCHEDULE, "Expression"], _other_schedules(value_at(rule, [*_SCHEDULE, "Expression"])))
    yield from changes(rule, [*_SCHEDULE, "Duration"], _other_durations(value_at(rule, [*_SCHEDULE, "Duration"])))
    yield from changes(rule, [*_SCHEDULE, "Timezone"], TIME_ZONES, "UTC")
    targets: Sequence[str] = value_at(rule, _TARGETS, ())
    for index in range(len(targets)):
        yield from changes(rule, [*_TARGETS, index], [REMOVED])
    for name in ("StartDate", "ExpireDate"):
        if name in rule:
            yield from changes(rule, [name], [REMOVED])


def _other_schedules(expression: str) -> list[str]:
    schedule = parse_schedule(expression)
    if isinstance(schedule, Once):
        steps = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
        moments = [schedule.at + sign * step for step in steps for sign in (-1, 1)]
        return [f"at({moment:%Y-%m-%dT%H:%M})" for moment in moments]
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    return [
        f"cron({' '.join((*fields[:index], other, *fields[index + 1 :]))})"
        for index, field in enumerate(fields)
        for other in _other_fields(field, *FIELDS[index])
    ]


def _other_fields(field: str, name: str, least: int, most: int) -> Iterator[str]:
    """Any value, or each value one later or earlier; for any value, only the least one."""
    values = sorted(parse_field(field, name, least, most))
    if field == "*":
        yield str(least)
        return
    yield "*"
    for step in (-1, 1):
        shifted = [value + step for value in values]
        if least <= shifted[0] and shifted[-1] <= most:
            yield ",".join(map(str, shifted))


def _other_durations(text: str) -> list[str]:
    minutes = int(parse_duration(text).total_seconds()) // 60
    others = sorted({minutes // 2, minutes - 1, minutes + 1, minutes * 2})
    return [f"PT{other}M" for other in others]
