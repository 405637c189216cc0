"""The three states of an alarm, and a change from one to another."""

from dataclasses import dataclass
from enum import StrEnum


class AlarmState(StrEnum):
    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Transition:
    """An alarm changed its state ``at`` (seconds since the epoch); ``reason`` reads like CloudWatch's StateReason.

    ``depends_on_range``: AWS does not document how far back CloudWatch looks, and here it matters
    (see ``cloudwatch.alarm.missing_data``).
    """

    at: int
    name: str
    old: AlarmState
    new: AlarmState
    reason: str
    depends_on_range: bool = False
