"""Unit tests of alarms, as files: each case gives series of values, and expects states after some minutes.

Each alarm has one file, ``alarms/definitions/tests/NAME.json``. ``given`` holds a series for each metric that the alarm
watches (``Name{Service=api}`` where two metrics have the same name). For a composite, ``given_states`` holds the states
of the alarms that it watches. ``then`` holds the expected state after a number of minutes; ``acts`` also says whether
the last actions that were due have run: suppressors and mute rules hold actions back.

A case begins at 2026-01-01 00:00 UTC, or at its ``begins`` (``2026-03-01T02:30``). The time matters to mute rules and
to windows on the wall clock. Each value of a series is one of a minute, or of ``seconds_each`` for an alarm of high
resolution.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alarms.alarm_reading import alarm_of, composite_of
from alarms.definition_files import PLAYED_KINDS, ROOT, Definition, DefinitionError, DefinitionKind
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

FOLDER = "alarms/definitions/tests"
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
    """One test: ``name`` is unique in its ``file``. ``begins`` is in seconds since the epoch."""

    file: str
    alarm: Definition
    name: str
    given: Mapping[str, str]
    then: tuple[Expectation, ...]
    begins: int = BEGIN
    seconds_each: int = MINUTE

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


def read_cases(definitions: Iterable[Definition], root: Path = ROOT) -> list[Case]:
    """All cases below ``root``.

    Raises DefinitionError for an unreadable file, and for an alarm without a file. An alarm that only CloudWatch can
    evaluate needs no file.
    """
    alarms = {d.stem: d for d in definitions if d.kind in PLAYED_KINDS}
    files = {path.stem: path for path in sorted((root / FOLDER).glob("*.json"))}
    problems = [
        f"{FOLDER}/{stem}.json is missing: {alarm.file} has no tests"
        for stem, alarm in alarms.items()
        if stem not in files and not isinstance(_alarm(alarm), UnplayedAlarm)
    ]
    problems += [f"{FOLDER}/{stem}.json: there is no alarm {stem}" for stem in files if stem not in alarms]
    cases: list[Case] = []
    for stem in sorted(alarms.keys() & files.keys()):
        try:
            cases += _read_file(files[stem], alarms[stem], alarms.keys())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            problems.append(f"{FOLDER}/{stem}.json: {error!r}")
    if problems:
        raise DefinitionError(problems)
    return cases


def _read_file(path: Path, alarm: Definition, stems: Collection[str]) -> Iterator[Case]:
    is_composite = alarm.kind is DefinitionKind.COMPOSITE_ALARM
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    if not cases:
        raise ValueError("it has no cases")
    for case in cases:
        given = case["given_states" if is_composite else "given"]
        then = tuple(Expectation(e["after"], AlarmState(e["state"]), e.get("acts")) for e in case["then"])
        if not then:
            raise ValueError(f"{case['name']}: it has no expectation")
        if is_composite and (unknown := given.keys() - stems):
            raise ValueError(f"{case['name']}: there is no alarm {', '.join(sorted(unknown))}")
        begins = _seconds(case["begins"]) if "begins" in case else BEGIN
        every = int(case.get("seconds_each", MINUTE))
        if MINUTE % every:
            raise ValueError(f"{case['name']}: seconds_each must divide a minute")
        yield Case(f"{FOLDER}/{path.name}", alarm, case["name"], given, then, begins, every)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // MINUTE * MINUTE


def run_case(case: Case, prefix: str, mutes: Iterable[MuteRule] = ()) -> CaseResult:
    """Run the case by CloudWatch's rules. ``mutes`` are the mute rules of the definitions."""
    try:
        alarm = _alarm(case.alarm)
        if isinstance(alarm, UnplayedAlarm):
            return CaseResult(case, (), skipped=alarm.reason)
        if isinstance(alarm, MetricAlarm):
            problems = _run_metric_alarm(case, alarm, mutes)
        else:
            problems = _run_composite(case, alarm, prefix, mutes)
    except (DefinitionError, ValueError, KeyError) as error:  # NotationError, an unknown metric
        problems = [str(error)]
    return CaseResult(case, tuple(problems))


def _alarm(definition: Definition) -> MetricAlarm | CompositeAlarm | UnplayedAlarm:
    return alarm_of(definition) if definition.kind is DefinitionKind.METRIC_ALARM else composite_of(definition)


def _run_metric_alarm(case: Case, alarm: MetricAlarm, mutes: Iterable[MuteRule]) -> list[str]:
    store = MetricStore()
    units = {watched.metric: watched.unit for watched in watched_values(alarm)}
    if isinstance(alarm.watched, WatchedQuery):
        units = {_selected_metric(key, alarm.watched): None for key in case.given}
    resolution = MINUTE if case.seconds_each == MINUTE else 1
    for key, line in case.given.items():
        metric = _find_metric(key, list(units))
        for number, values in enumerate(read_minutes(line)):
            if values:
                at_ms = (case.begins + case.seconds_each * number) * 1000
                store.add(Datapoint(metric, units[metric] or "None", at_ms, values, resolution))
    transitions = list(AlarmMachine(alarm, store).run(case.begins, case.ends))
    due = [(t.at, t.new) for t in transitions if t.new is not None and alarm.actions.on(t.new)]
    return _compare(case, transitions, _acts(case, alarm.name, due, transitions, mutes))


def _find_metric(key: str, metrics: Sequence[MetricId]) -> MetricId:
    found = [m for m in metrics if key in (m.name, f"{m.name}{{{', '.join(f'{k}={v}' for k, v in m.dimensions)}}}")]
    if len(found) != 1:
        raise NotationError(f"{key} is not one of {', '.join(map(str, metrics))}")
    return found[0]


def _selected_metric(key: str, watched: WatchedQuery) -> MetricId:
    """The metric of ``Name{Service=api, Host=a}`` in the namespace of the query."""
    name, _, inside = key.removesuffix("}").partition("{")
    pairs = (part.partition("=") for part in inside.split(",") if part.strip())
    return MetricId.of(watched.query.namespace.text, name, {label.strip(): value.strip() for label, _, value in pairs})


def _run_composite(case: Case, alarm: CompositeAlarm, prefix: str, mutes: Iterable[MuteRule]) -> list[str]:
    changes = [
        t for name, line in case.given.items() for t in _transitions(case.begins, f"{prefix}-{name}", expand(line))
    ]
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
