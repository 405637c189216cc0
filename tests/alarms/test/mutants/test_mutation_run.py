"""The mutants of anybody's definitions: what survives is listed by file and key, and a false declaration is found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alarms.test import __main__ as command

Json = dict[str, Any]
Run = Callable[..., tuple[int, list[str]]]

ALARM: Json = {
    **{"AlarmName": "errors", "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Maximum", "Period": 60},
    **{"EvaluationPeriods": 1, "Threshold": 4, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": ["arn:x"]},
}
CASE: Json = {
    "name": "fires above four, in whatever minute",
    "given": {"Errors": "4 [0 4+] _x3 4.0039 [3 3]"},
    "then": [
        {"after": 1, "state": "OK"},
        {"after": 1.5, "state": "OK"},
        {"after": 2, "state": "ALARM", "acts": True},
        {"after": 5, "state": "INSUFFICIENT_DATA"},
        {"after": 6, "state": "ALARM"},
        {"after": 7, "state": "OK"},
    ],
}
COMPOSITE: Json = {"AlarmName": "page", "AlarmRule": "ALARM(errors) OR ALARM(late)", "AlarmActions": ["arn:x"]}
MUTE: Json = {
    "Name": "night",
    "Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT4H", "Timezone": "Europe/Madrid"}},
    "MuteTargets": {"AlarmNames": ["page"]},
}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The exit code and the lines of ``alarms.test --mutants`` for these definitions and documents of cases."""

    def run(definitions: list[Json], cases: list[Json], *options: str) -> tuple[int, list[str]]:
        (tmp_path / "alarms.json").write_text(json.dumps(definitions))
        folder = tmp_path / "cases"
        folder.mkdir(exist_ok=True)
        for number, document in enumerate(cases):
            (folder / f"{number}.json").write_text(json.dumps(document))
        paths = ("--definitions", str(tmp_path / "alarms.json"), "--cases", str(folder))
        code = command.main(["--mutants", *options, *paths])
        printed = capsys.readouterr()
        lines = (printed.out + printed.err).replace(f"{tmp_path}/", "")
        return code, lines.splitlines()

    return run


def survivors(lines: list[str]) -> list[str]:
    return [line.removesuffix(": survives").split(": ", 1)[1] for line in lines if line.endswith(": survives")]


def test_good_cases_kill_every_mutant(run: Run) -> None:
    code, lines = run([ALARM], [{"alarm": "errors", "cases": [CASE]}])
    assert (code, survivors(lines)) == (0, [])
    assert lines[-1].endswith(" killed, 0 declared equivalent, 0 survived")


def test_survivors_are_listed_by_file_and_key(run: Run) -> None:
    weak = {**CASE, "given": {"Errors": "9"}, "then": [{"after": 1, "state": "ALARM"}]}
    code, lines = run([ALARM], [{"alarm": "errors", "cases": [weak]}])
    assert code == 1
    assert "alarms.json: [0].Threshold: 4 -> 8: survives" in lines
    assert any("AlarmActions: ['arn:x'] -> none" in line for line in survivors(lines))


def test_an_alarm_without_cases_is_one_line(run: Run) -> None:
    code, lines = run([ALARM, {**ALARM, "AlarmName": "other"}], [{"alarm": "errors", "cases": [CASE]}])
    assert code == 1
    assert [line for line in lines if "other has no cases, so all " in line] == lines[:-1]


def test_a_case_that_does_not_hold_is_reported_and_kills_nothing(run: Run) -> None:
    wrong = {**CASE, "then": [{"after": 1, "state": "ALARM"}]}
    code, lines = run([ALARM], [{"alarm": "errors", "cases": [wrong]}])
    assert code == 1
    assert "after 1 min: expected ALARM, is OK" in "\n".join(lines)
    assert lines[-1] == "A case that does not hold would notice everything: no mutant was played."


RATE: Json = {
    **{"AlarmName": "rate", "EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold"},
    "Metrics": [
        {
            "Id": "m",
            "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Errors"}, "Period": 60, "Stat": "Maximum"},
            "ReturnData": False,
        },
        {"Id": "e", "Expression": "IF(m > 3, m, 0)"},
    ],
}
RATE_CASE: Json = {"name": "fires above five", "given": {"Errors": "5 5+ _x4 5.0049 0"}, "then": "OK ALARM"}
SMALL = "Metrics[1].Expression: IF(m > 3, m, 0) -> IF(m > 3, m, 1)"


def rate_cases(**declared: str) -> list[Json]:
    return [{"alarm": "rate", "equivalent": declared, "cases": [RATE_CASE]}]


def test_an_equivalent_is_declared_in_the_file_of_cases_and_is_no_survivor(run: Run) -> None:
    _, before = run([RATE], rate_cases())
    _, after = run([RATE], rate_cases(**{SMALL: "1 is below 5, like 0"}), "--equivalents")
    assert set(survivors(before)) - set(survivors(after)) == {f"[0].{SMALL}"}
    assert "1 declared equivalent" in after[-1]


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("Threshold: 5 -> 4.995", "is declared equivalent, and is noticed by: fires above five"),
        ("Threshold: 6 -> 5", "is declared equivalent, and is no mutant"),
    ],
)
def test_a_declaration_that_is_not_true_is_an_error(run: Run, declared: str, text: str) -> None:
    code, lines = run([RATE], rate_cases(**{declared: "because"}))
    assert code == 1
    assert any(line.endswith(f"{declared}: {text}") for line in lines)


def test_a_declared_mutant_that_no_case_notices_must_agree_over_random_series(run: Run) -> None:
    large = "Metrics[1].Expression: IF(m > 3, m, 0) -> IF(m > 6, m, 0)"
    cases = [{"alarm": "rate", "equivalent": {large: "a guess"}, "cases": [{**RATE_CASE, "then": "OK"}]}]
    _, lines = run([RATE], cases)
    assert not any(large in line for line in lines)
    code, lines = run([RATE], cases, "--equivalents")
    assert code == 1
    assert any(f"{large}: is declared equivalent, and differs: " in line for line in lines)


def test_a_mute_rule_is_tested_by_the_cases_of_its_alarms(run: Run) -> None:
    def muted(begins: str, acts: bool) -> Json:
        then = [{"after": 0.5, "state": "ALARM", "acts": acts}]
        return {"name": begins, "begins": begins, "given_states": {"errors": "ALARMx2"}, "then": then}

    times = {"2026-07-02T01:59": True, "2026-07-02T02:00": False, "2026-07-02T05:59": False, "2026-07-02T06:00": True}
    cases = [muted(f"{begins} Europe/Madrid", acts) for begins, acts in times.items()]
    _, lines = run([COMPOSITE, MUTE], [{"alarm": "page", "cases": cases}], "night")
    assert lines == ["16 mutants: 16 killed, 0 declared equivalent, 0 survived"]
    _, lines = run([COMPOSITE, MUTE], [{"alarm": "page", "cases": cases[1:2]}], "night")
    assert "[1].Rule.Schedule.Duration: PT4H -> PT480M" in survivors(lines)


def test_json_has_one_entry_for_each_definition(run: Run) -> None:
    code, lines = run([ALARM], [{"alarm": "errors", "cases": [CASE]}], "--json")
    (entry,) = json.loads("\n".join(lines))
    assert (code, entry["name"], entry["survivors"], entry["wrong"]) == (0, "errors", [], [])
    assert entry["killed"] == entry["mutants"] > 20
