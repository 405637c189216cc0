"""Reads definitions that are not in the form of this project: calls, described objects, and bodies of dashboards."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alarms.check import __main__ as check
from alarms.check.definition_checks import check_definitions
from alarms.definition_files import DefinitionError, DefinitionKind
from alarms.forms.form_reading import read_paths
from alarms.options import EXAMPLE

ALARM = {
    "AlarmName": "checkout errors",
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "FunctionName", "Value": "checkout"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 5,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
COMPOSITE = {"AlarmName": "checkout", "AlarmRule": 'ALARM("checkout errors")'}
BODY: dict[str, Any] = {"widgets": [{"type": "text", "properties": {"markdown": "Checkout"}}]}
DASHBOARD = {"DashboardName": "checkout", "DashboardBody": json.dumps(BODY)}
DESCRIBED = {"AlarmArn": "arn:aws:cloudwatch:us-east-1:1:alarm:x", "StateValue": "OK", "StateUpdatedTimestamp": "2026"}


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("document", "kinds", "places"),
    [
        (ALARM, [DefinitionKind.METRIC_ALARM], [""]),
        (COMPOSITE, [DefinitionKind.COMPOSITE_ALARM], [""]),
        (DASHBOARD, [DefinitionKind.DASHBOARD], [""]),
        (BODY, [DefinitionKind.DASHBOARD], [""]),
        ({"Name": "night", "Rule": {}}, [DefinitionKind.MUTE_RULE], [""]),
        ({"Name": "night", "Rule": {}, "AlarmMuteRuleArn": "arn", "MuteType": "x"}, [DefinitionKind.MUTE_RULE], [""]),
        ({"SingleMetricAnomalyDetector": {}}, [DefinitionKind.ANOMALY_DETECTOR], [""]),
        ({"Namespace": "A", "MetricName": "m", "Stat": "Sum"}, [DefinitionKind.ANOMALY_DETECTOR], [""]),
        (
            {"AnomalyDetectors": [{"Namespace": "A", "SingleMetricAnomalyDetector": {}, "StateValue": "TRAINED"}]},
            [DefinitionKind.ANOMALY_DETECTOR],
            ["AnomalyDetectors[0]"],
        ),
        ({"AlarmName": "logs", "ScheduledQueryConfiguration": {}}, [DefinitionKind.LOG_ALARM], [""]),
        ({"LogAlarms": [{"AlarmName": "logs", **DESCRIBED}]}, [DefinitionKind.LOG_ALARM], ["LogAlarms[0]"]),
        ([ALARM, COMPOSITE], [DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM], ["[0]", "[1]"]),
        (
            {"MetricAlarms": [{**ALARM, **DESCRIBED}], "CompositeAlarms": [{**COMPOSITE, **DESCRIBED}]},
            [DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM],
            ["MetricAlarms[0]", "CompositeAlarms[0]"],
        ),
        ({**DASHBOARD, "DashboardArn": "arn:aws:cloudwatch::1:dashboard/x"}, [DefinitionKind.DASHBOARD], [""]),
        (
            {"ScalingPolicies": [{"PolicyName": "up", "AutoScalingGroupName": "g", "PolicyARN": "arn", "Alarms": []}]},
            [DefinitionKind.SCALING_POLICY],
            ["ScalingPolicies[0]"],
        ),
        (
            {"ScalingPolicies": [{"PolicyName": "cpu", "ServiceNamespace": "ecs", "PolicyARN": "arn", "Alarms": []}]},
            [DefinitionKind.SCALING_POLICY],
            ["ScalingPolicies[0]"],
        ),
        ({"PolicyName": "cpu", "ServiceNamespace": "ecs"}, [DefinitionKind.SCALING_POLICY], [""]),
        (
            {"why": {}, "put_metric_alarm": {**ALARM, "AlarmName": "${PREFIX}-errors"}},
            [DefinitionKind.METRIC_ALARM],
            ["put_metric_alarm"],
        ),
    ],
)
def test_each_form_is_read(tmp_path: Path, document: Any, kinds: list[DefinitionKind], places: list[str]) -> None:
    path = write(tmp_path / "checkout.json", document)
    found = read_paths([path], {"PREFIX": "shop"})
    assert [definition.kind for definition in found] == kinds
    assert [definition.place for definition in found] == places
    assert not any(definition.is_ours for definition in found)
    assert not any(DESCRIBED.keys() & definition.parameters.keys() for definition in found)


def test_a_folder_is_read_without_its_other_files(tmp_path: Path) -> None:
    write(tmp_path / "a/alarm.json", ALARM)
    write(tmp_path / "b/composite.json", COMPOSITE)
    write(tmp_path / "package.json", {"name": "checkout"})
    found = read_paths([tmp_path], {})
    assert [(definition.stem, Path(definition.file).name) for definition in found] == [
        ("checkout errors", "alarm.json"),
        ("checkout", "composite.json"),
    ]


@pytest.mark.parametrize("document", ["{", '"text"', {"name": "checkout"}, [], [1], {"MetricAlarms": []}])
def test_a_file_without_a_definition_is_refused_by_name(tmp_path: Path, document: Any) -> None:
    path = write(tmp_path / "checkout.json", document)
    with pytest.raises(DefinitionError, match=r"checkout\.json: "):
        read_paths([path], {})


@pytest.mark.parametrize("other", [{"MetricName": "Errors", "Threshold": 1}, {}, [ALARM], "checkout", None])
def test_an_entry_of_a_list_that_is_no_call_is_refused_with_its_place(tmp_path: Path, other: Any) -> None:
    path = write(tmp_path / "theirs.json", [ALARM, other, COMPOSITE])
    with pytest.raises(DefinitionError) as refusal:
        read_paths([path], {})
    assert refusal.value.problems == [f"{path}: [1]: is no call that is known here"]


def test_an_empty_folder_and_a_missing_file_are_refused_together(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_paths([tmp_path, tmp_path / "no.json"], {})
    assert len(caught.value.problems) == 2


def test_check_reads_files_of_other_accounts_without_variables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "alarm.json", ALARM)
    bad = write(tmp_path / "all.json", {"MetricAlarms": [ALARM, {**ALARM, "AlarmName": "b", "Period": 45}]})
    assert check.main(["--definitions", str(good)]) == 0
    assert "1 definitions: no problem found." in capsys.readouterr().out
    assert check.main(["--definitions", str(bad)]) == 1
    assert f"{bad}: MetricAlarms[1].Period: is 45, only 10, 20, 30" in capsys.readouterr().out


DESCRIPTION: dict[str, Any] = {
    "MetricAlarms": [
        ALARM,
        {
            **{key: ALARM[key] for key in ("EvaluationPeriods", "Threshold", "ComparisonOperator")},
            "AlarmName": "rate",
            "Metrics": [
                {
                    "Id": "m1",
                    "MetricStat": {
                        "Metric": {"Namespace": "Shop", "MetricName": "Errors", "Dimensions": ALARM["Dimensions"]},
                        **{"Period": 60, "Stat": "Sum"},
                    },
                    "ReturnData": False,
                },
                {"Id": "e1", "Expression": "FILL(m1, 0) + AVG(m1)"},
            ],
            "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:pages"],
        },
    ],
    "CompositeAlarms": [COMPOSITE],
    "ScalingPolicies": [
        {
            **{"PolicyName": "p", "AutoScalingGroupName": "g", "PolicyType": "TargetTrackingScaling"},
            "TargetTrackingConfiguration": {
                "TargetValue": 1,
                "CustomizedMetricSpecification": {"MetricName": "x", "Namespace": "Shop", "Statistic": "Sum"},
            },
        }
    ],
}
GRAPHS: dict[str, Any] = {
    "widgets": [
        {
            "type": "metric",
            "properties": {
                "region": "us-east-1",
                "metrics": [
                    ["Shop", "Errors", "FunctionName", "checkout", {"id": "m1", "region": "eu-west-1"}],
                    [{"expression": "SEARCH('{Shop,FunctionName} Errors', 'Sum')", "id": "e1"}],
                    [{"expression": 'SELECT SUM(Errors) FROM "AWS/Lambda"'}],
                ],
            },
        },
        {"type": "alarm", "properties": {"alarms": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:x"]}},
    ]
}
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Env": {"Type": "String", "Default": "dev"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a"},
    },
    "Mappings": {"Limits": {"dev": {"Errors": 7}}},
    "Conditions": {"IsDev": {"Fn::And": [{"Fn::Equals": [{"Ref": "Env"}, "dev"]}, {"Fn::Not": [{"Condition": "No"}]}]}},
    "Resources": {
        "Errors": {
            "Type": "AWS::CloudWatch::Alarm",
            "Condition": "IsDev",
            "Properties": {
                **ALARM,
                "AlarmName": {"Fn::Sub": ["${Env}-${A}", {"A": {"Fn::Select": [0, {"Fn::Split": [",", "a,b"]}]}}]},
                "Threshold": {"Fn::FindInMap": ["Limits", {"Ref": "Env"}, "Errors"]},
                "AlarmActions": {"Fn::If": ["IsDev", [{"Ref": "Up"}], {"Ref": "AWS::NoValue"}]},
            },
        },
        "All": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmRule": {"Fn::Join": ["", ["ALARM(", {"Fn::GetAtt": ["Errors", "Arn"]}, ")"]]}},
        },
        "Up": {
            "Type": "AWS::AutoScaling::ScalingPolicy",
            "Properties": {"AutoScalingGroupName": {"Ref": "Group"}, "AdjustmentType": "ExactCapacity"},
        },
        "Screen": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardBody": {"Fn::Sub": json.dumps(GRAPHS).replace("eu-west-1", "${AWS::Region}")}},
        },
    },
}
JUNK: tuple[Any, ...] = (None, 1, -1.5, "", "x", "ALARM(", [], {}, [1], {"a": 1}, True, [[]], [{}])


@pytest.mark.parametrize("document", [DESCRIPTION, GRAPHS, TEMPLATE], ids=["alarms", "dashboard", "template"])
def test_a_spoilt_file_gives_notices_and_no_traceback(tmp_path: Path, document: dict[str, Any]) -> None:
    random = Random(1)  # each case spoils one or two values at any depth
    for _ in range(150):
        spoilt = copy.deepcopy(document)
        for _ in range(random.randint(1, 2)):
            holder, key = random.choice(list(_places(spoilt)))
            holder[key] = random.choice(JUNK)
        path = write(tmp_path / "spoilt.json", spoilt)
        try:
            definitions = read_paths([path], {})
        except DefinitionError:
            continue
        assert all(str(notice) for notice in check_definitions(definitions, {"REGION": "us-east-1", "ACCOUNT": "1"}))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def test_one_of_our_files_is_checked_alone_without_the_rules_for_all_definitions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check.main(["--definitions", "dashboards/api.json", "--variables", str(EXAMPLE)]) == 0
    assert check.main(["--definitions", "dashboards/api.json"]) == 2
    assert "${PREFIX} is not set" in capsys.readouterr().err
