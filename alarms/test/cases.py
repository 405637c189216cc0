"""The unit tests of alarms: each case gives series of values, and expects states after some minutes.

What a case gives is prepared once, as a play, and then played with any alarm by CloudWatch's own rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from alarms.alarm_reading import played_of
from alarms.definition_files import Definition, DefinitionError
from alarms.recording import watched_values
from alarms.test.given_series import BEGIN, MINUTE, NO_UNIT, emitted_unit, given_store, read_metric
from alarms.test.notation import expand
from alarms.test.policy_cases import PolicyCase, play_of_policy
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.composite.suppression import ActionsDue
from cloudwatch.metric import MetricId
from cloudwatch.mute.mute_rule import MuteRule
from cloudwatch.mute.muted_actions import muted_actions
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy
from cloudwatch.store import MetricStore


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected state ``after`` a number of minutes. ``acts``: its actions have run; None: that is not compared."""

    after: float
    state: AlarmState
    acts: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test: ``name`` is unique in its ``file``. ``begins`` is in seconds since the epoch.

    The keys of ``given`` are metrics, or for a composite the names of the alarms that it watches. ``equivalent`` are
    the changes of the alarm that its file declares to make no difference (``alarms.test.mutants.equivalents``).
    """

    file: str
    alarm: Definition
    name: str
    given: Mapping[str, str]
    then: tuple[Expectation, ...]
    begins: int = BEGIN
    seconds_each: int | None = None
    equivalent: Mapping[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        return self.alarm

    @property
    def ends(self) -> int:
        """The time of the last expectation, in seconds since the epoch."""
        return self.begins + round(MINUTE * max(expected.after for expected in self.then))


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case. ``problems`` is empty if the case holds. ``skipped`` says why it was not run."""

    case: Case | PolicyCase
    problems: tuple[str, ...]
    skipped: str = ""


class Play(Protocol):
    """A case that is ready to be played with what it tests, or with a mutant of that."""

    @property
    def case(self) -> Case | PolicyCase: ...
    @property
    def tested(self) -> Any: ...
    def problems(self, tested: Any, mutes: Iterable[MuteRule], /) -> list[str]:
        """How the states under ``tested`` differ from what the case expects. Raises NotationError and ValueError."""


def run_case(case: Case | PolicyCase, mutes: Iterable[MuteRule] = ()) -> CaseResult:
    """Run the case by CloudWatch's rules. ``mutes`` are the mute rules of the definitions."""
    try:
        play = play_of(case)
        if isinstance(play, UnplayedAlarm | UnplayedPolicy):
            return CaseResult(case, (), skipped=play.reason)
        return CaseResult(case, tuple(play.problems(play.tested, mutes)))
    except (DefinitionError, ValueError, KeyError) as error:  # NotationError, an unknown metric
        return CaseResult(case, (str(error),))


def play_of(case: Case | PolicyCase) -> Play | UnplayedAlarm | UnplayedPolicy:
    """The case, ready to be played. Raises DefinitionError if AWS would refuse its definition."""
    if isinstance(case, PolicyCase):
        return play_of_policy(case)
    alarm = played_of(case.alarm)
    if isinstance(alarm, UnplayedAlarm):
        return alarm
    return MetricAlarmPlay(case, alarm) if isinstance(alarm, MetricAlarm) else CompositePlay(case, alarm)


@dataclass(frozen=True)
class MetricAlarmPlay:
    """A case of the metric alarm ``tested``. The keys of its series are metrics of that alarm.

    Any alarm may be played with them: one that watches another metric, or another unit, sees no data.
    """

    case: Case
    tested: MetricAlarm

    @cached_property
    def _store(self) -> MetricStore:
        case = self.case
        return given_store(case.given, self._units(), case.begins, case.seconds_each or MINUTE)

    def _units(self) -> dict[MetricId, str]:
        if isinstance(self.tested.watched, WatchedQuery):
            return {read_metric(key, self.tested.watched.query.namespace.text): NO_UNIT for key in self.case.given}
        assumes = self.case.alarm.assumes
        return {watched.metric: emitted_unit(watched, assumes) for watched in watched_values(self.tested)}

    def problems(self, alarm: MetricAlarm, mutes: Iterable[MuteRule]) -> list[str]:
        """How ``alarm`` differs from what the case expects. Raises NotationError."""
        case = self.case
        if case.seconds_each is None and self.tested.period < MINUTE:
            return [
                f"its alarm has a period of {self.tested.period} s: seconds_each must say how long each value stands"
            ]
        transitions = list(AlarmMachine(alarm, self._store).run(case.begins, case.ends))
        due = [(t.at, t.new) for t in transitions if t.new is not None and alarm.actions.on(t.new)]
        return _compare(case, transitions, _acts(case, alarm.name, due, transitions, mutes))


@dataclass(frozen=True)
class CompositePlay:
    """A case of the composite alarm ``tested``."""

    case: Case
    tested: CompositeAlarm

    @cached_property
    def _changes(self) -> list[Transition]:
        case = self.case
        return [t for name, line in case.given.items() for t in _transitions(case.begins, name, expand(line))]

    def problems(self, alarm: CompositeAlarm, mutes: Iterable[MuteRule]) -> list[str]:
        """How ``alarm`` differs from what the case expects. Raises NotationError and ValueError."""
        case = self.case
        events = list(CompositeMachine([alarm]).run(self._changes, case.begins, case.ends))
        transitions = [event for event in events if isinstance(event, Transition)]
        actions = [event for event in events if isinstance(event, ActionsDue) and event.actions]
        due = [(event.at, event.state) for event in actions if event.suppressed_by is None]
        return _compare(case, transitions, _acts(case, alarm.name, due, transitions, mutes))


def _acts(
    case: Case,
    name: str,
    due: Sequence[tuple[int, AlarmState]],
    transitions: Sequence[Transition],
    mutes: Iterable[MuteRule],
) -> dict[int, bool]:
    """Whether the actions of the state have run, at each time at which that changes.

    Each change of the state begins anew. Muted actions may run when the muting ends, and suppressed ones later too.
    """
    states = [(t.at, t.new) for t in transitions]
    acts = {at: False for at, _ in states} | {at: True for at, _ in due}
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
