"""Runs the unit tests of alarms: each case gives series of values, and expects states after some minutes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alarms.alarm_reading import played_of
from alarms.definition_files import Definition, DefinitionError
from alarms.recording import watched_values
from alarms.test.notation import NotationError, expand, read_minutes
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.composite.suppression import ActionsDue
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.mute.mute_rule import MuteRule
from cloudwatch.mute.muted_actions import muted_actions
from cloudwatch.store import MetricStore

BEGIN = 1_767_225_600  # 2026-01-01 00:00 UTC, a multiple of every period
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected state ``after`` a number of minutes. If ``acts`` is None, it is not compared."""

    after: float
    state: AlarmState
    acts: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test: ``name`` is unique in its ``file``. ``begins`` is in seconds since the epoch.

    The keys of ``given`` are metrics, or for a composite the names of the alarms that it watches.
    """

    file: str
    alarm: Definition
    name: str
    given: Mapping[str, str]
    then: tuple[Expectation, ...]
    begins: int = BEGIN
    seconds_each: int | None = None

    @property
    def ends(self) -> int:
        """The time of the last expectation, in seconds since the epoch."""
        return self.begins + round(MINUTE * max(expected.after for expected in self.then))


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case. ``problems`` is empty if the case holds. ``skipped`` says why it was not run."""

    case: Case
    problems: tuple[str, ...]
    skipped: str = ""


def run_case(case: Case, mutes: Iterable[MuteRule] = ()) -> CaseResult:
    """Run the case by CloudWatch's rules. ``mutes`` are the mute rules of the definitions."""
    try:
        alarm = played_of(case.alarm)
        if isinstance(alarm, UnplayedAlarm):
            return CaseResult(case, (), skipped=alarm.reason)
        if isinstance(alarm, MetricAlarm):
            problems = _run_metric_alarm(case, alarm, mutes)
        else:
            problems = _run_composite(case, alarm, mutes)
    except (DefinitionError, ValueError, KeyError) as error:  # NotationError, an unknown metric
        problems = [str(error)]
    return CaseResult(case, tuple(problems))


def _run_metric_alarm(case: Case, alarm: MetricAlarm, mutes: Iterable[MuteRule]) -> list[str]:
    store = MetricStore()
    units = {watched.metric: watched.unit for watched in watched_values(alarm)}
    if isinstance(alarm.watched, WatchedQuery):
        units = {_read_metric(key, alarm.watched.query.namespace.text): None for key in case.given}
    if case.seconds_each is None and alarm.period < MINUTE:
        return [f"its alarm has a period of {alarm.period} s: seconds_each must say how long each value stands"]
    seconds_each = case.seconds_each or MINUTE
    resolution = MINUTE if seconds_each == MINUTE else 1
    for key, line in case.given.items():
        metric = _find_metric(key, list(units))
        for number, values in enumerate(read_minutes(line)):
            if values:
                at_ms = (case.begins + seconds_each * number) * 1000
                store.add(Datapoint(metric, units[metric] or "None", at_ms, values, resolution))
    transitions = list(AlarmMachine(alarm, store).run(case.begins, case.ends))
    due = [(t.at, t.new) for t in transitions if t.new is not None and alarm.actions.on(t.new)]
    return _compare(case, transitions, _acts(case, alarm.name, due, transitions, mutes))


def _find_metric(key: str, metrics: Sequence[MetricId]) -> MetricId:
    """The metric of ``Name``, ``Name{Service=api, Host=a}`` or ``Namespace Name {…}``. Raises NotationError."""
    found = [m for m in metrics if key in (m.name, str(m)) or _read_metric(key, m.namespace) == m]
    if len(found) != 1:
        raise NotationError(f"{key} is not one of {', '.join(map(str, metrics))}")
    return found[0]


def _read_metric(key: str, namespace: str) -> MetricId:
    """The metric of ``Name{Service=api, Host=a}`` in the namespace."""
    name, _, inside = key.removesuffix("}").partition("{")
    pairs = (part.partition("=") for part in inside.split(",") if part.strip())
    return MetricId.of(namespace, name, {label.strip(): value.strip() for label, _, value in pairs})


def _run_composite(case: Case, alarm: CompositeAlarm, mutes: Iterable[MuteRule]) -> list[str]:
    changes = [t for name, line in case.given.items() for t in _transitions(case.begins, name, expand(line))]
    events = list(CompositeMachine([alarm]).run(changes, case.begins, case.ends))
    transitions = [event for event in events if isinstance(event, Transition)]
    actions = [event for event in events if isinstance(event, ActionsDue)]
    due = [(event.at, event.state) for event in actions if event.suppressed_by is None]
    held_back = {event.at: False for event in actions if event.suppressed_by is not None}
    return _compare(case, transitions, held_back | _acts(case, alarm.name, due, transitions, mutes))


def _acts(
    case: Case,
    name: str,
    due: Sequence[tuple[int, AlarmState]],
    transitions: Sequence[Transition],
    mutes: Iterable[MuteRule],
) -> dict[int, bool]:
    """For each time at which actions were due, whether they ran. Muted actions may run when the muting ends."""
    acts = {at: True for at, _ in due}
    states = [(t.at, t.new) for t in transitions]
    for muted in muted_actions(name, due, states, mutes, end=case.ends + 1):
        acts[muted.at] = False
        if muted.runs_later:
            acts[muted.until] = True
    return acts


def _transitions(begins: int, name: str, states: list[str]) -> Iterator[Transition]:
    old = AlarmState.INSUFFICIENT_DATA
    for minute, text in enumerate(states):
        new = AlarmState(text)
        if new is not old:
            yield Transition(begins + MINUTE * minute, name, old, new, "given")
        old = new


def _compare(case: Case, transitions: Sequence[Transition], acts_at: Mapping[int, bool]) -> list[str]:
    problems = []
    for expected in case.then:
        at = case.begins + round(MINUTE * expected.after)
        last = next((t for t in reversed(transitions) if t.at <= at), None)
        state = last.new if last else AlarmState.INSUFFICIENT_DATA
        after = f"after {expected.after} min"
        if state is not expected.state:
            why = f" ({last.reason})" if last else ""
            problems.append(f"{after}: expected {expected.state}, is {state}{why}")
        acts = next((acts_at[time] for time in sorted(acts_at, reverse=True) if time <= at), False)
        if expected.acts not in (None, acts):
            problems.append(f"{after}: its actions are {'run' if acts else 'not run'}")
    return problems
