"""What happened to the alarms: the items of DescribeAlarmHistory, and the actions that AWS would call."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cloudwatch.alarm.state import AlarmState, Transition

ITEMS_MAX = 20_000  # of all alarms; AWS keeps 30 days


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """``at`` is in seconds since the epoch. ``type`` is a HistoryItemType, ``data`` a JSON document."""

    at: float
    alarm: str
    alarm_type: str
    type: str
    summary: str
    data: str


class AlarmHistory:
    """The newest items of all alarms. ``tell`` gets a line for each state and action, for people."""

    def __init__(self, tell: Callable[[float, str], None]) -> None:
        self._items: deque[HistoryItem] = deque(maxlen=ITEMS_MAX)
        self._tell = tell

    def __iter__(self) -> Iterator[HistoryItem]:
        """The items, the oldest first."""
        return iter(self._items)

    def configured(self, at: float, alarm: str, alarm_type: str, change: str) -> None:
        """``change`` is Create, Update or Delete."""
        data = json.dumps({"version": "1.0", "type": change})
        summary = f'Alarm "{alarm}" {change.lower().removesuffix("e")}ed'
        self._items.append(HistoryItem(at, alarm, alarm_type, "ConfigurationUpdate", summary, data))

    def changed(self, change: Transition, alarm_type: str, old_reason: str) -> None:
        """The alarm has entered a state."""
        states = (("oldState", change.old, old_reason), ("newState", change.new, change.reason))
        data = {key: {"stateValue": state, "stateReason": reason} for key, state, reason in states}
        summary = f"Alarm updated from {change.old} to {change.new}"
        item = HistoryItem(
            change.at, change.name, alarm_type, "StateUpdate", summary, json.dumps({"version": "1.0", **data})
        )
        self._items.append(item)
        self._tell(change.at, f"{change.name}: {change.old} -> {change.new}. {change.reason}")

    def acted(
        self, at: float, alarm: str, alarm_type: str, state: AlarmState, action: str, held_back_by: str = ""
    ) -> None:
        """The action is due, or held back by mute rules or by a suppressor (``held_back_by``)."""
        what = f"would call {action}" if not held_back_by else f"would not call {action}: held back by {held_back_by}"
        data = json.dumps({"actionState": "Succeeded" if not held_back_by else "Muted", "stateUpdateTimestamp": at})
        self._items.append(HistoryItem(at, alarm, alarm_type, "Action", f"For {state}, AWS {what}", data))
        self._tell(at, f"{alarm}: {state}, {what}")
