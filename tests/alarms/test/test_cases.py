"""The unit tests of the alarms hold, are complete, and fail when something is wrong."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from alarms.definition_files import ROOT, Definition, DefinitionError, DefinitionKind, read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from alarms.replay import watched_metrics
from alarms.test import __main__ as command
from alarms.test.case_files import FOLDER, read_all_cases, read_cases
from alarms.test.cases import Case, Expectation, run_case
from alarms.test.given_series import BEGIN
from alarms.test.notation import expand, read_minutes
from alarms.test.policy_cases import PolicyCase
from cloudwatch.alarm.state import AlarmState
from cloudwatch.mute.mute_rule import MuteRule, read_mute_rule
from tests.cloudwatch.alarm.played import played_alarm

DEFINITIONS = read_definitions(read_variables(EXAMPLE))
ALL_CASES = read_all_cases(DEFINITIONS)
CASES = [case for case in ALL_CASES if isinstance(case, Case)]
ALARMS = sorted({case.alarm.stem for case in CASES})


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{case.definition.stem} {case.name}")
def test_every_case_holds(case: Case | PolicyCase) -> None:
    assert run_case(case).problems == ()


def fires(case: Case) -> bool:
    """Whether the case reaches ALARM; for a composite, with its actions."""
    return any(e.state is AlarmState.ALARM and e.acts is not False for e in case.then)


def does_not_fire(case: Case) -> bool:
    """Whether the case never fires although something is published."""
    return not fires(case) and any(set(expand(line)) - {"_", "INSUFFICIENT_DATA"} for line in case.given.values())


def misses_data(case: Case) -> bool:
    """Whether at least one metric or child of the alarm has no data at the end of the case."""
    if case.alarm.kind is DefinitionKind.COMPOSITE_ALARM:
        return any("INSUFFICIENT_DATA" in expand(line) for line in case.given.values())
    watched = len(watched_metrics(played_alarm(case.alarm.parameters)))
    minutes = [read_minutes(line) for line in case.given.values()]
    last = max(e.after for e in case.then)
    return len(minutes) < watched or any(not all(each[: round(last)]) or len(each) < last for each in minutes)


@pytest.mark.parametrize("stem", ALARMS)
def test_every_alarm_has_a_case_that_fires_one_that_does_not_and_one_about_missing_data(stem: str) -> None:
    cases = [case for case in CASES if case.alarm.stem == stem]
    chosen = [[case.name for case in cases if is_one(case)] for is_one in (fires, does_not_fire, misses_data)]
    assert any(len(set(three)) == 3 for three in product(*chosen)), chosen


def test_the_cases_of_an_alarm_have_different_names() -> None:
    assert len({(case.alarm.stem, case.name) for case in CASES}) == len(CASES)


def case_of(stem: str, name: str) -> Case:
    return next(case for case in CASES if case.alarm.stem == stem and case.name.startswith(name))


FIRES = case_of("dead-letters", "fires within")
PAGES = case_of("uploads-published-page", "fires when both fast")
QUIET = case_of("uploads-published-page", "is held back while")


def test_a_wrong_expectation_is_reported_with_the_state_and_its_reason() -> None:
    (problem,) = run_case(replace(FIRES, then=(Expectation(7, AlarmState.OK),))).problems
    assert problem.startswith("after 7 min: expected OK, is ALARM (Threshold Crossed: ")


def test_a_state_before_the_first_change_is_compared_too() -> None:
    (problem,) = run_case(replace(FIRES, given={}, then=(Expectation(1, AlarmState.ALARM),))).problems
    assert problem.startswith("after 1 min: expected ALARM, is ")


@pytest.mark.parametrize(("acts", "text"), [(True, "not run"), (False, "run")])
def test_a_wrong_expectation_about_actions_is_reported(acts: bool, text: str) -> None:
    case = QUIET if acts else PAGES
    (problem,) = run_case(replace(case, then=(Expectation(10, AlarmState.ALARM, acts),))).problems
    assert problem == f"after 10 min: its actions are {text}"


def mute(stem: str, expression: str, duration: str) -> MuteRule:
    rule = {"Schedule": {"Expression": expression, "Duration": duration}}
    return read_mute_rule({"Name": "night", "Rule": rule, "MuteTargets": {"AlarmNames": [f"anb-{stem}"]}})


def test_a_mute_rule_holds_the_actions_back_and_lets_them_run_afterwards() -> None:
    then = (Expectation(10, AlarmState.ALARM, acts=False), Expectation(60, AlarmState.ALARM, acts=True))
    night = mute("uploads-published-page", "at(2026-01-01T00:00)", "PT1H")
    unended = {name: states.removesuffix(" OKx6") for name, states in PAGES.given.items()}
    assert run_case(replace(PAGES, given=unended, then=then), [night]).problems == ()
    assert run_case(replace(PAGES, given=unended, then=then[:1])).problems == ("after 10 min: its actions are run",)


def test_a_case_may_begin_at_another_time() -> None:
    sundays = mute("uploads-published-page", "cron(0 2 * * SUN)", "PT4H")
    muted = replace(PAGES, begins=BEGIN + 3 * 86_400 + 2 * 3_600)  # Sunday, 4 January 2026, 02:00
    then = (Expectation(10, AlarmState.ALARM, acts=False),)
    assert run_case(replace(muted, then=then), [sundays]).problems == ()
    assert run_case(replace(PAGES, then=then), [sundays]).problems != ()


def test_an_alarm_with_a_unit_reads_the_given_series() -> None:
    alarm = replace(FIRES.alarm, parameters={**FIRES.alarm.parameters, "Unit": "Count"})
    assert run_case(replace(FIRES, alarm=alarm)).problems == ()


def test_an_alarm_of_high_resolution_is_tested_with_values_of_seconds() -> None:
    alarm = replace(FIRES.alarm, parameters={**FIRES.alarm.parameters, "Period": 10})
    fast = replace(FIRES, alarm=alarm, given={"DeadLetterDepth": "0x3 9x3"}, seconds_each=10)
    then = (Expectation(0.5, AlarmState.OK), Expectation(1, AlarmState.ALARM))
    assert run_case(replace(fast, then=then)).problems == ()


def test_an_unknown_metric_is_reported_with_the_known_ones() -> None:
    (problem,) = run_case(replace(FIRES, given={"DeadLetters": "0x9"})).problems
    assert problem == "DeadLetters is not one of ANB/RisingStars DeadLetterDepth {Service=worker}"


def test_a_name_that_two_metrics_have_needs_the_dimensions() -> None:
    case = replace(case_of("records-dropped", "fires"), given={"RecordsDropped": "0x9"})
    (problem,) = run_case(case).problems
    assert problem.startswith("RecordsDropped is not one of ")
    assert all(f"RecordsDropped {{Service={service}}}" in problem for service in ("api", "worker"))


def test_a_series_that_cannot_be_read_is_quoted() -> None:
    assert run_case(replace(FIRES, given={"DeadLetterDepth": "0x5 one"})).problems == (
        "'one' is neither a value, _ nor […]",
    )


@pytest.mark.parametrize("case", [QUIET, FIRES], ids=["composite", "metric alarm"])
def test_an_unknown_name_or_state_does_not_pass_silently(case: Case) -> None:
    wrong = replace(case, given={next(iter(case.given)): "ALARMEDx9"})
    assert "ALARMED" in run_case(wrong).problems[0]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    return tmp_path


def test_an_alarm_without_a_file_is_named(copy: Path, definitions: list[Definition]) -> None:
    (copy / FOLDER / "dead-letters.json").unlink()
    with pytest.raises(DefinitionError) as caught:
        read_cases(definitions, copy)
    assert caught.value.problems == [
        "alarms/definitions/tests/dead-letters.json is missing: "
        "alarms/definitions/metric_alarms/dead-letters.json has no tests"
    ]


def test_a_file_without_an_alarm_is_named(copy: Path, definitions: list[Definition]) -> None:
    (copy / FOLDER / "dead-leters.json").write_text('{"cases": []}')
    with pytest.raises(
        DefinitionError, match=r"alarms/definitions/tests/dead-leters\.json: there is no alarm dead-leters"
    ):
        read_cases(definitions, copy)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"cases": [{"name": "x"}]}',
        '{"cases": [{"name": "x", "given": {}, "then": [{"after": 1, "state": "ALARMED"}]}]}',
        '{"cases": [{"name": "x", "given": {}, "then": []}]}',
        '{"cases": []}',
        '{"cases": [{"given": {}, "then": [{"after": 1, "state": "OK"}]}]}',
    ],
)
def test_an_unreadable_file_is_named(copy: Path, definitions: list[Definition], text: str) -> None:
    (copy / FOLDER / "dead-letters.json").write_text(text)
    with pytest.raises(DefinitionError, match=r"^alarms/definitions/tests/dead-letters\.json: "):
        read_cases(definitions, copy)


def test_a_folder_with_the_name_of_a_file_is_named(copy: Path, definitions: list[Definition]) -> None:
    (copy / FOLDER / "dead-letters.json").unlink()
    (copy / FOLDER / "dead-letters.json").mkdir()
    with pytest.raises(DefinitionError, match=r"^alarms/definitions/tests/dead-letters\.json: "):
        read_cases(definitions, copy)


def test_a_case_of_a_composite_with_the_state_of_an_unknown_alarm_is_named(
    copy: Path, definitions: list[Definition]
) -> None:
    path = copy / FOLDER / "workers-down.json"
    path.write_text(path.read_text().replace('"queue-depth-high"', '"queue-deep-high"'))
    with pytest.raises(DefinitionError, match=r"workers-down\.json: .*there is no alarm queue-deep-high"):
        read_cases(definitions, copy)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = command.main(arguments)
        return code, *capsys.readouterr()

    return run


def with_variables(tmp_path: Path, **changed: Any) -> str:
    path = tmp_path / "variables.json"
    path.write_text(json.dumps({**read_variables(EXAMPLE), **changed}))
    return str(path)


def test_the_command_exits_with_0_when_every_case_holds(run: Run) -> None:
    code, out, err = run("--variables", str(EXAMPLE))
    assert (code, err) == (0, "")
    assert f"{len(ALL_CASES)} passed, 0 failed" in out
    assert "  ✓ fires within two minutes of the first dead letter" in out


def test_the_command_runs_only_the_named_alarms(run: Run) -> None:
    code, out, _ = run("dead-letters", "workers-down")
    chosen = [case for case in CASES if case.alarm.stem in ("dead-letters", "workers-down")]
    assert code == 0
    assert f"{len(chosen)} passed, 0 failed" in out


def test_the_command_exits_with_1_and_prints_the_case_that_failed(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--variables", with_variables(tmp_path, DB_CONNECTIONS_HIGH=500), "database-connections")
    assert code == 1
    assert "  ✗ fires when nine of ten connections are taken" in out
    assert "after 11 min: expected ALARM, is OK" in out
    assert "  ✓ does not fire below" in out


def test_the_command_prints_one_json_document(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--json", "--variables", with_variables(tmp_path, DB_CONNECTIONS_HIGH=500))
    members = {(each["alarm"], each["name"]): each["problems"] for each in json.loads(out)}
    assert code == 1
    assert len(members) == len(ALL_CASES)
    failed = {alarm for (alarm, _), problems in members.items() if problems}
    assert failed == {"anb-database-connections"}


def test_the_command_exits_with_2_for_an_unknown_alarm(run: Run) -> None:
    code, _, err = run("dead-leters")
    assert code == 2
    assert "there is no alarm dead-leters" in err


def test_the_command_exits_with_2_for_unreadable_definitions(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.write_text('{"PREFIX": "anb"}')
    code, _, err = run("--variables", str(path))
    assert code == 2
    assert "put_metric_alarm.Threshold: ${DB_CONNECTIONS_HIGH} is not set" in err


def test_the_help_explains_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["--help"])
    assert caught.value.code == 0
    assert "exit codes:" in capsys.readouterr().out
