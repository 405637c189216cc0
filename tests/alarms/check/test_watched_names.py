"""The metrics in dashboards and alarms are compared with the catalogue and the list of AWS's metrics."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alarms.check.definition_checks import check_definitions
from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from cloudwatch.notice import Notice
from telemetry.catalogue import Route

Check = Callable[..., list[Notice]]


def graph(*metrics: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {"region": "us-east-1", "metrics": list(metrics)}}


@pytest.fixture
def with_graph(definitions: list[Definition], variables: Variables) -> Check:
    """The notices about a widget with these metrics, on a dashboard of this project."""

    def check(*metrics: Any) -> list[Notice]:
        main = next(d for d in definitions if d.stem == "main")
        body = dict(main.parameters["DashboardBody"])
        place = f"put_dashboard.DashboardBody/widgets/{len(body['widgets'])}/"
        changed = {**main.parameters, "DashboardBody": {**body, "widgets": [*body["widgets"], graph(*metrics)]}}
        all_of_them = [replace(d, parameters=changed) if d is main else d for d in definitions]
        return [found for found in check_definitions(all_of_them, variables) if found.place.startswith(place)]

    return check


def stranger(kind: DefinitionKind, **parameters: Any) -> Definition:
    return Definition(kind, "theirs.json", {}, {}, parameters, is_ours=False)


def strange_graph(*metrics: Any) -> Definition:
    return stranger(
        DefinitionKind.DASHBOARD, DashboardName="x", DashboardBody=json.dumps({"widgets": [graph(*metrics)]})
    )


def strange_alarm(**parameters: Any) -> Definition:
    known = {"AlarmName": "a", "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    return stranger(DefinitionKind.METRIC_ALARM, **known, **parameters)


@pytest.mark.parametrize(
    ("expression", "character", "text"),
    [
        ('SELECT SUM(ServerErorrs) FROM "ANB/RisingStars"', 12, "there is no metric ServerErorrs; did you mean"),
        ("SELECT SUM(Jobs) FROM \"ANB/RisingStars\" WHERE Servise = 'worker'", 47, "Jobs has no dimension Servise"),
        ("SELECT SUM(Jobs) FROM \"ANB/RisingStars\" WHERE Service = 'wroker'", 57, "did you mean worker?"),
        ('SELECT SUM(Jobs) FROM SCHEMA("ANB/RisingStars", Service, Route)', 58, "Jobs has no dimension Route"),
        ('SELECT SUM(Requests) FROM SCHEMA("ANB/RisingStars")', 34, "dimensions {Route, Service} or {Service} only"),
        ('SELECT SUM(Jobs) FROM "ANB/RisingStars" GROUP BY Host', 50, "Jobs has no dimension Host"),
        ("SEARCH('{ANB/RisingStars,Service} MetricName=\"Jbos\"', 'Sum')", 46, "did you mean Jobs?"),
        ("SEARCH('{ANB/RisingStars,Servise} Jobs', 'Sum')", 9, "no metric has the dimensions {Servise}"),
        ("SEARCH('{ANB/RisingStars,Service} Jobs OR Erorrs', 'Sum')", 43, "no metric matches 'Erorrs'"),
        ("SEARCH('{ANB/RisingStars,Service} Jobs Service=api', 'Sum')", 9, "all of these conditions"),
    ],
)
def test_a_name_in_a_query_or_a_search_that_nothing_emits_is_an_error_at_its_character(
    with_graph: Check, expression: str, character: int, text: str
) -> None:
    found = [each for each in with_graph([{"expression": expression}]) if each.is_error]
    assert found
    assert found[0].text.startswith(f"character {character}: ")
    assert text in found[0].text
    assert found[0].place.endswith("/properties/metrics/0/0/expression")


@pytest.mark.parametrize(
    "expression",
    [
        "SELECT SUM(Jobs) FROM SCHEMA(\"ANB/RisingStars\", Service) WHERE Service = 'worker'",
        "SEARCH('{ANB/RisingStars,Service,Route} MetricName=\"Requests\"', 'Sum')",
        "SUM(SEARCH('{ANB/RisingStars,Service} jobs', 'Sum', 60))",
        "SEARCH('{AWS/SQS,QueueName} MetricName=\"NumberOfMessagesSent\" anb', 'Sum')",
    ],
)
def test_a_query_or_a_search_of_metrics_that_exist_has_no_finding(with_graph: Check, expression: str) -> None:
    assert with_graph([{"expression": expression}]) == []


def test_a_statistic_without_a_meaning_is_an_error_in_a_query_as_in_a_metric(with_graph: Check) -> None:
    found = with_graph([{"expression": 'SELECT SUM(QueueDepth) FROM "ANB/RisingStars"'}])
    assert any("so Sum of it has no meaning" in each.text for each in found)


@pytest.mark.parametrize(("name", "is_emitted"), [("Requests", True), ("Latency", False), ("ServerErrors", False)])
def test_a_metric_of_callers_is_not_emitted_for_a_health_probe(with_graph: Check, name: str, is_emitted: bool) -> None:
    found = with_graph(["ANB/RisingStars", name, "Service", "api", "Route", str(Route.IS_READY)])
    texts = [each.text for each in found if f"{name} is not emitted for the Route 'GET /api/health/ready'" in each.text]
    assert (texts == []) is is_emitted


@pytest.mark.parametrize(
    "metric", [["AWS/Shop", "Sales", "Id", "1"], ["AWS/SQS", "NumberOfMesagesSent", "QueueName", "q"]]
)
def test_an_unknown_metric_is_an_error_in_our_definitions_and_a_remark_in_others(
    with_graph: Check, variables: Variables, metric: list[str]
) -> None:
    (ours,) = with_graph(metric)
    (theirs,) = check_definitions([strange_graph(metric)], variables)
    assert ours.is_error
    assert not theirs.is_error
    assert "checked" in theirs.text
    assert "aws_metrics.json" in theirs.text


def test_an_unknown_metric_in_other_definitions_is_named_once(variables: Variables) -> None:
    found = check_definitions([strange_graph(*[["MyApp", name] for name in "abc"], *[["AWS/EC2", "x"]] * 3)], variables)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("namespace", "hint"),
    [
        ("AWS/Cloudfront", "did you mean AWS/CloudFront?"),
        ("AWS/Lamda", "did you mean AWS/Lambda?"),
        ("AWS/SES", ""),
        ("AWS/ES", ""),
        ("AWS/Billing", ""),
    ],
)
def test_another_namespace_is_suggested_only_for_a_misspelt_one(
    variables: Variables, namespace: str, hint: str
) -> None:
    (found,) = check_definitions([strange_graph([namespace, "x"])], variables)
    assert found.text.partition("; ")[2] == hint


@pytest.mark.parametrize(
    "metric",
    [
        ["AWS/RDS", "CPUUtilization", "DBClusterIdentifier", "db", "Role", "READER"],
        ["AWS/RDS", "FreeableMemory", "EngineName", "postgres"],
        ["AWS/EC2", "CPUUtilization", "InstanceType", "t3.small"],
        ["AWS/EC2", "CPUUtilization"],
        ["AWS/Logs", "IncomingBytes"],
        ["AWS/ApplicationELB", "UnhealthyStateDNS", "LoadBalancer", "app/x/1", "TargetGroup", "targetgroup/x/1"],
    ],
)
def test_the_dimensions_that_aws_documents_need_no_remark(variables: Variables, metric: list[str]) -> None:
    assert check_definitions([strange_graph(metric)], variables) == []


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ({"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent", "Period": 10}, "a point every 60 s"),
        ({"Namespace": "AWS/S3", "MetricName": "BucketSizeBytes", "Period": 300}, "a point every 86400 s"),
        (
            {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent", "Period": 60},
            "has the dimensions {QueueName}, not {}",
        ),
    ],
)
def test_a_use_that_gives_no_data_is_named(variables: Variables, metric: dict[str, Any], text: str) -> None:
    found = check_definitions([strange_alarm(**metric, Statistic="Sum")], variables)
    assert any(text in each.text for each in found)
    assert not any(each.is_error for each in found)


def test_the_list_can_be_extended_by_files(variables: Variables, tmp_path: Path) -> None:
    alarm = strange_alarm(Namespace="AWS/Shop", MetricName="Sales", Period=60, Statistic="Sum")
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"namespaces": {"AWS/Shop": [{"names": ["Sales"], "dimension_sets": [["Id"]]}]}}))
    (found,) = check_definitions([alarm], variables, [more])
    assert found.text == "Sales has the dimensions {Id}, not {}"


@pytest.mark.parametrize("text", ["{", "[]", '{"namespaces": {"A": [{}]}}', '{"namespaces": [1]}'])
def test_a_list_that_cannot_be_read_is_named(variables: Variables, tmp_path: Path, text: str) -> None:
    more = tmp_path / "more.json"
    more.write_text(text)
    with pytest.raises(DefinitionError, match=r"more\.json: is not of the form of alarms/check/aws_metrics\.json"):
        check_definitions([], variables, [more])


def test_alarms_that_are_valid_and_not_played_are_named(variables: Variables) -> None:
    promql = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60}
    (found,) = check_definitions([stranger(DefinitionKind.METRIC_ALARM, AlarmName="a", **promql)], variables)
    assert str(found) == "theirs.json: is valid, but not evaluated offline: only CloudWatch can compute a PromQL query"
    assert not found.is_error


@pytest.mark.parametrize("key", ["PREFIX", "NAMESPACE"])
def test_a_missing_variable_is_named(definitions: list[Definition], variables: Variables, key: str) -> None:
    with pytest.raises(DefinitionError, match=f"the variable {key} is not set"):
        check_definitions(definitions, {name: value for name, value in variables.items() if name != key})


def test_two_alarms_of_one_file_with_the_same_name_are_told_apart_by_their_places(variables: Variables) -> None:
    alarm = strange_alarm(Namespace="MyApp", MetricName="x", Period=60, Statistic="Sum")
    twins = [replace(alarm, place=f"[{index}]") for index in (0, 1)]
    (found,) = [notice for notice in check_definitions(twins, variables) if notice.is_error]
    assert str(found) == (
        "theirs.json: [1].AlarmName: the metric alarm at theirs.json: [0].AlarmName has this name, too"
    )


def test_house_rules_do_not_apply_to_other_definitions(variables: Variables) -> None:
    alarm = strange_alarm(Namespace="AWS/Lambda", MetricName="Errors", Period=60, Statistic="Sum", Unit="Count")
    topics = {"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:pages"]}
    assert check_definitions([replace(alarm, parameters={**alarm.parameters, **topics})], variables) == []
