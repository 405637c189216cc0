"""The alarms and the mute rules of the console, and their evaluation as time goes on.

An alarm is evaluated at once when it is put, on the data up to the last full minute (10 seconds for a period below a
minute). CloudWatch does so within the first minute. From then on it is evaluated at the end of each such interval.

AWS repeats the Auto Scaling actions of an alarm each minute while its state lasts. Here they are noted once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import (
    CompositeAlarm,
    CompositeCycle,
    children_first,
    read_composite_alarm,
)
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.composite.suppression import ActionsDue
from cloudwatch.metric import MetricSource
from cloudwatch.mute.mute_rule import MuteRule
from console.alarm_history import AlarmHistory
from console.refusal import VALIDATION, Refusal, UnsupportedOperation, read_as_aws

UNCHECKED = "Unchecked: Initial alarm creation"


@dataclass
class BookedAlarm:
    """An alarm with the ``parameters`` of its put call, and its state. Times are seconds since the epoch."""

    parameters: dict[str, Any]
    rule: MetricAlarm | CompositeAlarm
    machine: AlarmMachine | CompositeMachine
    configured: float
    updated: float
    transitioned: float
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    reason: str = UNCHECKED
    reason_data: str = ""
    suppressed_by: str = ""

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def type(self) -> str:
        return "MetricAlarm" if isinstance(self.rule, MetricAlarm) else "CompositeAlarm"


@dataclass(frozen=True, slots=True)
class BookedMute:
    """A mute rule with the ``parameters`` of its put call, and the time of that call."""

    parameters: Mapping[str, Any]
    rule: MuteRule
    updated: float


@dataclass(slots=True)
class _Muted:
    """Actions that a mute rule holds back. They run when the muting ends, if the alarm is still in the state."""

    state: AlarmState
    actions: tuple[str, ...]


@dataclass
class AlarmBook:
    """All alarms by name. It must not be used by several threads at once."""

    source: MetricSource
    now: Callable[[], float]
    history: AlarmHistory
    alarms: dict[str, BookedAlarm] = field(default_factory=dict)
    mutes: dict[str, BookedMute] = field(default_factory=dict)
    evaluated_until: int = 0
    _order: list[str] = field(default_factory=list)
    _muted: dict[str, _Muted] = field(default_factory=dict)

    def put_metric_alarm(self, parameters: Mapping[str, Any]) -> BookedAlarm:
        """Create or replace an alarm. An update keeps the state. Raises Refusal."""
        alarm = _played(read_as_aws(read_metric_alarm, parameters))
        known = self._known(alarm.name, "MetricAlarm")
        state = known.state if known else AlarmState.INSUFFICIENT_DATA
        machine = AlarmMachine(alarm, self.source, created=int(self.now()), state=state)
        booked = self._book(parameters, alarm, machine, known)
        end = self._last_evaluation(alarm)
        self._settle(end, list(machine.run(end - 1, end)))
        return booked

    def put_composite_alarm(self, parameters: Mapping[str, Any]) -> BookedAlarm:
        """Create or replace a composite. An update keeps the state. Raises Refusal."""
        alarm = _played(read_as_aws(read_composite_alarm, parameters))
        known = self._known(alarm.name, "CompositeAlarm")
        if missing := [name for name in alarm.watches if name not in self.alarms and name != alarm.name]:
            raise Refusal(VALIDATION, f"Could not save the composite alarm: there is no alarm {', '.join(missing)}")
        others = [each for each in self.composites() if each.name != alarm.name]
        try:
            order = children_first([*others, alarm])
        except CompositeCycle as cycle:
            raise UnsupportedOperation(f"composite alarms in a cycle ({cycle})") from cycle
        states = {name: self.alarms[name].state for name in alarm.watches}
        if known:
            states[alarm.name] = known.state
        always = replace(alarm, actions=replace(alarm.actions, enabled=True))  # whether they are is looked up when due
        machine = CompositeMachine([always], states)
        booked = self._book(parameters, alarm, machine, known)
        self._order = [each.name for each in order]
        now = int(self.now())
        changes: list[Transition] = []
        self._follow(machine.run([], now, now), changes)
        self._pass_on(now, changes)
        return booked

    def composites(self) -> Iterator[CompositeAlarm]:
        return (each.rule for each in self.alarms.values() if isinstance(each.rule, CompositeAlarm))

    def parents_of(self, name: str) -> list[str]:
        """The composites that watch the alarm, in their rules or as suppressor."""
        return [composite.name for composite in self.composites() if name in composite.watches]

    def delete(self, name: str) -> None:
        alarm = self.alarms.pop(name)
        self._muted.pop(name, None)
        self._order = [each for each in self._order if each != name]
        self.history.configured(self.now(), name, alarm.type, "Delete")

    def enable_actions(self, name: str, *, enabled: bool) -> None:
        alarm = self.alarms[name]
        alarm.parameters["ActionsEnabled"] = enabled
        alarm.rule = replace(alarm.rule, actions=replace(alarm.rule.actions, enabled=enabled))
        alarm.configured = self.now()
        self.history.configured(self.now(), name, alarm.type, "Update")

    def set_state(self, name: str, state: AlarmState, reason: str, reason_data: str) -> None:
        """Give an alarm a state until its next evaluation; a composite, until a child changes its state."""
        alarm, at = self.alarms[name], int(self.now())
        if alarm.state is state:
            alarm.reason, alarm.reason_data, alarm.updated = reason, reason_data, self.now()
            return
        change = Transition(at, name, alarm.state, state, reason)
        if isinstance(alarm.machine, AlarmMachine):
            alarm.machine.state = state
            self._settle(at, [change])
        else:
            due = alarm.machine.set_state(at, name, state)
            self._enter(change)
            self._follow(due, [])
            self._pass_on(at, [change])
        alarm.reason_data = reason_data

    def evaluate(self, until: int) -> None:
        """Evaluate everything after the last evaluation up to ``until`` (seconds since the epoch)."""
        begin, self.evaluated_until = self.evaluated_until, max(until, self.evaluated_until)
        machines = [each.machine for each in self.alarms.values() if isinstance(each.machine, AlarmMachine)]
        changes = [change for machine in machines for change in machine.run(begin, until)]
        for at, together in groupby(sorted(changes, key=attrgetter("at")), key=attrgetter("at")):
            self._settle(at, list(together))
        self._settle(until, [])

    def _known(self, name: str, alarm_type: str) -> BookedAlarm | None:
        known = self.alarms.get(name)
        if known and known.type != alarm_type:
            raise Refusal(VALIDATION, f"{name} is the name of a {known.type} already")
        return known

    def _book(
        self,
        parameters: Mapping[str, Any],
        rule: MetricAlarm | CompositeAlarm,
        machine: AlarmMachine | CompositeMachine,
        known: BookedAlarm | None,
    ) -> BookedAlarm:
        now = self.now()
        booked = BookedAlarm(dict(parameters), rule, machine, now, now, now)
        if known:
            booked.state, booked.reason, booked.updated = known.state, known.reason, known.updated
            booked.transitioned = known.transitioned
        self.alarms[rule.name] = booked
        self.history.configured(now, rule.name, booked.type, "Update" if known else "Create")
        return booked

    def _last_evaluation(self, alarm: MetricAlarm) -> int:
        interval = alarm.schedule.interval
        return int(self.now()) // interval * interval

    def _settle(self, at: int, changes: list[Transition]) -> None:
        """Note the changes of metric alarms at one moment, and everything that follows from them."""
        for change in changes:
            self._enter(change)
            self._act(self.alarms[change.name], at)
        self._pass_on(at, changes)

    def _pass_on(self, at: int, changes: list[Transition]) -> None:
        """Note what follows from the changes for composites. Their own changes are added to ``changes``."""
        for name in self._order:
            composite = self.alarms[name]
            if isinstance(composite.rule, CompositeAlarm) and isinstance(composite.machine, CompositeMachine):
                watched = [change for change in changes if change.name in composite.rule.watches]
                self._follow(composite.machine.step(at, watched), changes)
        self._end_mutes(at)

    def _follow(self, events: Iterator[Transition | ActionsDue], changes: list[Transition]) -> None:
        """Note what follows for composites, and add their changes to ``changes``."""
        for event in events:
            if isinstance(event, Transition):
                self._enter(event)
                changes.append(event)
            else:
                self._act_as_composite(event)

    def _enter(self, change: Transition) -> None:
        alarm = self.alarms[change.name]
        self.history.changed(change, alarm.type, alarm.reason)
        if change.new is not None:
            alarm.state = change.new
        alarm.reason, alarm.reason_data = change.reason, ""
        alarm.updated = alarm.transitioned = change.at
        self._muted.pop(change.name, None)

    def _act(self, alarm: BookedAlarm, at: int) -> None:
        actions = alarm.rule.actions.on(alarm.state)
        muting = [mute.rule.name for mute in self.mutes.values() if mute.rule.mutes(alarm.name, at)]
        for action in actions:
            self.history.acted(at, alarm.name, alarm.type, alarm.state, action, ", ".join(muting))
        if muting and actions:
            self._muted[alarm.name] = _Muted(alarm.state, actions)

    def _act_as_composite(self, due: ActionsDue) -> None:
        alarm = self.alarms[due.name]
        alarm.suppressed_by = due.suppressed_by or ""
        if due.suppressed_by is None:
            self._act(alarm, due.at)
            return
        for action in alarm.rule.actions.on(due.state):
            self.history.acted(
                due.at, alarm.name, alarm.type, due.state, action, f"its suppressor ({due.suppressed_by})"
            )

    def _end_mutes(self, at: int) -> None:
        """Run the actions whose muting has ended."""
        for name, muted in list(self._muted.items()):
            if not any(mute.rule.mutes(name, at) for mute in self.mutes.values()):
                del self._muted[name]
                alarm = self.alarms[name]
                for action in muted.actions:
                    self.history.acted(at, name, alarm.type, muted.state, action)


def _played(alarm: Any) -> Any:
    if isinstance(alarm, UnplayedAlarm):
        raise UnsupportedOperation(f"the alarm {alarm.name}: {alarm.reason}")
    return alarm
