"""Templates are read as definitions: kinds, names, types, YAML like JSON, and resources that are left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from alarms.definition_files import DefinitionError, DefinitionKind
from alarms.forms.form_reading import read_paths, read_paths_with_notes
from tests.alarms.forms.template.templates import ERRORS, alarm, read, read_errors, template, write

SCALABLE = {
    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
    "Properties": {
        "ResourceId": {"Fn::Join": ["/", ["service", {"Ref": "Cluster"}, "checkout"]]},
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
    },
}
TRACKING = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}


@pytest.mark.parametrize(
    ("kind", "resource_type", "properties", "name"),
    [
        (DefinitionKind.METRIC_ALARM, "AWS::CloudWatch::Alarm", ERRORS, "Shop-It"),
        (DefinitionKind.COMPOSITE_ALARM, "AWS::CloudWatch::CompositeAlarm", {"AlarmRule": "TRUE"}, "Shop-It"),
        (DefinitionKind.LOG_ALARM, "AWS::CloudWatch::LogAlarm", {"AlarmName": "logs"}, "logs"),
        (DefinitionKind.MUTE_RULE, "AWS::CloudWatch::AlarmMuteRule", {"Rule": {}}, "Shop-It"),
        (DefinitionKind.DASHBOARD, "AWS::CloudWatch::Dashboard", {"DashboardBody": "{}"}, "Shop-It"),
        (
            DefinitionKind.ANOMALY_DETECTOR,
            "AWS::CloudWatch::AnomalyDetector",
            {"Namespace": "Shop", "MetricName": "Errors", "Stat": "Sum"},
            "Shop Errors {} Sum",
        ),
        (
            DefinitionKind.SCALING_POLICY,
            "AWS::AutoScaling::ScalingPolicy",
            {"AutoScalingGroupName": {"Ref": "Group"}, "ScalingAdjustment": 1},
            "Shop-It",
        ),
        (
            DefinitionKind.SCALING_POLICY,
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            {"PolicyName": "cpu", "ServiceNamespace": "ecs"},
            "cpu",
        ),
    ],
)
def test_each_kind_is_read(
    tmp_path: Path, kind: DefinitionKind, resource_type: str, properties: dict[str, Any], name: str
) -> None:
    resources = {"Group": {"Type": "Custom::Group"}, "It": {"Type": resource_type, "Properties": properties}}
    (found,) = read(tmp_path, template(resources))
    assert (found.kind, found.place, found.is_ours) == (kind, "Resources.It.Properties", False)
    assert found.name == name


def test_yaml_with_short_forms_is_the_same_as_json_with_long_ones(tmp_path: Path) -> None:
    yaml = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Env: {Type: String, Default: dev}
  Limit: {Type: Number, Default: 5}
Mappings:
  Periods: {dev: {Errors: 300}}
Conditions:
  IsDev: !Equals [!Ref Env, dev]
  IsLoud: !And [!Condition IsDev, !Not [!Equals [!Ref Limit, 6]]]
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Errors:
    Type: AWS::CloudWatch::Alarm
    Condition: IsLoud
    Properties:
      AlarmName: !Sub '${Env}-errors'
      AlarmDescription: !Join [' ', [!GetAtt Topic.TopicName, !Select [0, !Split [',', 'a,b']]]]
      AlarmActions: !If [IsDev, [!Ref Topic], !Ref AWS::NoValue]
      Dimensions: [{Name: Version, Value: 1.10}, {Name: Day, Value: 2026-01-01}]
      Namespace: Shop
      MetricName: Errors
      Statistic: Sum
      ActionsEnabled: yes
      Period: !FindInMap [Periods, !Ref Env, Errors]
      EvaluationPeriods: '1'
      Threshold: !Ref Limit
      ComparisonOperator: GreaterThanThreshold
"""
    is_dev = {"Fn::Equals": [{"Ref": "Env"}, "dev"]}
    is_five = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Limit"}, 6]}]}
    first = {"Fn::Select": [0, {"Fn::Split": [",", "a,b"]}]}
    properties = {
        "AlarmName": {"Fn::Sub": "${Env}-errors"},
        "AlarmDescription": {"Fn::Join": [" ", [{"Fn::GetAtt": ["Topic", "TopicName"]}, first]]},
        "AlarmActions": {"Fn::If": ["IsDev", [{"Ref": "Topic"}], {"Ref": "AWS::NoValue"}]},
        "Dimensions": [{"Name": "Version", "Value": "1.10"}, {"Name": "Day", "Value": "2026-01-01"}],
        **{"Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "ActionsEnabled": True},
        "Period": {"Fn::FindInMap": ["Periods", {"Ref": "Env"}, "Errors"]},
        **{"EvaluationPeriods": 1, "Threshold": {"Ref": "Limit"}, "ComparisonOperator": "GreaterThanThreshold"},
    }
    document = {
        "Parameters": {"Env": {"Type": "String", "Default": "dev"}, "Limit": {"Type": "Number", "Default": 5}},
        "Mappings": {"Periods": {"dev": {"Errors": 300}}},
        "Conditions": {"IsDev": is_dev, "IsLoud": {"Fn::And": [{"Condition": "IsDev"}, is_five]}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Errors": {"Type": "AWS::CloudWatch::Alarm", "Condition": "IsLoud", "Properties": properties},
        },
    }
    (of_yaml,) = read_paths([write(tmp_path, yaml, "Shop.yaml")], {})
    (of_json,) = read_paths([write(tmp_path, document, "Shop.json")], {})
    assert of_yaml.parameters == of_json.parameters
    assert of_yaml.open_values == of_json.open_values
    assert (of_yaml.name, of_yaml.parameters["Threshold"], of_yaml.parameters["Period"]) == ("dev-errors", 5, 300)
    assert of_yaml.parameters["AlarmDescription"] == "${Topic.TopicName} a"


def test_texts_become_numbers_and_numbers_texts_as_the_call_has_them(tmp_path: Path) -> None:
    written = {
        **{"Period": "60", "EvaluationPeriods": "2", "Threshold": "0.5", "ActionsEnabled": "false"},
        "Dimensions": [{"Name": "Port", "Value": 443}, {"Name": "Loud", "Value": True}],
    }
    parameters = read_errors(tmp_path, template({"Errors": alarm(**written)})).parameters
    assert [parameters[key] for key in written if key != "Dimensions"] == [60, 2, 0.5, False]
    assert [each["Value"] for each in parameters["Dimensions"]] == ["443", "true"]
    detector = {"Configuration": {"MetricTimeZone": "UTC"}, "Namespace": "Shop", "MetricName": "Errors", "Stat": "Sum"}
    resources = {"It": {"Type": "AWS::CloudWatch::AnomalyDetector", "Properties": detector}}
    (found,) = read(tmp_path, template(resources))
    assert found.parameters["Configuration"] == {"MetricTimezone": "UTC"}


def test_a_policy_has_the_target_that_it_names(tmp_path: Path) -> None:
    properties = {
        **{"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"}},
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": "50", **TRACKING},
    }
    policy = {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": properties}
    resources = {"Cluster": {"Type": "AWS::ECS::Cluster"}, "Target": SCALABLE, "Policy": policy}
    (found,) = read(tmp_path, template(resources))
    assert found.call == ("application-autoscaling", "PutScalingPolicy")
    assert found.parameters["ResourceId"] == "service/${Cluster}/checkout"
    assert (found.parameters["ScalableDimension"], found.parameters["ServiceNamespace"]) == (
        "ecs:service:DesiredCount",
        "ecs",
    )
    assert "ScalingTargetId" not in found.parameters
    assert found.parameters["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50


def test_a_composite_names_its_alarms_by_reference(tmp_path: Path) -> None:
    rule = {
        "Fn::Join": [
            "",
            ['ALARM("', {"Fn::GetAtt": ["Named", "Arn"]}, '") OR (NOT OK("', {"Ref": "Errors"}, '"))'],
        ]
    }
    composite = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmName": "all", "AlarmRule": rule}}
    resources = {"Errors": alarm(), "Named": alarm(AlarmName="named"), "All": composite}
    *_, found = read(tmp_path, template(resources), {"REGION": "eu-west-1", "ACCOUNT": "123456789012"})
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:named"
    assert found.parameters["AlarmRule"] == f'ALARM("{arn}") OR (NOT OK("Shop-Errors"))'


def test_a_resource_whose_condition_does_not_hold_is_left_out_by_name(tmp_path: Path) -> None:
    conditions = {"Loud": {"Fn::Equals": ["a", "b"]}, "Owned": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "shop"]}}
    resources = {
        "Errors": {**alarm(), "Condition": "Owned"},
        "Left": {**alarm(), "Condition": "Loud"},
        "Out": {**alarm(), "Condition": "Loud"},
    }
    path = write(tmp_path, template(resources, Conditions=conditions))
    reading = read_paths_with_notes([path], {})
    assert [each.place for each in reading.definitions] == ["Resources.Errors.Properties"]
    assert reading.notes == [f"{path}: the condition Loud does not hold, so Left, Out would not be made"]
    assert "Condition" in [value.key for value in reading.definitions[0].open_values]
    with pytest.raises(DefinitionError, match="so Left, Out would not be made"):
        read_paths([path], {"AWS::StackName": "other"})


def test_a_template_without_definitions_is_named_as_such(tmp_path: Path) -> None:
    path = write(tmp_path, template({"Bucket": {"Type": "AWS::S3::Bucket"}}))
    with pytest.raises(DefinitionError, match=r"Shop\.template\.json: is a CloudFormation template without .*S3::Buck"):
        read_paths([path], {})


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("broken.yaml", "Resources:\n  Errors:\n    Type: 'AWS::CloudWatch::Alarm\n", r"line \d, column \d"),
        ("broken.yml", "Type: AWS::S3::Bucket\n\tA: 1\n", "line 2, column 1"),
        ("broken.template", "Type: AWS::S3::Bucket\nA: [1\n", "line 3, column 1"),
        ("broken.template", '{"Resources": {"A": {"Type": "AWS::S3::Bucket"}}', "line 1 column 49"),
        ("broken.json", '{"Type":\n x}', "line 2 column 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, name: str, text: str, place: str) -> None:
    path = write(tmp_path, text, name)
    for asked in (path, tmp_path):  # in a folder, too, because it looks like a template
        with pytest.raises(DefinitionError, match=rf"{name}: .*{place}"):
            read_paths([asked], {})


def test_a_folder_is_read_without_its_other_files_of_yaml(tmp_path: Path) -> None:
    write(tmp_path, "a: b\n---\nc: d\n", "pods.yaml")
    write(tmp_path, "{{ if .Values }}\na: {{ .x }}\n", "chart.yml")
    write(tmp_path, json.dumps({"name": "shop"}), "package.json")
    write(tmp_path, f"Resources:\n  Errors: {json.dumps(alarm())}\n", "alarms.yaml")
    (found,) = read_paths([tmp_path], {})
    assert found.name == "alarms-Errors"


def test_every_form_is_read_as_yaml_too(tmp_path: Path) -> None:
    path = write(tmp_path, "MetricAlarms:\n- AlarmName: a\n  Period: 60\n  Threshold: 0.5\n", "described.yaml")
    (found,) = read_paths([path], {})
    assert found.parameters == {"AlarmName": "a", "Period": 60, "Threshold": 0.5}


def test_merged_members_of_yaml_are_read(tmp_path: Path) -> None:
    text = f"""
Common: &common {json.dumps(ERRORS)}
Resources:
  Errors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      <<: *common
      Period: 300
"""
    (found,) = read_paths([write(tmp_path, text, "Shop.yaml")], {})
    assert found.parameters == {**ERRORS, "Period": 300, "AlarmName": "Shop-Errors"}


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [[]], {"Ref": {}}, {"Fn::If": 1}, {"Fn::Sub": [1, 2]}])
@pytest.mark.parametrize(
    "section", ["Parameters", "Conditions", "Mappings", "Properties", "Type", "Condition", "Errors"]
)
def test_junk_in_any_section_gives_no_traceback(tmp_path: Path, section: str, junk: Any) -> None:
    document: dict[str, Any] = template({"Errors": alarm(), "Other": alarm(AlarmName={"Ref": "Env"})}, Conditions={})
    if section in ("Properties", "Type", "Condition"):
        document["Resources"]["Errors"][section] = junk
    elif section == "Errors":
        document["Resources"][section] = junk
    else:
        document[section] = junk
    assert read(tmp_path, document)


def test_an_expression_that_is_nested_too_deeply_is_named(tmp_path: Path) -> None:
    text = json.dumps({"Resources": {"Errors": alarm()}}).replace('"Shop"', nested("Fn::Sub", 300))
    with pytest.raises(DefinitionError, match="nested too deeply"):
        read_paths([write(tmp_path, text)], {})


def nested(function: str, depth: int) -> str:
    """A function nested in itself, as text, because Python's JSON writer has a limit of depth."""
    return f'{{"{function}": ["${{A}}", {{"A": ' * depth + '"x"' + "}]}" * depth
