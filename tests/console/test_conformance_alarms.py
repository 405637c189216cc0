"""Alarms, composites and mute rules: expected values from AWS's documents, seen through boto3."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.console.console_process import Scene

TOPIC = "arn:aws:sns:us-east-1:123456789012:pages"
NO_DATA = "INSUFFICIENT_DATA"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

# Source: the two tables of "Configuring how CloudWatch alarms treat missing data". The newest point is at the right.
# 0 is fine, X is breaching, - is missing. A new alarm that keeps its state keeps INSUFFICIENT_DATA.
MISSING_DATA: list[tuple[int, str, tuple[str, str, str, str]]] = [
    (3, "0-X-X", ("OK", "OK", "OK", "OK")),
    (3, "0----", ("OK", "OK", "OK", "OK")),
    (3, "-----", (NO_DATA, NO_DATA, "ALARM", "OK")),
    (3, "0XX-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (3, "--X--", ("ALARM", NO_DATA, "ALARM", "OK")),
    (2, "0-X-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "00X0X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "0-X--", ("OK", "OK", "ALARM", "OK")),
    (2, "----0", ("OK", "OK", "ALARM", "OK")),
    (2, "---X-", ("ALARM", NO_DATA, "ALARM", "OK")),
]


@pytest.mark.parametrize(("needed", "points", "states"), MISSING_DATA)
def test_missing_data(scene: Scene, needed: int, points: str, states: tuple[str, ...]) -> None:
    values = {len(points) - index: 5 if point == "X" else 0 for index, point in enumerate(points) if point != "-"}
    if values:
        scene.put_points("Load", values)
    found = []
    for treatment in TREATMENTS:
        alarm = scene.put_alarm(
            treatment, EvaluationPeriods=3, DatapointsToAlarm=needed, TreatMissingData=treatment, Statistic="Maximum"
        )
        found.append(scene.alarm(alarm)["StateValue"])
    assert tuple(found) == states


# Source: ComparisonOperator, Statistic, Unit, ExtendedStatistic and Metrics in the API reference of PutMetricAlarm.
@pytest.mark.parametrize(
    ("parameters", "state"),
    [
        ({"Threshold": 5}, "OK"),
        ({"Threshold": 5, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "ALARM"),
        ({"Threshold": 5, "ComparisonOperator": "LessThanThreshold"}, "OK"),
        ({"Threshold": 5, "ComparisonOperator": "LessThanOrEqualToThreshold"}, "ALARM"),
        ({"Threshold": 1.5, "Statistic": "SampleCount"}, "ALARM"),
        ({"Threshold": 2.4, "Statistic": "Average"}, "ALARM"),
        ({"Threshold": 2.5, "Statistic": "Average"}, "OK"),
        ({"Threshold": 3.5, "Statistic": None, "ExtendedStatistic": "p90"}, "ALARM"),
        ({"Unit": "Seconds"}, "ALARM"),
        ({"Unit": "Bytes"}, NO_DATA),  # a wrong unit "can cause the alarm to be stuck in the INSUFFICIENT_DATA state"
        ({"Dimensions": [{"Name": "Server", "Value": "a"}]}, NO_DATA),
        (  # "ignore": "the alarm state does not change" while there are too few samples
            {
                "Statistic": None,
                "ExtendedStatistic": "p90",
                "EvaluateLowSampleCountPercentile": "ignore",
            },
            NO_DATA,
        ),
    ],
)
def test_one_period(scene: Scene, parameters: dict[str, Any], state: str) -> None:
    scene.put("Load", 1, Values=[1.0, 4.0], Unit="Seconds")
    assert scene.alarm(scene.put_alarm("one", **parameters))["StateValue"] == state


@pytest.mark.parametrize(("expression", "state"), [("a / b", "ALARM"), ("a / b - 1", "OK"), ("b / zero", NO_DATA)])
def test_an_alarm_on_metric_math(scene: Scene, expression: str, state: str) -> None:
    scene.put_points("A", {1: 4})
    scene.put_points("B", {1: 2})
    scene.put_points("Zero", {1: 0})
    metrics = [
        {"Id": name.lower(), "MetricStat": scene.metric(name, "Sum"), "ReturnData": False}
        for name in ("A", "B", "Zero")
    ]
    alarm = scene.put_query_alarm("math", *metrics, {"Id": "e", "Expression": expression})
    assert scene.alarm(alarm)["StateValue"] == state


def test_an_alarm_on_metrics_insights(scene: Scene) -> None:
    scene.put("Load", 1, Value=4, Dimensions={"Server": "a"})
    selection = f'SELECT MAX(Load) FROM SCHEMA("{scene.namespace}", Server)'  # noqa: S608 - no database reads it
    query = {"Id": "q", "Expression": selection, "Period": 60}
    alarm = scene.put_query_alarm("insights", query)
    assert scene.alarm(alarm)["StateValue"] == "ALARM"


def test_a_new_alarm_tells_its_reason_and_its_history(scene: Scene) -> None:
    scene.put_points("Load", {1: 5})
    name = scene.put_alarm("history", AlarmActions=[TOPIC], OKActions=["arn:aws:sns:us-east-1:1:never"])
    assert "Threshold Crossed: 1 out of the last 1 datapoints [5.0" in scene.alarm(name)["StateReason"]
    items = scene.client.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert {item["HistorySummary"] for item in items} == {
        f'Alarm "{name}" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f"For ALARM, AWS would call {TOPIC}",
    }
    only = scene.client.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in only] == ["StateUpdate"]


# Source: the API reference of PutMetricAlarm: "any existing alarm is replaced", "its state is left unchanged", and tags
# of an update are ignored.
def test_an_update_replaces_everything_but_the_state_and_the_tags(scene: Scene) -> None:
    name = scene.put_alarm("update", AlarmDescription="first", Tags=[{"Key": "team", "Value": "a"}])
    scene.client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="rehearsal")
    scene.put_alarm("update", TreatMissingData="ignore", Tags=[{"Key": "team", "Value": "b"}])
    alarm = scene.alarm(name)
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "rehearsal")
    assert "AlarmDescription" not in alarm
    tags = scene.client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]


def test_an_update_that_keeps_the_state_repeats_no_action(scene: Scene) -> None:
    scene.put_points("Load", {1: 5})
    composite = scene.name("over")
    for description in ("first", "second"):
        more: dict[str, Any] = {"AlarmDescription": description, "AlarmActions": [TOPIC]}
        alarm = scene.put_alarm("kept", **more)
        scene.client.put_composite_alarm(AlarmName=composite, AlarmRule=f"ALARM({alarm})", **more)
    for name in (alarm, composite):
        asked = {"AlarmName": name, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        types = [item["HistoryItemType"] for item in scene.client.describe_alarm_history(**asked)["AlarmHistoryItems"]]
        assert sorted(types) == ["Action", "ConfigurationUpdate", "ConfigurationUpdate", "StateUpdate"]
        assert scene.alarm(name)["StateValue"] == "ALARM"


@pytest.mark.parametrize(
    "parameters",
    [
        {"DatapointsToAlarm": 2},  # of 1
        {"Period": 7},
        {"Period": 90},
        {"EvaluationPeriods": 1441},  # more than a day
        {"EvaluationPeriods": 0},
        {"TreatMissingData": "zero"},
        {"Statistic": "p90"},
        {"ExtendedStatistic": "p90"},
        {"Statistic": None, "ExtendedStatistic": "p101"},
        {"Threshold": None},
        {"ComparisonOperator": None},
        {"ComparisonOperator": "LessThanLowerThreshold"},
        {"MetricName": None},
        {"EvaluateLowSampleCountPercentile": "ignore"},
        {"Metrics": [{"Id": "e", "Expression": "SEARCH('{N} x', 'Sum', 60)", "Period": 60}]},
        {"AlarmActions": [TOPIC] * 6},
        {"AlarmDescription": "x" * 1025},
    ],
)
def test_put_metric_alarm_refuses(scene: Scene, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        scene.put_alarm("refused", **parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert scene.client.describe_alarms(AlarmNames=[scene.name("refused")])["MetricAlarms"] == []


def test_an_alarm_that_only_cloudwatch_can_evaluate_is_refused_by_name(scene: Scene) -> None:
    query = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}, "EvaluationInterval": 60}
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*PromQL"):
        scene.client.put_metric_alarm(AlarmName=scene.name("promql"), **query)


# Source: the API references of DescribeAlarms and DescribeAlarmsForMetric.
def test_describe_alarms_finds_by_type_prefix_state_and_family(scene: Scene) -> None:
    prefix = scene.name("family")
    names = [f"{prefix}-a", f"{prefix}-b"]
    for each in names:
        scene.put_alarm("family", AlarmName=each)
    parent = f"{prefix}-parent"
    scene.client.put_composite_alarm(AlarmName=parent, AlarmRule=f"ALARM({names[0]}) OR ALARM({names[1]})")

    def found(**asked: Any) -> list[str]:
        answer = scene.client.describe_alarms(**asked)
        return [alarm["AlarmName"] for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])]

    assert found(AlarmNamePrefix=prefix) == names, "without AlarmTypes, only metric alarms"
    assert found(AlarmNamePrefix=prefix, AlarmTypes=["CompositeAlarm"]) == [parent]
    assert found(AlarmNamePrefix=prefix, StateValue="ALARM") == []
    assert found(AlarmNamePrefix=prefix, StateValue=NO_DATA) == names
    assert found(ChildrenOfAlarmName=parent) == names
    assert found(ParentsOfAlarmName=names[0]) == [parent]
    pages = scene.client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix, MaxRecords=1)
    assert [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]] == names
    asked = {"Namespace": scene.namespace, "MetricName": "Load"}
    assert len(scene.client.describe_alarms_for_metric(**asked)["MetricAlarms"]) == 2
    assert scene.client.describe_alarms_for_metric(**asked, Statistic="Average")["MetricAlarms"] == []


def test_set_alarm_state_runs_actions_and_only_enabled_ones(scene: Scene) -> None:
    name = scene.put_alarm("actions", AlarmActions=[TOPIC])
    actions = {"AlarmName": name, "HistoryItemType": "Action"}
    scene.client.disable_alarm_actions(AlarmNames=[name])
    scene.client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="rehearsal")
    assert scene.alarm(name)["ActionsEnabled"] is False
    assert scene.client.describe_alarm_history(**actions)["AlarmHistoryItems"] == []
    scene.client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="rehearsal")
    scene.client.enable_alarm_actions(AlarmNames=[name])
    scene.client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="rehearsal")
    (item,) = scene.client.describe_alarm_history(**actions)["AlarmHistoryItems"]
    assert TOPIC in item["HistorySummary"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scene.client.set_alarm_state(AlarmName="no-such-alarm", StateValue="OK", StateReason="x")


# Source: "Composite alarms", AlarmRule in the API reference of PutCompositeAlarm, and aws-cdk #37692 for AT_LEAST.
@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("ALARM({a})", "ALARM"),
        ("OK({a})", "OK"),
        ("ALARM({a}) AND ALARM({b})", "OK"),
        ("ALARM({a}) AND NOT ALARM({b})", "ALARM"),
        ("ALARM({b}) OR INSUFFICIENT_DATA({c})", "ALARM"),
        ("TRUE", "ALARM"),
        ("FALSE", "OK"),
        ("AT_LEAST(2, NOT OK, ({a}, {b}, {c}))", "ALARM"),
        ("AT_LEAST(3, NOT OK, ({a}, {b}, {c}))", "OK"),
        ("AT_LEAST(50%, ALARM, ({a}, {b}))", "ALARM"),
    ],
)
def test_a_composite(scene: Scene, rule: str, state: str) -> None:
    scene.put_points("High", {1: 5})
    scene.put_points("Low", {1: 0})
    names = {key: scene.put_alarm(key, metric) for key, metric in (("a", "High"), ("b", "Low"), ("c", "Nothing"))}
    name = scene.name("composite")
    scene.client.put_composite_alarm(AlarmName=name, AlarmRule=rule.format(**names), AlarmActions=[TOPIC])
    assert scene.alarm(name)["StateValue"] == state
    history = scene.client.describe_alarm_history(
        AlarmName=name, AlarmTypes=["CompositeAlarm"], HistoryItemType="Action"
    )
    assert len(history["AlarmHistoryItems"]) == (state == "ALARM")


def test_a_composite_follows_its_children_through_other_composites(scene: Scene) -> None:
    child, names = scene.put_alarm("child"), (scene.name("lower"), scene.name("upper"))
    scene.client.put_composite_alarm(AlarmName=names[0], AlarmRule=f"ALARM({child})")
    scene.client.put_composite_alarm(AlarmName=names[1], AlarmRule=f"ALARM({names[0]})")
    scene.client.set_alarm_state(AlarmName=child, StateValue="ALARM", StateReason="rehearsal")
    assert [scene.alarm(name)["StateValue"] for name in names] == ["ALARM", "ALARM"]
    assert f"{names[0]} transitioned to ALARM" in scene.alarm(names[1])["StateReason"]
    scene.client.set_alarm_state(AlarmName=child, StateValue="OK", StateReason="rehearsal")
    assert [scene.alarm(name)["StateValue"] for name in names] == ["OK", "OK"]


# Source: SetAlarmState: a composite "returns to its actual state only once any of its children alarms change state".
def test_a_composite_keeps_a_set_state_until_a_child_changes(scene: Scene) -> None:
    child, name = scene.put_alarm("child"), scene.name("set")
    scene.client.put_composite_alarm(AlarmName=name, AlarmRule=f"ALARM({child})")
    scene.client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="rehearsal")
    assert scene.alarm(name)["StateValue"] == "ALARM"
    scene.client.set_alarm_state(AlarmName=child, StateValue="OK", StateReason="rehearsal")
    assert scene.alarm(name)["StateValue"] == "OK"


# Source: "Composite alarm action suppression".
def test_a_suppressor_in_alarm_holds_the_actions_back(scene: Scene) -> None:
    child, suppressor, name = scene.put_alarm("child"), scene.put_alarm("suppressor"), scene.name("suppressed")
    scene.client.put_composite_alarm(
        AlarmName=name,
        AlarmRule=f"ALARM({child})",
        AlarmActions=[TOPIC],
        ActionsSuppressor=suppressor,
        ActionsSuppressorWaitPeriod=60,
        ActionsSuppressorExtensionPeriod=60,
    )
    for each in (suppressor, child):
        scene.client.set_alarm_state(AlarmName=each, StateValue="ALARM", StateReason="rehearsal")
    assert (scene.alarm(name)["StateValue"], scene.alarm(name)["ActionsSuppressedBy"]) == ("ALARM", "Alarm")
    actions = scene.client.describe_alarm_history(
        AlarmName=name, AlarmTypes=["CompositeAlarm"], HistoryItemType="Action"
    )
    assert all("would not call" in item["HistorySummary"] for item in actions["AlarmHistoryItems"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"AlarmRule": "ALARM("},
        {"AlarmRule": "ALARM(no-such-alarm)"},
        {"AlarmRule": "TRUE", "AlarmActions": ["arn:aws:autoscaling:us-east-1:1:scalingPolicy:x"]},
        {"AlarmRule": "TRUE", "ActionsSuppressorWaitPeriod": 60},
    ],
)
def test_put_composite_alarm_refuses(scene: Scene, parameters: Mapping[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        scene.client.put_composite_alarm(AlarmName=scene.name("refused"), **parameters)


def test_composites_in_a_cycle_are_refused_by_name(scene: Scene) -> None:
    first, second = scene.name("first"), scene.name("second")
    scene.client.put_composite_alarm(AlarmName=first, AlarmRule="FALSE")
    scene.client.put_composite_alarm(AlarmName=second, AlarmRule=f"ALARM({first})")
    with pytest.raises(ClientError, match="UnsupportedOperation"):
        scene.client.put_composite_alarm(AlarmName=first, AlarmRule=f"ALARM({second})")


# Source: the API reference of DeleteAlarms.
def test_delete_alarms(scene: Scene) -> None:
    child, names = scene.put_alarm("child"), (scene.name("one"), scene.name("two"))
    scene.client.put_composite_alarm(AlarmName=names[0], AlarmRule=f"ALARM({child})")
    scene.client.put_composite_alarm(AlarmName=names[1], AlarmRule="FALSE")
    for refused in ([child], list(names), [f"alarm-{number}" for number in range(101)]):
        with pytest.raises(ClientError, match="ValidationError"):
            scene.client.delete_alarms(AlarmNames=refused)
    arn = scene.alarm(child)["AlarmArn"]
    scene.client.delete_alarms(AlarmNames=[names[0], child, "no-such-alarm"])
    assert scene.client.describe_alarms(AlarmNames=[child, names[0]])["MetricAlarms"] == []
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scene.client.list_tags_for_resource(ResourceARN=arn)


# Source: "Alarm mute rules", and the API references of the four operations.
@pytest.mark.parametrize(
    ("hours", "status", "held_back"), [(0, "ACTIVE", True), (3, "SCHEDULED", False), (-3, "EXPIRED", False)]
)
def test_a_mute_rule(scene: Scene, hours: int, status: str, held_back: bool) -> None:
    alarm, rule = scene.put_alarm("muted", AlarmActions=[TOPIC]), scene.name("rule")
    begins = scene.now + timedelta(hours=hours)
    schedule = {"Expression": f"at({begins:%Y-%m-%dT%H:%M})", "Duration": "PT1H"}
    scene.client.put_alarm_mute_rule(
        Name=rule, Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": [alarm]}, Tags=[{"Key": "k", "Value": "v"}]
    )
    found = scene.client.get_alarm_mute_rule(AlarmMuteRuleName=rule)
    assert (found["Name"], found["Status"], found["Rule"]["Schedule"]) == (rule, status, schedule)
    assert scene.client.list_tags_for_resource(ResourceARN=found["AlarmMuteRuleArn"])["Tags"]
    (summary,) = scene.client.list_alarm_mute_rules(AlarmName=alarm)["AlarmMuteRuleSummaries"]
    assert (summary["AlarmMuteRuleArn"], summary["Status"]) == (found["AlarmMuteRuleArn"], status)
    scene.client.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="rehearsal")
    (item,) = scene.client.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action")["AlarmHistoryItems"]
    assert ("would not call" in item["HistorySummary"]) is held_back
    scene.client.delete_alarm_mute_rule(AlarmMuteRuleName=rule)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scene.client.get_alarm_mute_rule(AlarmMuteRuleName=rule)


@pytest.mark.parametrize(
    "schedule",
    [{"Expression": "at(2026-13-01T00:00)", "Duration": "PT1H"}, {"Expression": "cron(0 0 * * *)", "Duration": "P16D"}],
)
def test_put_alarm_mute_rule_refuses(scene: Scene, schedule: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        scene.client.put_alarm_mute_rule(Name=scene.name("rule"), Rule={"Schedule": schedule})
