"""With a catalogue of their metrics, what the definitions of others watch is checked like ours."""

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from alarms.check import __main__ as check
from alarms.check.metric_catalogue import MetricCatalogue, read_catalogue, write_catalogue
from alarms.definition_files import DefinitionError
from alarms.recording import NothingRecorded
from cloudwatch.metric import MetricId

Json = dict[str, Any]
Check = Callable[..., Json]


def emf(metrics: dict[str, str], namespace: str = "Shop", **dimensions: str) -> str:
    """A document with the metrics, by their units."""
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in metrics.items()],
    }
    values = dict.fromkeys(metrics, 1)
    return json.dumps(
        {"_aws": {"Timestamp": 1_767_225_600_000, "CloudWatchMetrics": [directive]}, **values, **dimensions}
    )


LOG = [
    emf({"Errors": "Count", "Latency": "Milliseconds"}, Service="cart"),
    emf({"Errors": "Count"}, Service="checkout"),
    emf({"Errors": "Count"}, Service="cart", Route="GET /cart"),
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "emf.log"
    path.write_text("\n".join(LOG) + "\n")
    return path


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """The JSON document of ``alarms.check`` about definitions in a file."""

    def run(definitions: Any, *arguments: object) -> Json:
        path = tmp_path / "theirs.json"
        path.write_text(json.dumps(definitions))
        code = check.main(["--json", "--definitions", str(path), *map(str, arguments)])
        found: Json = json.loads(capsys.readouterr().out)
        assert code == (1 if found["errors"] else 0)
        return found

    return run


def metric(name: str = "Errors", namespace: str = "Shop", **dimensions: str) -> Json:
    pairs = [{"Name": key, "Value": value} for key, value in (dimensions or {"Service": "cart"}).items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}


def alarm(**parameters: Any) -> Json:
    return {
        **{"AlarmName": "a", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1},
        **{"ComparisonOperator": "GreaterThanThreshold", **parameters},
    }


def math_alarm(*queries: Json) -> Json:
    found = alarm(Metrics=list(queries))
    return {key: value for key, value in found.items() if key not in ("Statistic", "Period")}


def graph(*metrics: Any) -> Json:
    return {"widgets": [{"type": "metric", "properties": {"region": "us-east-1", "metrics": list(metrics)}}]}


def test_what_the_log_has_is_no_notice(run: Check, log: Path) -> None:
    stat = {"Metric": metric(Service="cart", Route="GET /cart"), "Period": 60, "Stat": "Sum"}
    query = {"Id": "m1", "MetricStat": stat, "ReturnData": False}
    definitions = [
        alarm(**metric(), Unit="Count"),
        {**math_alarm(query, {"Id": "e1", "Expression": "m1 * 2"}), "AlarmName": "b"},
        {**math_alarm({"Id": "q", "Expression": 'SELECT SUM(Errors) FROM "Shop"', "Period": 60}), "AlarmName": "c"},
        {"DashboardName": "d", "DashboardBody": json.dumps(graph([{"expression": "SEARCH('{Shop,Service}', 'Sum')"}]))},
    ]
    assert run(definitions, "--catalogue-from", log) == {"errors": [], "remarks": []}


WRONG: dict[str, tuple[Any, str, str]] = {
    "a name": (
        alarm(**metric("Erorrs")),
        "",
        "there is no metric Erorrs in the catalogue of Shop; near: Shop Errors {Service=cart}, ",
    ),
    "a dimension": (
        alarm(**metric(service="cart")),
        "",
        "Errors has no dimensions {service} in the catalogue, but {Route, Service} or {Service}; near: Shop Errors ",
    ),
    "a set of dimensions": (
        alarm(**metric("Latency", Service="cart", Route="GET /cart")),
        "",
        "Latency has no dimensions {Route, Service} in the catalogue, but {Service}; near: Shop Latency {Service=cart}",
    ),
    "a unit": (alarm(**metric("Latency"), Unit="Seconds"), "", "Latency is written in Milliseconds, not in Seconds"),
    "a name in a query of an alarm": (
        math_alarm({"Id": "m1", "MetricStat": {"Metric": metric("Errosr"), "Period": 60, "Stat": "Sum"}}),
        "Metrics[0].Metric",
        "there is no metric Errosr in the catalogue of Shop; near: ",
    ),
    "a name in a SELECT of an alarm": (
        math_alarm({"Id": "q", "Expression": 'SELECT SUM(Erors) FROM "Shop"', "Period": 60}),
        "Metrics[0].Expression",
        "character 12: there is no metric Erors; did you mean Errors?",
    ),
    "a schema in a SELECT": (
        math_alarm({"Id": "q", "Expression": 'SELECT SUM(Latency) FROM SCHEMA("Shop", Route)', "Period": 60}),
        "Metrics[0].Expression",
        "character 41: Latency has no dimension Route",
    ),
    "a name in a widget": (
        graph(["Shop", "Errors", "Service", "cart"], [".", "Latencies", ".", "."]),
        "DashboardBody/widgets/0/properties/metrics/1",
        "there is no metric Latencies in the catalogue of Shop; near: Shop Latency {Service=cart}",
    ),
    "a name in a SEARCH": (
        graph([{"expression": "SEARCH('{Shop,Service} MetricName=\"Erors\"', 'Sum')"}]),
        "DashboardBody/widgets/0/properties/metrics/0/0/expression",
        "character 35: no metric matches 'Erors'; did you mean Errors?",
    ),
    "a schema in a SEARCH": (
        graph([{"expression": "SEARCH('{Shop,service} Errors', 'Sum')"}]),
        "DashboardBody/widgets/0/properties/metrics/0/0/expression",
        "character 9: no metric has the dimensions {service}, but {Route, Service} or {Service}",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_no_metric_has_is_an_error_with_what_is_near(run: Check, log: Path, name: str) -> None:
    definition, place, text = WRONG[name]
    found, *_ = run(definition, "--catalogue-from", log)["errors"]
    assert found["place"].startswith(place)
    assert found["text"].startswith(text)


VALUES = {
    "a metric": (
        alarm(**metric(Service="crat")),
        "the catalogue has no Shop Errors {Service=crat}; near: Shop Errors ",
    ),
    "a SELECT": (
        math_alarm({"Id": "q", "Expression": "SELECT SUM(Errors) FROM \"Shop\" WHERE Service = 'crat'", "Period": 60}),
        "character 48: no Service is 'crat'; did you mean cart?",
    ),
    "a SEARCH": (
        graph([{"expression": "SEARCH('{Shop,Service} Errors Service=crat', 'Sum')"}]),
        "character 39: no metric matches 'crat'; did you mean cart?",
    ),
    "values that never occur together": (
        graph([{"expression": "SEARCH('{Shop,Service} Latency Service=checkout', 'Sum')"}]),
        "character 9: no metric matches all of these conditions",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_the_log_does_not_have_is_a_remark_because_values_come_and_go(
    run: Check, log: Path, name: str
) -> None:
    definition, text = VALUES[name]
    found = run(definition, "--catalogue-from", log)
    assert found["errors"] == []
    (remark,) = found["remarks"]
    assert remark["text"].startswith(text)


@pytest.mark.parametrize(
    ("namespace", "hint"),
    [("Warehouse", ""), ("Shopp", "; did you mean Shop?")],
)
def test_a_namespace_that_the_catalogue_does_not_have_is_not_checked(
    run: Check, log: Path, namespace: str, hint: str
) -> None:
    found = run(alarm(**metric(namespace=namespace)), "--catalogue-from", log)
    assert found["errors"] == []
    (remark,) = found["remarks"]
    lists = "neither the catalogue nor alarms/check/aws_metrics.json has the namespace"
    assert remark["text"] == f"{lists} '{namespace}': its metrics are not checked{hint}"


def reference(name: str) -> Json:
    return {"Ref": name}


@pytest.mark.parametrize(
    ("watched", "texts"),
    [
        ({**metric(), "Dimensions": [{"Name": "Service", "Value": reference("Stage")}]}, []),
        ({**metric(), "MetricName": reference("Stage")}, []),
        (
            {**metric("Erorrs"), "Dimensions": [{"Name": "Service", "Value": reference("Stage")}]},
            ["there is no metric Erorrs in the catalogue of Shop; near: "],
        ),
        (
            {**metric(), "Dimensions": [{"Name": "service", "Value": reference("Stage")}]},
            ["Errors has no dimensions {service} in the catalogue, but "],
        ),
    ],
    ids=["a value", "a name", "a wrong name beside it", "a wrong dimension of it"],
)
def test_what_a_template_does_not_tell_is_not_held_against_the_catalogue(
    run: Check, log: Path, watched: Json, texts: list[str]
) -> None:
    resource = {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm(**watched)}
    found = run({"Parameters": {"Stage": {"Type": "String"}}, "Resources": {"A": resource}}, "--catalogue-from", log)
    assert [each["text"].startswith(text) for each, text in zip(found["errors"], texts, strict=True)] == [True] * len(
        texts
    )
    (remark,) = found["remarks"]
    assert remark["text"].startswith("${Stage} is not known: ")


def test_a_query_that_a_template_does_not_tell_is_not_held_against_the_catalogue(run: Check, log: Path) -> None:
    query = {"Fn::Sub": "SELECT SUM(Errors) FROM \"Shop\" WHERE Service = '${Stage}'"}
    properties = math_alarm({"Id": "q", "Expression": query, "Period": 60})
    resource = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    found = run({"Parameters": {"Stage": {"Type": "String"}}, "Resources": {"A": resource}}, "--catalogue-from", log)
    assert found["errors"] == []
    (remark,) = found["remarks"]
    assert remark["text"].startswith("${Stage} is not known: ")


def test_metrics_of_aws_are_left_to_the_list_of_them(run: Check, tmp_path: Path) -> None:
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps({"Metrics": [metric("Invocations", "AWS/Lambda", FunctionName="cart")]}))
    sparse = alarm(**metric("Errors", "AWS/Lambda", FunctionName="cart"))
    assert run(sparse, "--catalogue", listed) == {"errors": [], "remarks": []}


def test_rules_of_this_project_are_not_for_others(run: Check, log: Path) -> None:
    unwatched = alarm(**metric("Errors"), AlarmActions=["arn:aws:sns:us-east-1:123456789012:pages"])
    assert run(unwatched, "--catalogue-from", log) == {"errors": [], "remarks": []}


def test_a_log_is_read_in_whatever_carried_it(tmp_path: Path, log: Path) -> None:
    compressed, docker, pages = (tmp_path / name for name in ("emf.log.gz", "docker.log", "events.json"))
    compressed.write_bytes(gzip.compress(log.read_bytes()))
    carried = {"stream": "stdout", "time": "2026-01-01T00:00:01Z"}
    docker.write_text("".join(json.dumps({"log": f"{line}\n", **carried}) + "\n" for line in LOG))
    events = [{"message": line, "timestamp": 1_767_225_600_000, "ingestionTime": 1_767_225_601_000} for line in LOG]
    pages.write_text(json.dumps({"events": events}, indent=2))
    expected, notices = read_catalogue([], [log])
    assert len(expected.units) == 4
    assert notices == []
    for other in (compressed, docker, pages):
        assert read_catalogue([], [other])[0] == expected


def test_a_line_that_makes_no_metric_is_a_remark(run: Check, log: Path) -> None:
    broken = emf({"Refunds": "Count"}, Service="cart").replace('"Count"', '"Counts"')
    log.write_text("\n".join([*LOG, broken, "START RequestId: 1"]))
    found = run(alarm(**metric("Refunds")), "--catalogue-from", log)
    assert [each["text"][:40] for each in found["errors"]] == ["there is no metric Refunds in the catalogue"[:40]]
    assert [(each["place"], each["text"].split(":")[0]) for each in found["remarks"]] == [
        ("line 4", "no metric"),
        ("line 5", "no EMF"),
    ]


def test_a_catalogue_that_was_written_says_the_same_as_its_log(run: Check, log: Path, tmp_path: Path) -> None:
    written = tmp_path / "catalogue.json"
    expected = run(alarm(**metric("Erorrs")), "--catalogue-from", log, "--write-catalogue", written)
    assert run(alarm(**metric("Erorrs")), "--catalogue", written) == expected
    assert read_catalogue([written], [])[0] == read_catalogue([], [log])[0]


def test_files_and_logs_are_one_catalogue(log: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.json"
    entries: Iterable[Json] = (metric("Refunds"), {**metric("Latency"), "Unit": "Seconds"})
    more.write_text(json.dumps({"Metrics": list(entries)}))
    catalogue, _ = read_catalogue([more], [log])
    units = catalogue.units
    assert units[MetricId.of("Shop", "Refunds", {"Service": "cart"})] == frozenset()
    assert units[MetricId.of("Shop", "Latency", {"Service": "cart"})] == {"Milliseconds", "Seconds"}
    write_catalogue(catalogue, tmp_path / "all.json")
    assert read_catalogue([tmp_path / "all.json"], [])[0] == catalogue


def test_the_output_of_list_metrics_has_no_units_so_none_is_compared(run: Check, tmp_path: Path) -> None:
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps({"Metrics": [metric()], "OwningAccounts": ["123456789012"]}))
    assert run(alarm(**metric(), Unit="Seconds"), "--catalogue", listed) == {"errors": [], "remarks": []}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"Metrics": [1]}',
        '{"Metrics": [{"Namespace": "Shop"}]}',
        '{"Metrics": [{"Namespace": "Shop", "MetricName": 1}]}',
        '{"Metrics": [{"Namespace": "Shop", "MetricName": "a", "Dimensions": [{"Name": "Service"}]}]}',
        '{"Metrics": [{"Namespace": "Shop", "MetricName": "a", "Dimensions": [{"Name": "Service", "Value": 1}]}]}',
        '{"Metrics": [{"Namespace": "Shop", "MetricName": "a", "Unit": "Parsecs"}]}',
    ],
)
def test_a_catalogue_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=r"catalogue\.json: "):
        read_catalogue([path], [])


def test_a_log_without_a_metric_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text('{"level": "INFO"}\n')
    with pytest.raises(NothingRecorded, match=r"There is no EMF record in .*app\.log\.\n.*without _aws"):
        read_catalogue([], [path])


def test_a_catalogue_is_for_definitions_of_others(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--catalogue-from", str(log)]) == 2
    assert "a catalogue is for --definitions PATH…" in capsys.readouterr().err


def test_what_is_for_this_project_or_has_nothing_to_write_says_what_to_give(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(alarm(**metric())))
    written = tmp_path / "catalogue.json"
    for arguments in (["--logs", log], ["--write-catalogue", written]):
        assert check.main(["--definitions", str(path), *map(str, arguments)]) == 2
        assert "give --catalogue-from LOG…" in capsys.readouterr().err
    assert not written.exists()


def test_an_empty_catalogue_has_no_namespace() -> None:
    assert MetricCatalogue().by_namespace == {}
