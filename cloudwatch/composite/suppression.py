"""When the actions of a composite alarm run, and when its suppressor holds them back.

Source: "Composite alarm action suppression" in the CloudWatch user guide, with its six examples. Where it is silent:

- After a period, actions run only if a change of state was held back before. That a suppressor comes and goes does not
  repeat actions that have run.
- A suppressor that goes into ALARM in the very second in which a period ends, still holds the actions back.
- A suppressor that goes into ALARM again during an ExtensionPeriod ends it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cloudwatch.alarm.state import AlarmState
from cloudwatch.composite.composite_alarm import CompositeAlarm, Suppressor


class SuppressedBy(StrEnum):
    WAIT_PERIOD = "WaitPeriod"
    EXTENSION_PERIOD = "ExtensionPeriod"
    ALARM = "Alarm"


@dataclass(frozen=True, slots=True)
class ActionsDue:
    """The actions for ``state`` run ``at`` this time, or are held back if ``suppressed_by`` says by what."""

    at: int
    name: str
    state: AlarmState
    suppressed_by: SuppressedBy | None
    actions: tuple[str, ...]


_NEVER_IN_ALARM = Suppressor("", 0, 0)


class ActionGate:
    """Stands between the states of one composite alarm and its actions."""

    def __init__(self, alarm: CompositeAlarm) -> None:
        self._alarm = alarm
        self._suppressor = alarm.suppressor or _NEVER_IN_ALARM
        self._state = AlarmState.INSUFFICIENT_DATA
        self._suppressing = False
        self._held_back = False
        self.period_ends: int | None = None

    def observe(self, at: int, state: AlarmState, *, suppressing: bool) -> Iterator[ActionsDue]:
        """The state of the alarm, and whether its suppressor is in ALARM, from ``at`` on."""
        changed, switched = state is not self._state, suppressing is not self._suppressing
        self._state, self._suppressing = state, suppressing
        if changed:
            yield from self._hold(at, SuppressedBy.WAIT_PERIOD, self._suppressor.wait_period)
        elif switched and self._held_back:
            yield from self._hold(at, SuppressedBy.EXTENSION_PERIOD, self._suppressor.extension_period)
        elif self.period_ends is not None and self.period_ends <= at:
            yield self._run(self.period_ends)

    def _hold(self, at: int, period: SuppressedBy, seconds: int) -> Iterator[ActionsDue]:
        """Ends the period that is under way, if any; the suppressor holds, or else a new period begins."""
        self._held_back, self.period_ends = True, None
        if self._suppressing:
            yield self._due(at, SuppressedBy.ALARM)
        elif seconds:
            self.period_ends = at + seconds
            yield self._due(at, period)
        else:
            yield self._run(at)

    def _run(self, at: int) -> ActionsDue:
        self._held_back, self.period_ends = False, None
        return self._due(at, None)

    def _due(self, at: int, suppressed_by: SuppressedBy | None) -> ActionsDue:
        return ActionsDue(at, self._alarm.name, self._state, suppressed_by, self._alarm.actions.on(self._state))
