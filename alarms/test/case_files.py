"""Unit tests of alarms and scaling policies, as files: each case gives series of values, and says what must follow.

A file has the cases of one alarm: its member ``alarm`` says of which, else it has the name of its file. Each alarm of
this project has its file, ``alarms/definitions/tests/NAME.json``. ``given`` holds a series for each metric that the
alarm watches (``Name{Service=api}`` where two metrics have the same name). A metric is published in the unit that the
definition assumes, else in the one that the alarm asks for; ``Latency Seconds`` gives it in another unit. For a
composite, ``given_states`` holds the states of the alarms that it watches. ``then`` holds the expected state after a
number of minutes; ``acts`` also says whether the actions of that state have run: suppressors and mute rules hold
actions back. As a text, ``then`` holds the state after each minute, where ``_`` expects nothing:
``OKx7 ALARMx3 _x5 OK``.

A file with the member ``policy`` has the cases of a scaling policy. ``group`` holds the bounds of the group, the
capacity with which it begins, and its times (the arguments of ScalingGroup); ``then`` holds the capacity after a number
of minutes, or as a text after each minute.

``equivalent`` holds changes of the definition that make no difference, each with the reason, where the definition
itself cannot hold them (``alarms.test.mutants``).

A case begins at 2026-01-01 00:00 UTC, or at its ``begins``: ``2026-03-01T02:30``, or ``2026-03-29T02:30 Europe/Madrid``
on the clock of a time zone. The time matters to mute rules and to windows on the wall clock. Each value of a series is
one of a minute, or of ``seconds_each``. An alarm with a period of less than a minute needs ``seconds_each``.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from alarms.alarm_reading import alarms_that_run, composite_of, played_of
from alarms.definition_files import (
    PLAYED_KINDS,
    ROOT,
    Definition,
    DefinitionError,
    DefinitionKind,
    read_json_object,
)
from alarms.test.cases import Case, Expectation
from alarms.test.given_series import BEGIN, MINUTE
from alarms.test.notation import expand
from alarms.test.policy_cases import GROUP_BOUNDS, GROUP_MEMBERS, CapacityExpectation, PolicyCase
from alarms.wording import suggestion
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.time_zone import read_time_zone

T = TypeVar("T")
ByStem = Mapping[str, Sequence[Definition]]  # by the names of their files, or their own

FOLDER = "alarms/definitions/tests"
SECONDS_EACH = (1, 2, 5, 10, 20, 30, 60)
MINUTES_MAX = 60 * 24 * 35  # of an expectation: more than a wall clock window of several weeks


def read_cases(definitions: Iterable[Definition], root: Path = ROOT) -> list[Case]:
    """All cases of this project's alarms, below ``root``. Raises DefinitionError like ``read_all_cases``."""
    return [case for case in read_all_cases(definitions, root) if isinstance(case, Case)]


def read_all_cases(definitions: Iterable[Definition], root: Path = ROOT) -> list[Case | PolicyCase]:
    """All cases of this project's alarms and scaling policies, below ``root``.

    Raises DefinitionError for an unreadable file, and for an alarm without cases. An alarm that only CloudWatch can
    evaluate needs none.
    """
    known = list(definitions)
    files = {path.relative_to(root).as_posix(): path for path in sorted((root / FOLDER).glob("*.json"))}
    cases = [*_generated_cases(known), *_read_files(files, known)]
    tested = {case.alarm.stem for case in cases if isinstance(case, Case)}
    problems = [
        f"{FOLDER}/{stem}.json is missing: {alarm.file} has no tests"
        for stem, (alarm, *_) in _by_stem(known).items()
        if stem not in tested and not isinstance(played_of(alarm), UnplayedAlarm)
    ]
    if problems:
        raise DefinitionError(problems)
    return cases


def _generated_cases(definitions: Sequence[Definition]) -> Iterator[Case]:
    """The cases that come with the alarms of objectives."""
    for alarm in (each for each in definitions if each.cases):
        yield from _cases({"alarm": alarm.stem, "cases": alarm.cases}, alarm.file, definitions)


def read_case_files(paths: Iterable[Path], definitions: Iterable[Definition]) -> list[Case | PolicyCase]:
    """All cases of the files, and of the JSON files with ``cases`` in the folders.

    Raises DefinitionError for an unreadable file, one whose alarm is not among the definitions, and an empty folder.
    """
    files: dict[str, Path] = {}
    for path in paths:
        found = [each for each in sorted(path.rglob("*.json")) if _may_have_cases(each)] if path.is_dir() else [path]
        if not found:
            raise DefinitionError([f"{path}: has no file of cases; docs/ALARMS.md shows one"])
        files.update({str(each): each for each in found})
    return _read_files(files, list(definitions))


def _may_have_cases(path: Path) -> bool:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return True  # it is named when it is read
    return isinstance(document, dict) and "cases" in document


def _by_stem(definitions: Iterable[Definition], kinds: Collection[DefinitionKind] = PLAYED_KINDS) -> ByStem:
    found: dict[str, list[Definition]] = {}
    for definition in definitions:
        if definition.kind in kinds:
            found.setdefault(definition.stem, []).append(definition)
    return found


def _read_files(files: Mapping[str, Path], definitions: Sequence[Definition]) -> list[Case | PolicyCase]:
    """The cases of files, by the names that messages call them. Raises DefinitionError."""
    cases: list[Case | PolicyCase] = []
    problems: list[str] = []
    for file, path in files.items():
        try:
            document = read_json_object(path, file)
            cases += (_policy_cases if "policy" in document else _cases)(document, file, definitions)
        except DefinitionError as error:
            problems += error.problems
        except KeyError as error:
            problems.append(f"{file}: {error.args[0]} is missing")
        except ValueError as error:
            problems.append(f"{file}: {error}")
        except (TypeError, AttributeError) as error:
            problems.append(f"{file}: is not of the form that docs/ALARMS.md shows: {error}")
    if problems:
        raise DefinitionError(problems)
    return cases


def _cases(document: Mapping[str, Any], file: str, definitions: Sequence[Definition]) -> Iterator[Case]:
    alarms = _by_stem(definitions)
    alarm = _tested(document["alarm"] if "alarm" in document else Path(file).stem, "alarm", alarms)
    for case in _case_objects(document):
        with _named(case):
            yield Case(
                file,
                alarm,
                str(case["name"]),
                _given(case, alarm, alarms),
                _expectations(case["then"], _expectation, lambda after, text: Expectation(after, AlarmState(text))),
                _begins(case),
                _seconds_each(case),
                _equivalent(document),
            )


def _policy_cases(document: Mapping[str, Any], file: str, definitions: Sequence[Definition]) -> Iterator[PolicyCase]:
    policies = _by_stem(definitions, (DefinitionKind.SCALING_POLICY,))
    policy = _tested(document["policy"], "policy", policies)
    for case in _case_objects(document):
        with _named(case):
            yield PolicyCase(
                file,
                policy,
                next(iter(alarms_that_run(policy, definitions)), None),
                str(case["name"]),
                _lines(case["given"], "0x3 7"),
                _group(case["group"]),
                _expectations(case["then"], _capacity, lambda after, text: CapacityExpectation(after, int(text))),
                _begins(case),
                _seconds_each(case),
                _equivalent(document),
            )


def _case_objects(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    cases: Sequence[Mapping[str, Any]] = document["cases"]
    if not cases:
        raise ValueError("it has no cases")
    return cases


@contextmanager
def _named(case: Mapping[str, Any]) -> Iterator[None]:
    """Errors in the case say its name."""
    name = case["name"]
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from error


def _tested(stem: str, noun: str, definitions: ByStem) -> Definition:
    """Raises ValueError if there is none, or several in different files."""
    if stem not in definitions:
        near = suggestion(str(stem), definitions)
        raise ValueError(f'there is no {noun} {stem} among the definitions{near}; "{noun}" says whose cases these are')
    found, *others = definitions[stem]
    if others:
        files = " and ".join(dict.fromkeys(each.file for each in definitions[stem]))
        raise ValueError(f"there are several {noun}s {stem}, in {files}: give the definitions of one environment")
    return found


def _given(case: Mapping[str, Any], alarm: Definition, alarms: ByStem) -> dict[str, str]:
    if alarm.kind is not DefinitionKind.COMPOSITE_ALARM:
        return _lines(case["given"], "0x3 7")
    given = _lines(case["given_states"], "OKx3 ALARM")
    return {_given_alarm(key, alarm, alarms): line for key, line in given.items()}


def _lines(given: Mapping[str, Any], example: str) -> dict[str, str]:
    if wrong := [key for key, line in given.items() if not isinstance(line, str)]:
        raise ValueError(f"{wrong[0]} is not a text like {example}")
    return dict(given)


def _group(group: Mapping[str, Any]) -> dict[str, int]:
    for name, value in group.items():
        if name not in GROUP_MEMBERS or type(value) is not int or value < 0:
            raise ValueError(f"group: {name} is not one of {', '.join(GROUP_MEMBERS)} with a whole number")
    if not group.keys() >= set(GROUP_BOUNDS):
        raise ValueError(f"group: {' and '.join(GROUP_BOUNDS)} are needed")
    return dict(group)


def _expectations(
    then: Any, read: Callable[[Mapping[str, Any]], T], of_minute: Callable[[float, str], T]
) -> tuple[T, ...]:
    """The expectations of a list of objects, or of a text with one for each minute."""
    if isinstance(then, str):
        found = tuple(of_minute(minute, text) for minute, text in enumerate(expand(then), 1) if text != "_")
    else:
        found = tuple(read(each) for each in then)
    if not found:
        raise ValueError("it has no expectation")
    return found


def _capacity(expected: Mapping[str, Any]) -> CapacityExpectation:
    if type(expected["capacity"]) is not int:
        raise ValueError("capacity is not a whole number")
    return CapacityExpectation(_after(expected), expected["capacity"])


def _after(expected: Mapping[str, Any]) -> float:
    after = expected["after"]
    if isinstance(after, bool) or not isinstance(after, int | float) or not 0 < after <= MINUTES_MAX:
        raise ValueError(f"after is not a number of minutes up to {MINUTES_MAX}")
    return after


def _expectation(expected: Mapping[str, Any]) -> Expectation:
    return Expectation(_after(expected), AlarmState(expected["state"]), expected.get("acts"))


def _equivalent(document: Mapping[str, Any]) -> dict[str, str]:
    return _lines(document.get("equivalent", {}), "the reason")


def _begins(case: Mapping[str, Any]) -> int:
    """The full minute of ``begins``, in seconds since the epoch. Raises ValueError."""
    if "begins" not in case:
        return BEGIN
    moment, _, zone = case["begins"].partition(" ")
    local = datetime.fromisoformat(moment).replace(tzinfo=read_time_zone(zone) if zone else UTC)
    return int(local.timestamp()) // MINUTE * MINUTE


def _seconds_each(case: Mapping[str, Any]) -> int | None:
    every: int | None = case.get("seconds_each")
    if every not in (None, *SECONDS_EACH):
        raise ValueError(f"seconds_each is none of {', '.join(map(str, SECONDS_EACH))}")
    return every


def _given_alarm(key: str, composite: Definition, alarms: ByStem) -> str:
    """The name of the alarm, which a rule may watch without having its definition here. Raises ValueError."""
    if key in alarms:
        return alarms[key][0].name
    read = composite_of(composite)
    if isinstance(read, CompositeAlarm) and key in read.watches:
        return key
    raise ValueError(f"there is no alarm {key}{suggestion(key, alarms)}")
