"""Unit tests of alarms, as files: each case gives series of values, and expects states after some minutes.

A file has the cases of one alarm: its member ``alarm`` says of which, else it has the name of its file. Each alarm of
this project has its file, ``alarms/definitions/tests/NAME.json``. ``given`` holds a series for each metric that the
alarm watches (``Name{Service=api}`` where two metrics have the same name). For a composite, ``given_states`` holds the
states of the alarms that it watches. ``then`` holds the expected state after a number of minutes; ``acts`` also says
whether the last actions that were due have run: suppressors and mute rules hold actions back.

A case begins at 2026-01-01 00:00 UTC, or at its ``begins`` (``2026-03-01T02:30``). The time matters to mute rules and
to windows on the wall clock. Each value of a series is one of a minute, or of ``seconds_each``. An alarm with a period
of less than a minute needs ``seconds_each``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alarms.alarm_reading import composite_of, played_of
from alarms.definition_files import (
    PLAYED_KINDS,
    ROOT,
    Definition,
    DefinitionError,
    DefinitionKind,
    read_json_object,
)
from alarms.test.cases import BEGIN, MINUTE, Case, Expectation
from alarms.wording import suggestion
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm

Alarms = Mapping[str, Sequence[Definition]]  # by the names of their files, or their own

FOLDER = "alarms/definitions/tests"
SECONDS_EACH = (1, 2, 5, 10, 20, 30, 60)
MINUTES_MAX = 60 * 24 * 35  # of an expectation: more than a wall clock window of several weeks


def read_cases(definitions: Iterable[Definition], root: Path = ROOT) -> list[Case]:
    """All cases of this project, below ``root``.

    Raises DefinitionError for an unreadable file, and for an alarm without cases. An alarm that only CloudWatch can
    evaluate needs none.
    """
    alarms = _by_stem(definitions)
    cases = list(_generated_cases(alarms))
    cases += _read_files({p.relative_to(root).as_posix(): p for p in sorted((root / FOLDER).glob("*.json"))}, alarms)
    tested = {case.alarm.stem for case in cases}
    problems = [
        f"{FOLDER}/{stem}.json is missing: {alarm.file} has no tests"
        for stem, (alarm, *_) in alarms.items()
        if stem not in tested and not isinstance(played_of(alarm), UnplayedAlarm)
    ]
    if problems:
        raise DefinitionError(problems)
    return cases


def _generated_cases(alarms: Alarms) -> Iterator[Case]:
    """The cases that come with the alarms of objectives."""
    for alarm in (each for group in alarms.values() for each in group if each.cases):
        yield from _cases({"alarm": alarm.stem, "cases": alarm.cases}, alarm.file, alarms)


def read_case_files(paths: Iterable[Path], definitions: Iterable[Definition]) -> list[Case]:
    """All cases of the files, and of the JSON files with ``cases`` in the folders.

    Raises DefinitionError for an unreadable file, one whose alarm is not among the definitions, and an empty folder.
    """
    files: dict[str, Path] = {}
    for path in paths:
        found = [each for each in sorted(path.rglob("*.json")) if _may_have_cases(each)] if path.is_dir() else [path]
        if not found:
            raise DefinitionError([f"{path}: has no file of cases; docs/ALARMS.md shows one"])
        files.update({str(each): each for each in found})
    return _read_files(files, _by_stem(definitions))


def _may_have_cases(path: Path) -> bool:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return True  # it is named when it is read
    return isinstance(document, dict) and "cases" in document


def _by_stem(definitions: Iterable[Definition]) -> Alarms:
    alarms: dict[str, list[Definition]] = {}
    for definition in definitions:
        if definition.kind in PLAYED_KINDS:
            alarms.setdefault(definition.stem, []).append(definition)
    return alarms


def _read_files(files: Mapping[str, Path], alarms: Alarms) -> list[Case]:
    """The cases of files, by the names that messages call them. Raises DefinitionError."""
    cases: list[Case] = []
    problems: list[str] = []
    for file, path in files.items():
        try:
            cases += _cases(read_json_object(path, file), file, alarms)
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


def _cases(document: Mapping[str, Any], file: str, alarms: Alarms) -> Iterator[Case]:
    alarm = _tested_alarm(document["alarm"] if "alarm" in document else Path(file).stem, alarms)
    cases: Sequence[Mapping[str, Any]] = document["cases"]
    if not cases:
        raise ValueError("it has no cases")
    for case in cases:
        name = str(case["name"])
        try:
            given = _given(case, alarm, alarms)
            then = tuple(_expectation(each) for each in case["then"])
            begins = _seconds(case["begins"]) if "begins" in case else BEGIN
            every = case.get("seconds_each")
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{name}: {error}") from error
        if not then:
            raise ValueError(f"{name}: it has no expectation")
        if every not in (None, *SECONDS_EACH):
            raise ValueError(f"{name}: seconds_each is none of {', '.join(map(str, SECONDS_EACH))}")
        yield Case(file, alarm, name, given, then, begins, every)


def _tested_alarm(stem: str, alarms: Alarms) -> Definition:
    """Raises ValueError if there is none, or several in different files."""
    if stem not in alarms:
        near = suggestion(str(stem), alarms)
        raise ValueError(f'there is no alarm {stem} among the definitions{near}; "alarm" says whose cases these are')
    alarm, *others = alarms[stem]
    if others:
        files = " and ".join(dict.fromkeys(each.file for each in alarms[stem]))
        raise ValueError(f"there are several alarms {stem}, in {files}: give the definitions of one environment")
    return alarm


def _given(case: Mapping[str, Any], alarm: Definition, alarms: Alarms) -> dict[str, str]:
    is_composite = alarm.kind is DefinitionKind.COMPOSITE_ALARM
    given: Mapping[str, Any] = case["given_states" if is_composite else "given"]
    if wrong := [key for key, line in given.items() if not isinstance(line, str)]:
        raise ValueError(f"{wrong[0]} is not a text like {'OKx3 ALARM' if is_composite else '0x3 7'}")
    return {_given_alarm(key, alarm, alarms): line for key, line in given.items()} if is_composite else dict(given)


def _expectation(expected: Mapping[str, Any]) -> Expectation:
    after = expected["after"]
    if isinstance(after, bool) or not isinstance(after, int | float) or not 0 < after <= MINUTES_MAX:
        raise ValueError(f"after is not a number of minutes up to {MINUTES_MAX}")
    return Expectation(after, AlarmState(expected["state"]), expected.get("acts"))


def _given_alarm(key: str, composite: Definition, alarms: Alarms) -> str:
    """The name of the alarm, which a rule may watch without having its definition here. Raises ValueError."""
    if key in alarms:
        return alarms[key][0].name
    read = composite_of(composite)
    if isinstance(read, CompositeAlarm) and key in read.watches:
        return key
    raise ValueError(f"there is no alarm {key}{suggestion(key, alarms)}")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // MINUTE * MINUTE
