"""The results of the functions of a template, with and without the values that only a stack has."""

from pathlib import Path
from typing import Any

import pytest

from tests.alarms.forms.template.templates import alarm, read, read_errors, template

PARAMETERS = {
    "Env": {"Type": "String", "Default": "dev"},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
    "Limit": {"Type": "Number", "Default": 5},
    "Owner": {"Type": "String"},
    "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
}
SECTIONS = {
    "Parameters": PARAMETERS,
    "Mappings": {"Limits": {"dev": {"Errors": "7"}, "prod": {"Errors": "1"}}},
    "Conditions": {
        "IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]},
        "IsProd": {"Fn::Not": [{"Condition": "IsDev"}]},
        "IsOwned": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Owner"}, ""]}]},
        "IsDevAndOwned": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "IsOwned"}]},
        "IsProdAndOwned": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsOwned"}]},
        "IsDevOrOwned": {"Fn::Or": [{"Condition": "IsOwned"}, {"Condition": "IsDev"}]},
        "InEurope": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
    },
}
RESOURCES = {
    "Named": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": {"Fn::Sub": "checkout-${Env}"}}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
    "Other": alarm(AlarmName="other-errors"),
    "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup"},
    "Up": {"Type": "AWS::AutoScaling::ScalingPolicy", "Properties": {"AutoScalingGroupName": {"Ref": "Group"}}},
}
ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:other-errors"
ENVIRONMENT = {"REGION": "eu-west-1", "ACCOUNT": "123456789012"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("text", "text"),
        ({"Ref": "Env"}, "dev"),
        ({"Ref": "Limit"}, "5"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::NoValue"}, None),
        ({"Ref": "Other"}, "other-errors"),
        ({"Ref": "Named"}, "checkout-dev"),
        ({"Ref": "Up"}, "${policy:Shop-Up}"),
        ({"Fn::GetAtt": ["Other", "Arn"]}, ARN),
        ({"Fn::GetAtt": "Other.Arn"}, ARN),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "orders"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Env"}, 3]]}, "a-dev-3"),
        ({"Fn::Join": ["+", {"Ref": "Zones"}]}, "a+b+c"),
        ({"Fn::Sub": "${Env}/${Limit}/${Queue.QueueName}/${!Literal}"}, "dev/5/orders/${Literal}"),
        ({"Fn::Sub": ["${A} in ${Env}", {"A": {"Fn::Select": [1, {"Ref": "Zones"}]}}]}, "b in dev"),
        ({"Fn::Select": ["2", {"Fn::Split": ["|", "x|y|z"]}]}, "z"),
        ({"Fn::Select": [6, {"Fn::Split": [":", {"Fn::GetAtt": ["Other", "Arn"]}]}]}, "other-errors"),
        ({"Fn::FindInMap": ["Limits", {"Ref": "Env"}, "Errors"]}, "7"),
        ({"Fn::FindInMap": ["Limits", "test", "Errors", {"DefaultValue": "9"}]}, "9"),
        ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "no"),
        ({"Fn::If": ["InEurope", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsProdAndOwned", "yes", "no"]}, "no"),
        ({"Fn::If": ["IsDevOrOwned", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsOwned", "same", "same"]}, "same"),
        ({"Fn::If": ["IsProd", "yes", {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::ToJsonString": {"a": {"Ref": "Env"}}}, '{"a": "dev"}'),
        ({"Fn::Length": {"Ref": "Zones"}}, "3"),
    ],
)
def test_each_function_gives_what_the_file_and_the_environment_tell(
    tmp_path: Path, expression: Any, value: str | None
) -> None:
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}, "Errors": alarm(AlarmDescription=expression), **RESOURCES}
    document = template(resources, **SECTIONS)
    definition = read_errors(tmp_path, document, ENVIRONMENT)
    assert definition.parameters.get("AlarmDescription") == value
    assert "AlarmDescription" not in {open_value.key for open_value in definition.open_values}


@pytest.mark.parametrize(
    ("expression", "value", "reason"),
    [
        ({"Ref": "Owner"}, "${Owner}", "the parameter has no default value"),
        ({"Ref": "Image"}, "${Image}", "it is what SSM has as /image"),
        ({"Ref": "Topic"}, "${Topic}", "AWS makes it with the AWS::SNS::Topic"),
        ({"Ref": "Queue"}, "${Queue}", "AWS makes it with the AWS::SQS::Queue"),
        ({"Ref": "AWS::StackName"}, "${AWS::StackName}", "the variable AWS::StackName is not set"),
        ({"Ref": "AWS::Region"}, "${AWS::Region}", "the variable REGION is not set"),
        ({"Fn::GetAtt": ["Topic", "TopicName"]}, "${Topic.TopicName}", "AWS makes it with the AWS::SNS::Topic"),
        ({"Fn::Sub": "at ${Topic.TopicName}"}, "at ${Topic.TopicName}", "AWS makes it with the AWS::SNS::Topic"),
        ({"Fn::ImportValue": "bus"}, '${Fn::ImportValue("bus")}', "another stack exports it"),
        ({"Fn::If": ["IsOwned", "a", "b"]}, '${Fn::If("IsOwned", "a", "b")}', "whether IsOwned holds is not known"),
        ({"Fn::If": ["IsDevAndOwned", "a", "b"]}, '${Fn::If("IsDevAndOwned", "a", "b")}', "is not known"),
        ({"Fn::If": ["InEurope", "a", "b"]}, '${Fn::If("InEurope", "a", "b")}', "is not known"),
        (
            {"Fn::Select": [5, {"Fn::Split": [":", {"Ref": "Topic"}]}]},
            '${Fn::Select(5, Fn::Split(":", Topic))}',
            "what it selects from is not known",
        ),
        (
            {"Fn::FindInMap": ["Limits", {"Ref": "Owner"}, "Errors"]},
            '${Fn::FindInMap("Limits", Owner, "Errors")}',
            "a key is not known",
        ),
        ({"Fn::GetAZs": ""}, '${Fn::GetAZs("")}', "only CloudFormation can compute it"),
        ("{{resolve:ssm:/owner}}", "${resolve:ssm:/owner}", "it is read at deployment"),
    ],
)
def test_what_only_a_stack_has_is_named_and_can_be_given(
    tmp_path: Path, expression: Any, value: str, reason: str
) -> None:
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}, "Errors": alarm(AlarmDescription=expression), **RESOURCES}
    document = template(resources, **SECTIONS)
    definition = read_errors(tmp_path, document)
    assert definition.parameters["AlarmDescription"] == value
    (found,) = [each for each in definition.open_values if each.key == "AlarmDescription"]
    assert found.text in value
    assert reason in found.reason
    assert not found.is_wrong
    name = {"AWS::Region": "REGION"}.get(found.text[2:-1], found.text[2:-1])
    given = read_errors(tmp_path, document, {name: "given"})
    assert given.parameters["AlarmDescription"] == value.replace(found.text, "given")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"Ref": "Nothing"}, "no parameter and no resource of that name"),
        ({"Fn::GetAtt": ["Nothing", "Arn"]}, "no resource of that name"),
        ({"Fn::GetAtt": "Nothing"}, "a resource and an attribute"),
        ({"Fn::Join": "a"}, "a delimiter and a list"),
        ({"Fn::Sub": ["a"]}, "a text and an object"),
        ({"Fn::Sub": 3}, "a text"),
        ({"Fn::Sub": "${Zones}"}, "is not a text"),
        ({"Fn::Select": [9, ["a"]]}, "an index and a list"),
        ({"Fn::FindInMap": ["Limits", "test", "Errors"]}, "no such entry"),
        ({"Fn::If": ["NoCondition", "a", "b"]}, "no condition NoCondition"),
        ({"Fn::If": ["IsDev"]}, "a condition and two values"),
    ],
)
def test_what_cloudformation_refuses_is_marked_as_wrong(tmp_path: Path, expression: Any, reason: str) -> None:
    document = template({"Errors": alarm(AlarmName="e", AlarmDescription=expression)}, **SECTIONS)
    (definition,) = read(tmp_path, document)
    (found,) = definition.open_values
    assert (found.key, found.is_wrong) == ("AlarmDescription", True)
    assert reason in found.reason


def test_a_reference_to_what_a_macro_may_make_is_not_wrong(tmp_path: Path) -> None:
    resources = {"Errors": alarm(AlarmName="e", AlarmDescription={"Ref": "ServerlessApi"})}
    (definition,) = read(tmp_path, template(resources, Transform="AWS::Serverless-2016-10-31"))
    assert [value.is_wrong for value in definition.open_values] == [False]


def test_circles_are_named_and_end(tmp_path: Path) -> None:
    resources = {
        "A": alarm(AlarmName={"Fn::Sub": "${B}-a"}),
        "B": alarm(AlarmName={"Ref": "A"}),
        "C": {**alarm(AlarmName="c"), "Condition": "Round"},
    }
    conditions = {"Round": {"Fn::Not": [{"Condition": "Round"}]}}
    found = read(tmp_path, template(resources, Conditions=conditions))
    assert all(any(value.is_wrong for value in definition.open_values) for definition in found[:2])
    assert len(found) == 3


def test_a_parameter_takes_its_value_from_the_variables(tmp_path: Path) -> None:
    document = template({"Errors": alarm(AlarmName={"Fn::Sub": "${Env} ${Owner}"})}, **SECTIONS)
    assert read_errors(tmp_path, document, {"Env": "prod", "Owner": 3}).name == "prod 3"


def test_a_missing_value_leaves_out_an_item_of_a_list(tmp_path: Path) -> None:
    actions = [{"Fn::If": ["IsProd", {"Ref": "Topic"}, {"Ref": "AWS::NoValue"}]}, "arn:aws:sns:eu-west-1:1:pages"]
    (definition,) = read(tmp_path, template({"Errors": alarm(AlarmActions=actions)}, **SECTIONS))
    assert definition.parameters["AlarmActions"] == ["arn:aws:sns:eu-west-1:1:pages"]


def test_loops_of_the_language_extensions_are_unrolled(tmp_path: Path) -> None:
    queue_alarm = alarm(AlarmName={"Fn::Sub": "${Queue}-errors"}, AlarmDescription={"Ref": "Queue"})
    loop = ["Queue", ["orders", "dead-mails"], {"Alarm&{Queue}": queue_alarm}]
    found = read(tmp_path, template({"Fn::ForEach::Queues": loop}, Transform="AWS::LanguageExtensions"))
    assert [(each.place, each.name) for each in found] == [
        ("Resources.Alarmorders.Properties", "orders-errors"),
        ("Resources.Alarmdeadmails.Properties", "dead-mails-errors"),
    ]
    assert found[0].parameters["AlarmDescription"] == "orders"
