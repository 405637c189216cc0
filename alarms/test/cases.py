"""Unit tests of alarms, as files: series in, expected states at times.

One file for each alarm, ``alarms/definitions/tests/NAME.json``. ``given`` names the metrics that the alarm watches
(with ``{Service=api}`` where two have one name), ``given_states`` the alarms that a composite watches; ``then`` says
the state after so many minutes. For a composite, ``acts`` says whether its actions have run or were suppressed.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarms.definition_files import ROOT, Definition, DefinitionError, DefinitionKind
from alarms.replay import watched_metrics
from alarms.test.notation import NotationError, expand, read_minutes
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.composite.suppression import ActionsDue
from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.store import MetricStore

FOLDER = "alarms/definitions/tests"
BEGIN = 1_767_225_600  # 2026-01-01 00:00 UTC: every period is aligned to it
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Expectation:
    """The state ``after`` so many minutes; ``acts`` None: not asked."""

    after: int
    state: AlarmState
    acts: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``file`` and ``name`` say which."""

    file: str
    alarm: Definition
    name: str
    given: Mapping[str, str]
    then: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case ended: ``problems`` is empty if it holds."""

    case: Case
    problems: tuple[str, ...]


def read_cases(definitions: Iterable[Definition], root: Path = ROOT) -> list[Case]:
    """All cases below ``root``. Raises DefinitionError for a file that cannot be read, or an alarm without a file."""
    alarms = {d.stem: d for d in definitions if d.kind in (DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM)}
    files = {path.stem: path for path in sorted((root / FOLDER).glob("*.json"))}
    problems = [
        f"{FOLDER}/{stem}.json is missing: {alarms[stem].file} has no tests" for stem in alarms if stem not in files
    ]
    problems += [f"{FOLDER}/{stem}.json: there is no alarm {stem}" for stem in files if stem not in alarms]
    cases: list[Case] = []
    for stem in sorted(alarms.keys() & files.keys()):
        try:
            cases += _read_file(files[stem], alarms[stem], alarms.keys())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems.append(f"{FOLDER}/{stem}.json: {error!r}")
    if problems:
        raise DefinitionError(problems)
    return cases


def _read_file(path: Path, alarm: Definition, stems: Collection[str]) -> Iterator[Case]:
    cases = json.loads(path.read_text())["cases"]
    if not cases:
        raise ValueError("it has no case")
    for case in cases:
        yield _read_case(f"{FOLDER}/{path.name}", case, alarm, stems)


def _read_case(file: str, case: Mapping[str, Any], alarm: Definition, stems: Collection[str]) -> Case:
    given = case["given" if alarm.kind is DefinitionKind.METRIC_ALARM else "given_states"]
    then = tuple(Expectation(e["after"], AlarmState(e["state"]), e.get("acts")) for e in case["then"])
    if not then:
        raise ValueError(f"{case['name']}: it expects nothing")
    if alarm.kind is DefinitionKind.COMPOSITE_ALARM and (unknown := given.keys() - stems):
        raise ValueError(f"{case['name']}: there is no alarm {', '.join(sorted(unknown))}")
    return Case(file, alarm, case["name"], given, then)


def run_case(case: Case, prefix: str) -> CaseResult:
    """Play the case with CloudWatch's rules."""
    try:
        problems = (
            _run_metric_alarm(case) if case.alarm.kind is DefinitionKind.METRIC_ALARM else _run_composite(case, prefix)
        )
    except (ValueError, KeyError) as error:  # NotationError, ParametersRefused, an unknown metric
        problems = [str(error)]
    return CaseResult(case, tuple(problems))


def _run_metric_alarm(case: Case) -> list[str]:
    alarm = MetricAlarm.from_api(case.alarm.parameters)
    machine = AlarmMachine(alarm, _store(case.given, watched_metrics(alarm)))
    end = BEGIN + MINUTE * max(e.after for e in case.then)
    return _compare(case.then, list(machine.run(BEGIN, end)), {})


def _store(given: Mapping[str, str], metrics: Sequence[MetricId]) -> MetricStore:
    store = MetricStore()
    for key, line in given.items():
        metric = _named(key, metrics)
        for minute, values in enumerate(read_minutes(line)):
            if values:
                store.add(Datapoint(metric, "None", (BEGIN + MINUTE * minute) * 1000, values))
    return store


def _named(key: str, metrics: Sequence[MetricId]) -> MetricId:
    found = [m for m in metrics if key in (m.name, f"{m.name}{{{', '.join(f'{k}={v}' for k, v in m.dimensions)}}}")]
    if len(found) != 1:
        raise NotationError(f"{key} is not one of {', '.join(map(str, metrics))}")
    return found[0]


def _run_composite(case: Case, prefix: str) -> list[str]:
    alarm = CompositeAlarm.from_api(case.alarm.parameters)
    changes = [c for name, line in case.given.items() for c in _changes(f"{prefix}-{name}", expand(line))]
    events = CompositeMachine([alarm]).run(changes, BEGIN, BEGIN + MINUTE * max(e.after for e in case.then))
    transitions: list[Transition] = []
    acting: dict[int, bool] = {}
    for event in events:
        if isinstance(event, Transition):
            transitions.append(event)
        elif isinstance(event, ActionsDue):
            acting[event.at] = event.suppressed_by is None
    return _compare(case.then, transitions, acting)


def _changes(name: str, states: list[str]) -> Iterator[Transition]:
    old = AlarmState.INSUFFICIENT_DATA
    for minute, text in enumerate(states):
        new = AlarmState(text)
        if new is not old:
            yield Transition(BEGIN + MINUTE * minute, name, old, new, "given")
        old = new


def _compare(then: Iterable[Expectation], transitions: list[Transition], acting: Mapping[int, bool]) -> list[str]:
    problems = []
    for expected in then:
        at = BEGIN + MINUTE * expected.after
        last = next((t for t in reversed(transitions) if t.at <= at), None)
        state = last.new if last else AlarmState.INSUFFICIENT_DATA
        if state is not expected.state:
            why = f" ({last.reason})" if last else ""
            problems.append(f"after {expected.after} min: expected {expected.state}, is {state}{why}")
        acts = next((value for time, value in reversed(list(acting.items())) if time <= at), False)
        if expected.acts not in (None, acts):
            problems.append(f"after {expected.after} min: its actions are {'run' if acts else 'held back'}")
    return problems
