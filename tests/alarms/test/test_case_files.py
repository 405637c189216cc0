"""Unit tests of anybody's alarms: files that the command line names, without a variable or a file name of ours."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alarms.definition_files import DefinitionError
from alarms.forms.form_reading import read_paths
from alarms.test import __main__ as command
from alarms.test.case_files import read_case_files
from alarms.test.cases import run_case

Json = dict[str, Any]
Run = Callable[..., tuple[int, str, str]]

ALARM: Json = {
    **{"AlarmName": "Shop/checkout errors!", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum"},
    "Dimensions": [{"Name": "Stage", "Value": "prod"}, {"Name": "Service", "Value": "checkout"}],
    **{"Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 4, "Unit": "Count"},
    "ComparisonOperator": "GreaterThanThreshold",
}
FAST: Json = {**ALARM, "AlarmName": "fast", "Period": 10}
COMPOSITE: Json = {"AlarmName": "checkout", "AlarmRule": 'ALARM("Shop/checkout errors!") AND NOT ALARM("deploying")'}
CASE: Json = {
    "name": "fires after two bad minutes of three",
    "given": {"Errors": "0x3 9 0 9"},
    "then": [{"after": 5, "state": "OK"}, {"after": 6, "state": "ALARM"}],
}


def cases_of(alarm: str, *cases: Json) -> Json:
    return {"alarm": alarm, "cases": list(cases)}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    def write(name: str, document: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


@pytest.fixture
def run(write: Callable[[str, Any], Path], capsys: pytest.CaptureFixture[str]) -> Run:
    """The exit code and the output of ``alarms.test`` for these alarms."""

    def run(alarms: Any, *arguments: object) -> tuple[int, str, str]:
        code = command.main([*map(str, arguments), "--definitions", str(write("alarms.json", alarms))])
        return code, *capsys.readouterr()

    return run


def test_the_member_alarm_says_whose_cases_a_file_has(run: Run, write: Any) -> None:
    code, out, err = run([ALARM, FAST], "--cases", write("anything.json", cases_of(ALARM["AlarmName"], CASE)))
    assert (code, err) == (0, "")
    lines = [ALARM["AlarmName"], f"  ✓ {CASE['name']}", "", "without cases: fast", "1 passed, 0 failed"]
    assert out.splitlines() == lines


def test_without_it_a_file_has_the_cases_of_the_alarm_with_its_name(run: Run, write: Any) -> None:
    code, out, _ = run(
        {**ALARM, "AlarmName": "checkout-errors"}, "--cases", write("checkout-errors.json", {"cases": [CASE]})
    )
    assert (code, "1 passed, 0 failed" in out) == (0, True)


def test_a_folder_is_searched_for_files_with_cases(run: Run, write: Any, tmp_path: Path) -> None:
    write("deep/package.json", {"name": "shop"})
    write("deep/one.json", cases_of(ALARM["AlarmName"], CASE))
    write("deep/two.json", cases_of(ALARM["AlarmName"], {**CASE, "name": "again"}))
    code, out, _ = run([ALARM], "--cases", tmp_path)  # with the definitions in it
    assert (code, "2 passed, 0 failed" in out) == (0, True)


def test_a_case_that_does_not_hold_exits_with_1(run: Run, write: Any) -> None:
    wrong = {**CASE, "then": [{"after": 6, "state": "OK"}]}
    code, out, _ = run(ALARM, "--cases", write("a.json", cases_of(ALARM["AlarmName"], wrong)))
    assert code == 1
    assert "after 6 min: expected OK, is ALARM (Threshold Crossed: " in out


KEYS = [
    "Errors",
    "Errors{Stage=prod,Service=checkout}",
    "Errors{Service=checkout, Stage=prod}",
    "Shop Errors {Service=checkout, Stage=prod}",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_metric_is_named_as_people_write_it_and_as_messages_do(run: Run, write: Any, key: str) -> None:
    case = {**CASE, "given": {key: CASE["given"]["Errors"]}}
    code, out, _ = run(ALARM, "--cases", write("a.json", cases_of(ALARM["AlarmName"], case)))
    assert (code, "1 passed" in out) == (0, True)


def test_an_alarm_of_high_resolution_needs_the_time_of_each_value(run: Run, write: Any) -> None:
    fast = {**CASE, "then": [{"after": 0.5, "state": "OK"}, {"after": 1, "state": "ALARM"}]}
    code, out, _ = run(FAST, "--cases", write("a.json", cases_of("fast", fast)))
    assert code == 1
    assert "its alarm has a period of 10 s: seconds_each must say how long each value stands" in out
    code, out, _ = run(FAST, "--cases", write("a.json", cases_of("fast", {**fast, "seconds_each": 10})))
    assert (code, "1 passed" in out) == (0, True)


def test_a_composite_takes_states_of_alarms_that_are_not_among_the_definitions(run: Run, write: Any) -> None:
    then = [{"after": 2, "state": "ALARM"}, {"after": 5, "state": "OK"}]
    given = {ALARM["AlarmName"]: "ALARMx5", "deploying": "OKx3 ALARMx2"}
    case = {"name": "is quiet during a deployment", "given_states": given, "then": then}
    code, out, _ = run([ALARM, COMPOSITE], "--cases", write("a.json", cases_of("checkout", case)))
    assert (code, "1 passed" in out) == (0, True)
    wrong = {**case, "given_states": {"deployng": "OKx3"}}
    code, _, err = run([ALARM, COMPOSITE], "--cases", write("a.json", cases_of("checkout", wrong)))
    assert code == 2
    assert "a.json: is quiet during a deployment: there is no alarm deployng" in err


@pytest.mark.parametrize(("key", "state"), [("Errors", "ALARM"), ("Errors Count", "ALARM"), ("Errors Seconds", "OK")])
def test_a_series_is_in_the_unit_that_the_alarm_asks_for_or_in_the_one_that_its_key_says(
    run: Run, write: Any, key: str, state: str
) -> None:
    quiet = {**ALARM, "TreatMissingData": "notBreaching"}
    case = {"name": "x", "given": {key: "9x3"}, "then": [{"after": 3, "state": state}]}
    code, out, _ = run(quiet, "--cases", write("a.json", cases_of(ALARM["AlarmName"], case)))
    assert (code, "1 passed" in out) == (0, True)


def test_the_states_of_each_minute_are_one_text(run: Run, write: Any) -> None:
    case = {**CASE, "then": "OKx3 _x2 ALARM"}
    code, out, _ = run(ALARM, "--cases", write("a.json", cases_of(ALARM["AlarmName"], case)))
    assert (code, "1 passed" in out) == (0, True)
    code, out, _ = run(ALARM, "--cases", write("a.json", cases_of(ALARM["AlarmName"], {**case, "then": "OKx3 _x2 OK"})))
    assert "after 6 min: expected OK, is ALARM" in out


def test_a_case_may_begin_on_the_clock_of_a_time_zone(write: Any) -> None:
    cases = [{**CASE, "begins": f"2026-03-29T12:30{zone}"} for zone in ("", " UTC", " Europe/Madrid")]
    found = read_case_files([write("a.json", cases_of("fast", *cases))], read_paths([write("alarms.json", [FAST])], {}))
    plain, utc, madrid = (case.begins for case in found)
    assert plain == utc == madrid + 2 * 3_600


POLICY: Json = {
    **{"PolicyName": "grow", "AutoScalingGroupName": "g", "PolicyType": "StepScaling"},
    **{"AdjustmentType": "ChangeInCapacity", "EstimatedInstanceWarmup": 60},
    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}],
}
POLICY_CASE: Json = {
    "name": "adds two at a time",
    "given": {"Errors": "9x6"},
    "group": {"minimum": 1, "maximum": 4},
    "then": [{"after": 1, "capacity": 1}, {"after": 2, "capacity": 3}],
}


def test_a_case_of_a_policy_gives_the_metric_of_its_alarm_and_expects_capacities(run: Run, write: Any) -> None:
    runs_it = {**ALARM, "AlarmActions": ["${policy:grow}"]}
    for then, problem in (
        (POLICY_CASE["then"], ""),
        ("1 3 4x4", ""),
        ("1 3x5", "after 3 min: expected 3 instances, are 4"),
    ):
        document = {"policy": "grow", "cases": [{**POLICY_CASE, "then": then}]}
        code, out, _ = run([runs_it, POLICY], "--cases", write("a.json", document))
        assert (code, problem in out) == (1 if problem else 0, True)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"group": {"minimum": 1}}, "group: minimum and maximum are needed"),
        ({"group": {"minimum": 1, "maximum": "3"}}, "group: maximum is not one of minimum, maximum, desired, "),
        ({"group": {"minimum": 1, "most": 3}}, "group: most is not one of minimum, maximum, desired, "),
        ({"then": [{"after": 1, "capacity": 1.5}]}, "capacity is not a whole number"),
        ({"then": "1 two"}, "invalid literal for int()"),
        ({"then": ""}, "it has no expectation"),
    ],
)
def test_a_wrong_case_of_a_policy_is_named(run: Run, write: Any, changed: Json, text: str) -> None:
    document = {"policy": "grow", "cases": [{**POLICY_CASE, **changed}]}
    code, _, err = run([ALARM, POLICY], "--cases", write("a.json", document))
    assert (code, f"a.json: adds two at a time: {text}" in err) == (2, True)


def test_a_policy_that_is_not_among_the_definitions_is_named(run: Run, write: Any) -> None:
    code, _, err = run([ALARM, POLICY], "--cases", write("a.json", {"policy": "grwo", "cases": [POLICY_CASE]}))
    assert (code, "there is no policy grwo among the definitions; did you mean grow?" in err) == (2, True)


REFUSED: list[tuple[Any, str]] = [
    ({"cases": [CASE]}, 'there is no alarm a among the definitions; "alarm" says whose cases these are'),
    (cases_of("fats", CASE), "there is no alarm fats among the definitions; did you mean fast?"),
    (cases_of("fast"), "it has no cases"),
    ({"alarm": "fast"}, "cases is missing"),
    (cases_of("fast", {"name": "x", "then": []}), "given is missing"),
    (cases_of("fast", {**CASE, "then": []}), "it has no expectation"),
    (cases_of("fast", {**CASE, "then": [{"after": "1", "state": "OK"}]}), "after is not a number of minutes up to "),
    (cases_of("fast", {**CASE, "then": [{"after": 1, "state": "ALARMED"}]}), "'ALARMED' is not a valid AlarmState"),
    (cases_of("fast", {**CASE, "given": {"Errors": 5}}), "Errors is not a text like"),
    (cases_of("fast", {**CASE, "seconds_each": 7}), "seconds_each is none of 1, 2, 5, 10, 20, 30, 60"),
    ({"alarm": "fast", "cases": {"name": CASE}}, "is not of the form that docs/ALARMS.md shows"),
    ([CASE], "not a JSON object"),
    ("{", "Expecting property name"),
]


@pytest.mark.parametrize(("document", "text"), REFUSED)
def test_a_file_that_cannot_be_read_is_named_with_what_is_missing(
    run: Run, write: Any, document: Any, text: str
) -> None:
    code, out, err = run([FAST], "--cases", write("a.json", document))
    assert (code, out) == (2, "")
    assert f"a.json: {text}" in err or f"a.json: {CASE['name']}: {text}" in err


def test_an_alarm_that_two_files_have_is_not_chosen_by_chance(run: Run, write: Any, tmp_path: Path) -> None:
    write("both/staging.json", ALARM)
    write("both/production.json", ALARM)
    cases = write("a.json", cases_of(ALARM["AlarmName"], CASE))
    code = command.main(["--definitions", str(tmp_path / "both"), "--cases", str(cases)])
    assert code == 2
    with pytest.raises(DefinitionError, match=r"several alarms Shop/checkout errors!, in .*production.* and .*staging"):
        read_case_files([cases], read_paths([tmp_path / "both"], {}))


def test_definitions_without_cases_say_what_to_do(run: Run) -> None:
    code, out, err = run(ALARM)
    assert (code, out) == (2, "")
    assert "--definitions needs --cases PATH…" in err


def test_a_folder_without_cases_and_a_missing_file_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, text in ((tmp_path / "empty", "has no file of cases"), (tmp_path / "no.json", "No such file")):
        code, _, err = run(ALARM, "--cases", path)
        assert (code, text in err) == (2, True)


def test_only_the_named_alarms_are_tested(run: Run, write: Any, tmp_path: Path) -> None:
    write("deep/one.json", cases_of(ALARM["AlarmName"], CASE))
    write("deep/two.json", cases_of("fast", {**CASE, "seconds_each": 60}))
    code, out, _ = run([ALARM, FAST], ALARM["AlarmName"], "--cases", tmp_path / "deep")
    assert (code, "1 passed, 0 failed" in out, "fast" in out) == (0, True, False)


JUNK: tuple[Any, ...] = (None, 1, -1.5, "", "x", [], {}, [1], {"a": 1}, True, [[]], 1e400, "0x9999999")


@pytest.mark.parametrize("alarm", ["fast", "checkout"])
def test_a_spoilt_file_gives_messages_and_no_traceback(write: Any, alarm: str) -> None:
    definitions = read_paths([write("alarms.json", [FAST, COMPOSITE, ALARM])], {})
    case = {**CASE, "given_states": {ALARM["AlarmName"]: "OKx3"}, "seconds_each": 10, "begins": "2026-03-01T02:30"}
    random = Random(2)  # each document has one or two values at any depth replaced
    for _ in range(300):
        spoilt: Json = {"document": copy.deepcopy(cases_of(alarm, case))}
        for _ in range(random.randint(1, 2)):
            holder, key = random.choice(list(_places(spoilt)))
            holder[key] = copy.deepcopy(random.choice(JUNK))
        try:
            cases = read_case_files([write("cases.json", spoilt["document"])], definitions)
        except DefinitionError:
            continue
        assert all(isinstance(problem, str) for each in cases for problem in run_case(each).problems)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)
