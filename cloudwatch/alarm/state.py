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

    ``reason`` reads like CloudWatch's StateReason. ``depends_on_range`` is true if another evaluation range would have
    given another state. AWS does not document this range (see ``cloudwatch.alarm.missing_data``).
    """

    at: int
    name: str
    old: AlarmState
    new: AlarmState
    reason: str
    depends_on_range: bool = False
