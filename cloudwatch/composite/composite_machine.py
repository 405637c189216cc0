"""Evaluates composite alarms over time: changes of the watched alarms in, their own changes and actions out.

All changes of one second are evaluated together. AWS does not document their order.

The state of an alarm that is not played is not known. A composite over it has a known state while the other alarms are
enough to decide (``Rule.holds``), and otherwise the state None. An unknown state causes no action, and the next known
state counts as a change. A suppressor in an unknown state counts as not being in ALARM.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter, itemgetter

from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm, children_first
from cloudwatch.composite.suppression import ActionGate, ActionsDue

_STATES = {True: AlarmState.ALARM, False: AlarmState.OK, None: None}


class CompositeMachine:
    """Composite alarms with their states, which begin as INSUFFICIENT_DATA unless ``states`` has another one.

    They are evaluated at once, as CloudWatch does with a new alarm. ``states`` are the first states of the
    watched alarms by name; an alarm without one counts as INSUFFICIENT_DATA. ``unplayed`` are the names of alarms whose
    state is not known. Raises CompositeCycle.
    """

    def __init__(
        self,
        composites: Iterable[CompositeAlarm],
        states: Mapping[str, AlarmState] | None = None,
        unplayed: Collection[str] = (),
    ) -> None:
        self._composites = children_first(composites)
        self.states: dict[str, AlarmState | None] = {**dict.fromkeys(unplayed), **(states or {})}
        for alarm in self._composites:
            self.states.setdefault(alarm.name, AlarmState.INSUFFICIENT_DATA)
        self._gates = {alarm.name: ActionGate(alarm, self.states[alarm.name]) for alarm in self._composites}

    def run(self, transitions: Iterable[Transition], start: int, end: int) -> Iterator[Transition | ActionsDue]:
        """The composites' changes and actions that follow from the ``transitions`` of other alarms, in order.

        Only transitions from ``start`` to ``end`` (both inclusive) count.
        """
        yield from self._observe(start, [])
        inside = (change for change in sorted(transitions, key=attrgetter("at")) if start <= change.at <= end)
        for at, changes in groupby(inside, key=attrgetter("at")):
            yield from self.step(at, list(changes))
        yield from self._end_periods(end)

    def step(self, at: int, changes: list[Transition]) -> Iterator[Transition | ActionsDue]:
        """What follows from the ``changes`` of other alarms at ``at``, for states that arise one after the other.

        Without a change, only the periods of suppressors end.
        """
        yield from self._end_periods(at - 1 if changes else at)
        if changes:
            yield from self._observe(at, changes)

    def set_state(self, at: int, name: str, state: AlarmState) -> Iterator[ActionsDue]:
        """The actions that follow if SetAlarmState gives a composite a state, which lasts until a change of a child."""
        self.states[name] = state
        for alarm in self._composites:
            yield from self._pass_gate(at, alarm)

    def _observe(self, at: int, changes: list[Transition]) -> Iterator[Transition | ActionsDue]:
        self.states.update({change.name: change.new for change in changes})
        for alarm in self._composites:
            state = _STATES[alarm.rule.holds(self.states)]
            if state is not self.states[alarm.name]:
                change = _transition(at, alarm, self.states[alarm.name], state, changes)
                changes.append(change)
                self.states[alarm.name] = state
                yield change
        for alarm in self._composites:
            yield from self._pass_gate(at, alarm)

    def _pass_gate(self, at: int, alarm: CompositeAlarm) -> Iterator[ActionsDue]:
        state = self.states[alarm.name]
        if state is None:
            self._gates[alarm.name].lose_state()
            return
        suppressor = self.states.get(alarm.suppressor.alarm) if alarm.suppressor else None
        suppressing = suppressor is AlarmState.ALARM
        events = self._gates[alarm.name].observe(at, state, suppressing=suppressing)
        yield from (event for event in events if alarm.actions.enabled)

    def _end_periods(self, until: int) -> Iterator[ActionsDue]:
        """The actions whose WaitPeriod or ExtensionPeriod ends at ``until`` or before."""
        ends = ((self._gates[alarm.name].period_ends, alarm) for alarm in self._composites)
        due = [(at, alarm) for at, alarm in ends if at is not None and at <= until]
        for at, alarm in sorted(due, key=itemgetter(0)):
            yield from self._pass_gate(at, alarm)


def _transition(
    at: int,
    alarm: CompositeAlarm,
    old: AlarmState | None,
    new: AlarmState | None,
    changes: Iterable[Transition],
) -> Transition:
    causes = [change for change in changes if change.name in alarm.rule.children]
    reason = ", ".join(
        f"{change.name} transitioned to {change.new or 'a state that is not known'} at "
        f"{datetime.fromtimestamp(change.at, UTC):%A %d %B, %Y %H:%M:%S UTC}"
        for change in causes
    )
    created = f"{alarm.name} was created and its alarm rule evaluates to {new or 'a state that is not known'}"
    return Transition(at, alarm.name, old, new, reason or created, any(change.depends_on_range for change in causes))
