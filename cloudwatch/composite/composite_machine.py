"""Composite alarms over time: from the changes of the alarms that they watch to their own changes and actions.

All changes of one second are seen together. AWS does not say in which order it sees them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter, itemgetter

from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm, children_first
from cloudwatch.composite.suppression import ActionGate, ActionsDue


class CompositeMachine:
    """Begins in INSUFFICIENT_DATA, and is evaluated at once, as CloudWatch does with a new alarm.

    ``states`` are those of the watched alarms at the beginning; one that is not named has INSUFFICIENT_DATA.
    Raises CompositeCycle.
    """

    def __init__(self, composites: Iterable[CompositeAlarm], states: Mapping[str, AlarmState] | None = None) -> None:
        self._composites = children_first(composites)
        self._gates = {alarm.name: ActionGate(alarm) for alarm in self._composites}
        self.states: dict[str, AlarmState] = dict(states or {})
        for alarm in self._composites:
            self.states[alarm.name] = AlarmState.INSUFFICIENT_DATA

    def run(self, transitions: Iterable[Transition], start: int, end: int) -> Iterator[Transition | ActionsDue]:
        """What follows from the ``transitions`` of other alarms from ``start`` to ``end`` (inclusive), in order."""
        yield from self._observe(start, [])
        inside = (change for change in sorted(transitions, key=attrgetter("at")) if start <= change.at <= end)
        for at, changes in groupby(inside, key=attrgetter("at")):
            yield from self._end_periods(at - 1)
            yield from self._observe(at, list(changes))
        yield from self._end_periods(end)

    def _observe(self, at: int, changes: list[Transition]) -> Iterator[Transition | ActionsDue]:
        self.states.update({change.name: change.new for change in changes})
        for alarm in self._composites:
            state = AlarmState.ALARM if alarm.rule.holds(self.states) else AlarmState.OK
            if state is not self.states[alarm.name]:
                change = _transition(at, alarm, self.states[alarm.name], state, changes)
                changes.append(change)
                self.states[alarm.name] = state
                yield change
        for alarm in self._composites:
            yield from self._pass_gate(at, alarm)

    def _pass_gate(self, at: int, alarm: CompositeAlarm) -> Iterator[ActionsDue]:
        suppressor = self.states.get(alarm.suppressor.alarm) if alarm.suppressor else None
        suppressing = suppressor is AlarmState.ALARM
        events = self._gates[alarm.name].observe(at, self.states[alarm.name], suppressing=suppressing)
        yield from (event for event in events if alarm.actions.enabled)

    def _end_periods(self, until: int) -> Iterator[ActionsDue]:
        """Runs what a WaitPeriod or an ExtensionPeriod has held back that ends ``until`` then."""
        ends = ((self._gates[alarm.name].period_ends, alarm) for alarm in self._composites)
        due = [(at, alarm) for at, alarm in ends if at is not None and at <= until]
        for at, alarm in sorted(due, key=itemgetter(0)):
            yield from self._pass_gate(at, alarm)


def _transition(
    at: int, alarm: CompositeAlarm, old: AlarmState, new: AlarmState, changes: Iterable[Transition]
) -> Transition:
    causes = [change for change in changes if change.name in alarm.rule.children]
    reason = ", ".join(f"{change.name} transitioned to {change.new} at {_time(change.at)}" for change in causes)
    created = f"{alarm.name} was created and its alarm rule evaluates to {new}"
    return Transition(at, alarm.name, old, new, reason or created, any(change.depends_on_range for change in causes))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")
