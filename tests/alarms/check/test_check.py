"""``alarms.check`` prints the problems of the definitions and of recorded logs, one a line."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from alarms.check import __main__ as check
from alarms.check.log_check import PROBLEMS_MAX
from alarms.definition_files import read_variables
from alarms.options import EXAMPLE
from telemetry.catalogue import RECORD_KINDS, ROUTES
from tests.alarms.emf_log import document, job, queue, request, write_log

Run = Callable[..., tuple[int, str, str]]
LogProblems = Callable[..., list[str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = check.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def log_problems(run: Run, tmp_path: Path) -> LogProblems:
    """The problems of a log with these records, without the name of the log."""

    def problems(*records: Mapping[str, Any] | str) -> list[str]:
        log = write_log(tmp_path / "emf.log", records)
        code, out, _ = run("--json", "--variables", EXAMPLE, "--logs", log)
        errors = [error for error in json.loads(out)["errors"] if error["file"] == str(log)]
        found = [": ".join(filter(None, (error["place"], error["text"]))) for error in errors]
        assert code == (1 if found else 0)
        return found

    return problems


def test_definitions_without_problems_exit_with_0(run: Run) -> None:
    code, out, err = run("--variables", EXAMPLE)
    assert (code, err) == (0, "")
    assert out.endswith("definitions: no problem found.\n")


def test_problems_exit_with_1_and_have_file_and_key(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.write_text(json.dumps({**read_variables(EXAMPLE), "PAGE_TOPIC_ARN": "arn:aws:sns:us-east-1:12:anb"}))
    code, out, _ = run("--variables", path)
    assert code == 1
    place = "put_composite_alarm.AlarmActions"
    assert f"alarms/definitions/composite_alarms/workers-down.json: {place}: " in out
    code, out, err = run("--json", "--variables", path)
    errors = json.loads(out)["errors"]
    assert (code, err) == (1, "")
    assert {place, "put_composite_alarm.OKActions", "api-latency-page.AlarmActions"} <= {e["place"] for e in errors}
    assert all(error.keys() == {"file", "place", "text"} for error in errors)


def test_remarks_are_printed_apart_and_exit_with_0(run: Run, tmp_path: Path) -> None:
    metric = {"Metric": {"Namespace": "Shop", "MetricName": "Orders"}, "Stat": "Sum", "Period": 60}
    queries = [
        {"Id": "orders", "MetricStat": metric, "ReturnData": False},
        {"Id": "filled", "Expression": "FILL(orders, 0)"},
    ]
    compared = {"Threshold": 1, "ComparisonOperator": "LessThanThreshold", "EvaluationPeriods": 1}
    path = tmp_path / "alarm.json"
    path.write_text(json.dumps({"AlarmName": "no orders", "Metrics": queries, **compared}))
    code, out, err = run("--definitions", path)
    assert (code, err) == (0, "")
    assert "remark(s)" in out and "error(s)" not in out
    code, out, err = run("--json", "--definitions", path)
    document = json.loads(out)
    assert (code, document["errors"], err) == (0, [], "")
    assert any(remark["text"].startswith("character 1: FILL") for remark in document["remarks"])


@pytest.mark.parametrize("text", ["{", '{"PREFIX": "anb"}'])
def test_unreadable_variables_exit_with_2(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "variables.json"
    path.write_text(text)
    code, out, err = run("--json", "--variables", path)
    assert (code, out) == (2, "")
    assert err


def test_a_missing_variable_exits_with_2(run: Run, tmp_path: Path) -> None:
    known = dict(read_variables(EXAMPLE))
    del known["NAMESPACE"]
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(known))
    code, _, err = run("--variables", path)
    assert code == 2
    assert "${NAMESPACE} is not set" in err


def test_a_missing_log_exits_with_2(run: Run, tmp_path: Path) -> None:
    code, _, err = run("--variables", EXAMPLE, "--logs", tmp_path / "no.log")
    assert code == 2
    assert "no.log" in err


def every_record() -> Iterable[dict[str, Any]]:
    for kind in RECORD_KINDS:
        for service in kind.services:
            values = {metric.name: 1.0 for metric in kind.metrics}
            dimensions = {"Route": ROUTES[0]} if any("Route" in keys for keys in kind.dimension_sets) else {}
            yield document(kind, 0, values, service=service, **dimensions)


def test_every_record_of_the_product_is_declared(log_problems: LogProblems) -> None:
    assert log_problems(*every_record(), "a line of another program", '{"level": "INFO"}') == []


def with_metric(record: dict[str, Any], index: int = 0, **members: str) -> dict[str, Any]:
    """``record`` with other members of one metric's declaration."""
    metrics = record["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    value = record[metrics[index]["Name"]]
    metrics[index].update(members)
    record[metrics[index]["Name"]] = value
    return record


def without_route(record: dict[str, Any]) -> dict[str, Any]:
    record["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [["Service", "Route", "Record"]]
    return record


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (with_metric(job(0), Unit="Seconds"), "Jobs is written in Seconds, declared in Count"),
        (with_metric(job(0), Name="Job"), "Job with the dimensions Service is not declared"),
        (without_route(request(0)), "Requests with the dimensions Record, Route, Service is not declared"),
        ({**job(0), "Service": "api"}, "Jobs is written by Service 'api', declared for worker"),
        ({**queue(0), "Service": "cron"}, "BacklogPerWorker is written by Service 'cron', declared for worker"),
        (
            document(RECORD_KINDS[1], 0, {"Jobs": 1}, namespace="ANB/Other"),
            "namespace 'ANB/Other' is not 'ANB/RisingStars'",
        ),
    ],
    ids=["unit", "name", "dimensions", "service", "service of a gauge", "namespace"],
)
def test_an_undeclared_record_is_named(log_problems: LogProblems, record: Any, problem: str) -> None:
    assert problem in log_problems(job(0), record)


def test_a_line_that_is_not_valid_emf_is_named_with_its_number(log_problems: LogProblems) -> None:
    broken = job(0)
    del broken["Service"]
    problems = log_problems(job(0), job(1), broken, json.dumps(job(2))[:-20])
    assert [problem.split(":")[0] for problem in problems] == ["line 3", "line 4"]


def test_the_same_problem_is_printed_once_for_each_log(log_problems: LogProblems) -> None:
    records = [with_metric(job(minute), Unit="Seconds") for minute in range(5)]
    assert log_problems(*records) == ["Jobs is written in Seconds, declared in Count"]


def test_the_problems_of_one_log_are_limited(log_problems: LogProblems) -> None:
    records = [with_metric(job(0), Name=f"Job{number}") for number in range(PROBLEMS_MAX + 50)]
    assert len(log_problems(*records)) == PROBLEMS_MAX


@pytest.mark.parametrize(
    ("content", "held"),
    [
        ("", "no line at all"),
        ("# README\n\nhello\n", "2 × text that is no JSON object, 1 × empty line"),
        ('{"level": "INFO"}\n', "1 × JSON object without _aws"),
        ('{"_aws": {}}\n', "1 × Timestamp is missing or not of type int"),
    ],
)
def test_a_log_without_any_record_is_a_problem_that_says_what_it_held(
    run: Run, tmp_path: Path, content: str, held: str
) -> None:
    log = tmp_path / "README.md"
    log.write_text(content)
    code, out, _ = run("--variables", EXAMPLE, "--logs", log)
    assert code == 1
    assert f"{log}: has no EMF record, but {held}" in out


def test_lines_without_emf_are_shown_and_are_no_problem(run: Run, tmp_path: Path) -> None:
    log = write_log(tmp_path / "emf.log", [job(0), "started", "stopped"])
    code, out, _ = run("--variables", EXAMPLE, "--logs", log)
    assert code == 0
    assert f"{log}: line 2: text that is no JSON object (2 such lines): started" in out


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"Jobs": {"Max": 1, "Min": 1, "Count": 1, "Sum": 1}}, "the value of a metric is an object"),
        ({"Service": ""}, "a dimension has an empty value"),
        ({"_aws": {**job(0)["_aws"], "Timestamp": 1_767_225_600}}, "Timestamp is not in milliseconds"),
    ],
    ids=["object", "empty dimension", "seconds"],
)
def test_remarks_and_dropped_lines_are_problems_of_our_own_logs(
    log_problems: LogProblems, changed: dict[str, Any], problem: str
) -> None:
    assert any(problem in each for each in log_problems(job(0), {**job(0), **changed}))


def test_the_help_explains_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        check.main(["--help"])
    assert caught.value.code == 0
    assert "exit codes:" in capsys.readouterr().out
