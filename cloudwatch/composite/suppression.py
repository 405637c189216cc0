"""Decides when the actions of a composite alarm run, and when its suppressor holds them back.

Source: "Composite alarm action suppression" in the CloudWatch user guide, with its six examples. Where the guide does
not decide, these rules hold here:

- After a period, actions run only if a change of state was held back before. A suppressor that enters and leaves ALARM
  does not repeat actions that have already run.
- A suppressor that enters ALARM in the same second in which a period ends still holds the actions back.
- A suppressor that enters ALARM again during an ExtensionPeriod ends that period.
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
    """The actions for ``state`` run at ``at`` (seconds since the epoch), or are held back by ``suppressed_by``."""

    at: int
    name: str
    state: AlarmState
    suppressed_by: SuppressedBy | None
    actions: tuple[str, ...]


_NEVER_IN_ALARM = Suppressor("", 0, 0)


class ActionGate:
    """Decides whether the actions of one composite alarm run, which is in ``state`` at first.

    ``period_ends`` is the end of the current WaitPeriod or ExtensionPeriod, None if there is none.
    """

    def __init__(self, alarm: CompositeAlarm, state: AlarmState | None = AlarmState.INSUFFICIENT_DATA) -> None:
        self._alarm = alarm
        self._suppressor = alarm.suppressor or _NEVER_IN_ALARM
        self._state = state
        self._suppressing = False
        self._held_back = False
        self.period_ends: int | None = None

    def lose_state(self) -> None:
        """The state is not known any more: no action is held back, and the next known state counts as a change."""
        self._state, self._held_back, self.period_ends = None, False, None

    def observe(self, at: int, state: AlarmState, *, suppressing: bool) -> Iterator[ActionsDue]:
        """The actions that follow from the alarm's state at ``at``. ``suppressing``: its suppressor is in ALARM."""
        changed, switched = state is not self._state, suppressing is not self._suppressing
        self._state, self._suppressing = state, suppressing
        if changed:
            yield from self._hold(at, state, SuppressedBy.WAIT_PERIOD, self._suppressor.wait_period)
        elif switched and self._held_back:
            yield from self._hold(at, state, SuppressedBy.EXTENSION_PERIOD, self._suppressor.extension_period)
        elif self.period_ends is not None and self.period_ends <= at:
            yield self._run(self.period_ends, state)

    def _hold(self, at: int, state: AlarmState, period: SuppressedBy, seconds: int) -> Iterator[ActionsDue]:
        """End the current period, if any. Either the suppressor holds the actions back, or a new period begins."""
        self._held_back, self.period_ends = True, None
        if self._suppressing:
            yield self._due(at, state, SuppressedBy.ALARM)
        elif seconds:
            self.period_ends = at + seconds
            yield self._due(at, state, period)
        else:
            yield self._run(at, state)

    def _run(self, at: int, state: AlarmState) -> ActionsDue:
        self._held_back, self.period_ends = False, None
        return self._due(at, state, None)

    def _due(self, at: int, state: AlarmState, suppressed_by: SuppressedBy | None) -> ActionsDue:
        return ActionsDue(at, self._alarm.name, state, suppressed_by, self._alarm.actions.on(state))
