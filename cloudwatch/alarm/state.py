"""The three states of an alarm, and a change from one state to another."""

from dataclasses import dataclass
from enum import StrEnum


class AlarmState(StrEnum):
    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of the state of an alarm at ``at`` (seconds since the epoch).

    A state is None while it is not known. This happens to a composite that depends on an alarm that is not played.

    ``reason`` reads like CloudWatch's StateReason. ``depends_on_range`` is true if another evaluation range would have
    given another state. AWS does not document this range (see ``cloudwatch.alarm.missing_data``).
    """

    at: int
    name: str
    old: AlarmState | None
    new: AlarmState | None
    reason: str
    depends_on_range: bool = False
