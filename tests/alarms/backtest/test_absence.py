"""The report distinguishes an alarm without data in the log from an alarm that had no reason to fire."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alarms.definition_files import Definition, DefinitionKind
from alarms.near_metrics import near_metrics
from alarms.open_values import OpenValue
from alarms.recording import read_recording
from alarms.replay import History, replay
from cloudwatch.alarm.state import AlarmState
from cloudwatch.metric import MetricId
from telemetry.catalogue import JOB
from tests.alarms.emf_log import NAMESPACE, document, queue, request, write_log


def alarm(name: str = "deep", **parameters: Any) -> Definition:
    """An alarm on the depth of the queue."""
    given = {
        "AlarmName": name,
        "Namespace": NAMESPACE,
        "MetricName": "QueueDepth",
        "Dimensions": [{"Name": "Service", "Value": "worker"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        **parameters,
    }
    return Definition(DefinitionKind.METRIC_ALARM, f"{name}.json", {}, {}, given)


def composite(name: str, rule: str) -> Definition:
    return Definition(DefinitionKind.COMPOSITE_ALARM, f"{name}.json", {}, {}, {"AlarmName": name, "AlarmRule": rule})


@pytest.fixture
def histories(tmp_path: Path) -> Any:
    """The histories of definitions by name, over ten minutes of records of the queue or over other records."""

    def histories(*definitions: Definition, records: Iterable[Mapping[str, Any]] = ()) -> dict[str, History]:
        log = write_log(tmp_path / "emf.log", records or [queue(minute) for minute in range(10)])
        return {history.definition.name: history for history in replay(definitions, read_recording([log], definitions))}

    return histories


ABSENT: dict[str, tuple[dict[str, Any], str]] = {
    "another case of a dimension": (
        {"Dimensions": [{"Name": "service", "Value": "worker"}]},
        "no datapoint of ANB/RisingStars QueueDepth {service=worker} in the log; "
        "near: ANB/RisingStars QueueDepth {Service=worker}",
    ),
    "another case of a value": (
        {"Dimensions": [{"Name": "Service", "Value": "Worker"}]},
        "QueueDepth {Service=worker}",
    ),
    "a dimension too many": (
        {"Dimensions": [{"Name": "Service", "Value": "worker"}, {"Name": "Zone", "Value": "a"}]},
        "near: ANB/RisingStars QueueDepth {Service=worker}",
    ),
    "no dimension": ({"Dimensions": []}, "near: ANB/RisingStars QueueDepth {Service=worker}"),
    "a slip in the name": ({"MetricName": "QeueDepth"}, "near: ANB/RisingStars QueueDepth {Service=worker}"),
    "another case of the name": ({"MetricName": "queuedepth"}, "near: ANB/RisingStars QueueDepth {Service=worker}"),
    "a metric like none": ({"MetricName": "Temperature"}, "Temperature {Service=worker} in the log"),
    "a foreign namespace": (
        {"Namespace": "Shop", "MetricName": "Checkout"},
        "no metric of the namespace Shop in the log; it has ANB/RisingStars",
    ),
    "a slip in the namespace": (
        {"Namespace": "ANB/RisingStar"},
        "no metric of the namespace ANB/RisingStar in the log; near: ANB/RisingStars QueueDepth {Service=worker}",
    ),
    "a metric of AWS": (
        {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent"},
        "AWS/SQS NumberOfMessagesSent is a metric of AWS itself, and not in EMF logs",
    ),
    "another unit": ({"Unit": "Bytes"}, "no datapoint of QueueDepth in the unit Bytes; it was written in Count"),
}


@pytest.mark.parametrize("treat_missing_data", ["missing", "ignore", "breaching", "notBreaching"])
@pytest.mark.parametrize("name", ABSENT)
def test_an_alarm_without_data_is_not_replayed_and_the_reason_is_given(
    histories: Any, name: str, treat_missing_data: str
) -> None:
    parameters, reason = ABSENT[name]
    history = histories(alarm(**parameters, TreatMissingData=treat_missing_data))["deep"]
    assert reason in history.skipped
    assert history.transitions == ()


def query_alarm(expression: str, **parameters: Any) -> Definition:
    """An alarm on a query of Metrics Insights."""
    definition = alarm(Metrics=[{"Id": "q", "Expression": expression, "Period": 60}], **parameters)
    left = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period")
    kept = {name: value for name, value in definition.parameters.items() if name not in left}
    return replace(definition, parameters=kept)


NOTHING_SELECTED = {
    "a slip in the name": (
        'SELECT MAX(QeueDepth) FROM "ANB/RisingStars"',
        "there is no metric QeueDepth; did you mean QueueDepth?",
    ),
    "another case of the name": (
        'SELECT MAX(queueDepth) FROM "ANB/RisingStars"',
        "there is no metric queueDepth; did you mean QueueDepth?",
    ),
    "a slip in a dimension": (
        "SELECT MAX(QueueDepth) FROM \"ANB/RisingStars\" WHERE service = 'worker'",
        "QueueDepth has no dimension service; did you mean Service?",
    ),
    "a slip in a value": (
        "SELECT MAX(QueueDepth) FROM \"ANB/RisingStars\" WHERE Service = 'wroker'",
        "no Service is 'wroker'; did you mean worker?",
    ),
    "another set of dimensions": (
        'SELECT MAX(QueueDepth) FROM SCHEMA("ANB/RisingStars")',
        "QueueDepth has the dimensions {Service} only",
    ),
    "values that never occur together": (
        "SELECT SUM(Requests) FROM \"ANB/RisingStars\" WHERE Service = 'api' AND Route = 'GET /b' AND Zone = 'b'",
        "no metric matches all of these conditions",
    ),
    "a slip in the namespace": (
        'SELECT MAX(QueueDepth) FROM "ANB/RisingStar"',
        "no metric of the namespace ANB/RisingStar in the log; near: ANB/RisingStars QueueDepth {Service=worker}",
    ),
    "a foreign namespace": (
        'SELECT SUM(Checkouts) FROM "Shop"',
        "no metric of the namespace Shop in the log; it has ANB/RisingStars",
    ),
    "a metric of AWS": (
        'SELECT SUM(NumberOfMessagesSent) FROM "AWS/SQS"',
        "AWS/SQS NumberOfMessagesSent is a metric of AWS itself, and not in EMF logs",
    ),
}


def in_zone(route: str, zone: str) -> dict[str, Any]:
    """A request with a third dimension."""
    record = {**request(0, route), "Zone": zone}
    record["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [["Service", "Route", "Zone"]]
    return record


@pytest.mark.parametrize("treat_missing_data", ["missing", "breaching"])
@pytest.mark.parametrize("name", NOTHING_SELECTED)
def test_a_query_that_selects_no_metric_of_the_log_is_not_replayed_and_the_name_at_fault_is_said(
    histories: Any, name: str, treat_missing_data: str
) -> None:
    expression, reason = NOTHING_SELECTED[name]
    records = [queue(0), in_zone("GET /a", "b"), in_zone("GET /b", "a")]
    for text in (expression, f"{expression} GROUP BY Service ORDER BY MAX() DESC"):
        history = histories(query_alarm(text, TreatMissingData=treat_missing_data), records=records)["deep"]
        assert history.skipped == f"its query selects no metric of the log: {reason}"
        assert history.transitions == ()


def test_a_query_that_depends_on_a_variable_of_its_template_says_so(histories: Any) -> None:
    stage = OpenValue("Metrics[0].Expression", "${Stage}", "no default")
    definition = query_alarm("SELECT MAX(QueueDepth) FROM \"ANB/RisingStars\" WHERE Service = '${Stage}'")
    history = histories(replace(definition, open_values=(stage,)))["deep"]
    expected = "its query selects no metric of the log: it depends on a variable: ${Stage} is not known: no default"
    assert history.skipped == expected


def test_a_query_that_selects_a_metric_of_the_log_is_replayed(histories: Any) -> None:
    history = histories(query_alarm('SELECT MAX(QueueDepth) FROM "ANB/RisingStars" GROUP BY Service ORDER BY MAX()'))[
        "deep"
    ]
    assert (history.skipped, history.notes) == ("", ())
    assert history.transitions[-1].new is AlarmState.OK


def test_an_alarm_with_data_has_no_note(histories: Any) -> None:
    history = histories(alarm())["deep"]
    assert (history.skipped, history.notes) == ("", ())


def test_a_metric_that_a_formula_lacks_is_noted(histories: Any) -> None:
    def query(name: str, metric: str) -> dict[str, Any]:
        worker = [{"Name": "Service", "Value": "worker"}]
        found = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": worker}
        return {"Id": name, "MetricStat": {"Metric": found, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    formula = {"Id": "e1", "Expression": "a + FILL(b, 0)", "ReturnData": True}
    definition = alarm(Metrics=[query("a", "QueueDepth"), query("b", "QueueDept"), formula])
    for single in ("Namespace", "MetricName", "Dimensions", "Statistic", "Period"):
        del definition.parameters[single]  # type: ignore[attr-defined]
    history = histories(definition)["deep"]
    assert history.skipped == ""
    (note,) = history.notes
    assert note.startswith("no datapoint of ANB/RisingStars QueueDept {Service=worker} in the log; near: ")


def test_data_that_begin_after_the_window_are_noted(histories: Any) -> None:
    records = [request(0), *(queue(minute) for minute in range(30, 40))]
    (note,) = histories(alarm(EvaluationPeriods=5), records=records)["deep"].notes
    assert note == "the data of QueueDepth begin at 2026-01-01 00:30 only"


def test_a_recording_that_is_shorter_than_the_window_is_noted(histories: Any) -> None:
    (note,) = histories(alarm(Period=3600, EvaluationPeriods=2))["deep"].notes
    assert note == "the recording is shorter than the window of the alarm (120 min)"


def test_a_composite_over_alarms_without_data_is_known_while_the_others_decide(histories: Any) -> None:
    absent: dict[str, Any] = {"Dimensions": []}
    found = histories(
        alarm("a", **absent),
        alarm("b"),
        composite("outer", "ALARM(none)"),
        composite("none", "ALARM(a) OR NOT ALARM(a)"),
        composite("some", "ALARM(a) OR ALARM(b)"),
        composite("all", "ALARM(b)"),
        records=[queue(minute, QueueDepth=10) for minute in range(10)],
    )
    for name in ("outer", "none"):
        assert found[name].episodes == ()
        assert [each.ends for each in found[name].unknown] == [found[name].end]
    assert {name: found[name].unplayed for name in ("none", "some", "all")} == {
        "none": ("a",),
        "some": ("a",),
        "all": (),
    }
    assert found["some"].transitions[-1].new is AlarmState.ALARM


def test_near_metrics_are_at_most_three_and_the_nearest_comes_first() -> None:
    metrics = [MetricId.of("N", "Latency", {"Route": f"GET /{number}"}) for number in range(5000)]
    found = near_metrics(MetricId.of("N", "latency", {"route": "GET /7"}), metrics)
    assert found[0] == metrics[7]
    assert len(found) == 3


def test_the_log_of_another_service_says_which_metrics_are_near(histories: Any) -> None:
    records = [document(JOB, 0, {"Jobs": 1}, service="api")]
    reason = histories(alarm(MetricName="Jobs"), records=records)["deep"].skipped
    assert "near: ANB/RisingStars Jobs {Service=api}" in reason
