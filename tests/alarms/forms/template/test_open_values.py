"""The commands name the open values of a template, and do not refuse the template because of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alarms.backtest import __main__ as backtest
from alarms.check import __main__ as check
from alarms.forms.form_reading import read_paths
from alarms.simulate.policies import defined_policies, skipped_policies
from alarms.sync import __main__ as sync
from cloudwatch.scaling.policy import StepScaling
from tests.alarms.emf_log import job, write_log
from tests.alarms.forms.template.templates import alarm, template, write

TOPIC = {"Type": "AWS::SNS::Topic"}
FUNCTION = {"Type": "AWS::Lambda::Function"}
BODY = [
    '{"widgets":[{"type":"metric","properties":{"region":"',
    {"Ref": "AWS::Region"},
    '","metrics":[["Shop","Errors","FunctionName","',
    {"Ref": "Function"},
    '",{"id":"m1"}],[{"expression":"m1/',
    {"Ref": "Divisor"},
    '"}]]}},{"type":"metric","properties":{"annotations":{"alarms":["',
    {"Fn::GetAtt": ["Errors", "Arn"]},
    '"]}}},{"type":"alarm","properties":{"alarms":["',
    {"Fn::GetAtt": ["Errors", "Arn"]},
    '"]}}]}',
]
PARAMETERS = {name: {"Type": "String"} for name in ("Limit", "Statistic", "Name", "Divisor")}

Output = pytest.CaptureFixture[str]


def checked(folder: Path, document: Any, output: Output, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """The errors and remarks of alarms.check, each with its place."""
    path = write(folder, document)
    values = folder / "values.json"
    values.write_text(json.dumps(variables or {}))
    check.main(["--json", "--definitions", str(path), "--variables", str(values)])
    answer: dict[str, Any] = json.loads(output.readouterr().out)
    return {kind: {(each["place"], each["text"]) for each in found} for kind, found in answer.items()}


def test_a_template_of_cdk_has_remarks_and_no_error(tmp_path: Path, capsys: Output) -> None:
    dimension = {"Name": "FunctionName", "Value": {"Ref": "Function"}}
    errors = alarm(
        Dimensions=[dimension],
        AlarmActions=[{"Ref": "Topic"}, {"Fn::Sub": "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:x"}],
    )
    rule = {"Fn::Join": ["", ['ALARM("', {"Fn::GetAtt": ["Errors", "Arn"]}, '") OR ALARM(', {"Ref": "Name"}, ")"]]}
    resources = {
        "Topic": TOPIC,
        "Function": FUNCTION,
        "Errors": errors,
        "All": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": rule}},
        "Screen": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": {"Fn::Sub": "${AWS::StackName}-shop"},
                "DashboardBody": {"Fn::Join": ["", BODY]},
            },
        },
    }
    found = checked(tmp_path, template(resources, Parameters=PARAMETERS), capsys)
    assert found["errors"] == set()
    remarks = dict(found["remarks"])
    assert remarks["Resources.Errors.Properties.AlarmActions[0]"].startswith(
        "${Topic} is not known: AWS makes it with the AWS::SNS::Topic; --variables can give it"
    )
    assert remarks["Resources.Errors.Properties.Dimensions[0].Value"].endswith("(and at 1 more places)")
    assert [name for name in ("${Name}", "${Divisor}", "${AWS::StackName}") if name not in str(found["remarks"])] == []
    assert not {text for _, text in found["remarks"] if "there is no alarm" in text or "is not the ARN" in text}


def test_a_template_whose_values_are_given_is_checked_like_any_other_file(tmp_path: Path, capsys: Output) -> None:
    screen = {"DashboardName": {"Fn::Sub": "${AWS::StackName}"}, "DashboardBody": {"Fn::Join": ["", BODY]}}
    resources = {
        "Function": FUNCTION,
        "Errors": alarm(AlarmActions=[{"Ref": "Name"}]),
        "Screen": {"Type": "AWS::CloudWatch::Dashboard", "Properties": screen},
    }
    environment = {"REGION": "eu-west-1", "ACCOUNT": "123456789012"}
    given = {"AWS::StackName": "shop", "Function": "f", "Name": "pages", "Divisor": "(", **environment}
    found = checked(tmp_path, template(resources, Parameters=PARAMETERS), capsys, given)
    expression = "Resources.Screen.Properties.DashboardBody/widgets/0/properties/metrics/1/0/expression"
    assert {place for place, _ in found["errors"]} == {"Resources.Errors.Properties.AlarmActions", expression}
    assert not {text for _, text in found["remarks"] if "is not known" in text}


@pytest.mark.parametrize(
    "properties",
    [
        {"Threshold": {"Ref": "Limit"}},
        {"Statistic": {"Ref": "Statistic"}},
        {"EvaluationPeriods": {"Ref": "Limit"}, "DatapointsToAlarm": 3},
        {"Period": {"Ref": "Limit"}},
        {"Dimensions": {"Fn::If": ["Undecided", [], [{"Name": "a", "Value": "b"}]]}},
        {"TreatMissingData": {"Ref": "Name"}},
    ],
    ids=str,
)
def test_a_value_outside_free_text_leaves_the_call_unjudged(
    tmp_path: Path, capsys: Output, properties: dict[str, Any]
) -> None:
    conditions = {"Undecided": {"Fn::Equals": [{"Ref": "Name"}, "x"]}}
    document = template({"Errors": alarm(**properties)}, Parameters=PARAMETERS, Conditions=conditions)
    found = checked(tmp_path, document, capsys)
    assert found["errors"] == set()
    judged = dict(found["remarks"])["Resources.Errors.Properties"]
    assert judged.startswith(f"cannot be judged as a whole: {next(iter(properties))}: ${{")
    broken = template({"Errors": alarm(**properties, Unit="Parsecs")}, Parameters=PARAMETERS, Conditions=conditions)
    assert [place for place, _ in checked(tmp_path, broken, capsys)["errors"]] == ["Resources.Errors.Properties.Unit"]


def test_a_body_with_an_open_number_is_not_judged(tmp_path: Path, capsys: Output) -> None:
    body = {"Fn::Sub": '{"widgets": [{"type": "text", "height": ${Limit}, "properties": {"markdown": "x"}}]}'}
    screen = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}}
    document = template({"Screen": screen}, Parameters=PARAMETERS)
    found = checked(tmp_path, document, capsys)
    assert found["errors"] == set()
    assert "cannot be judged, because a part of it is not known" in {text for _, text in found["remarks"]}
    assert checked(tmp_path, document, capsys, {"Limit": 0})["errors"]


def test_an_expression_that_cloudformation_refuses_is_an_error(tmp_path: Path, capsys: Output) -> None:
    found = checked(tmp_path, template({"Errors": alarm(AlarmActions=[{"Ref": "Nothing"}])}), capsys)
    assert found["errors"] == {
        (
            "Resources.Errors.Properties.AlarmActions[0]",
            "${Nothing}: the template has no parameter and no resource of that name",
        )
    }


def test_two_stacks_may_have_alarms_of_one_name_and_sync_refuses_them(tmp_path: Path, capsys: Output) -> None:
    composite = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {"AlarmName": "all", "AlarmRule": "ALARM(named) OR ALARM(gone)"},
    }
    metric = {
        "Namespace": "ANB/RisingStars",
        "MetricName": "Jobs",
        "Dimensions": [{"Name": "Service", "Value": "worker"}],
    }
    for stage, threshold in (("dev", 1), ("prod", 9)):
        named = alarm(AlarmName="named", Threshold=threshold, **metric)
        above = {**composite, "Properties": {"AlarmName": "above", "AlarmRule": "ALARM(all)"}}
        resources = {"Errors": alarm(), "Named": named, "All": composite, "Above": above}
        write(tmp_path, template(resources), f"{stage}.template.json")
    assert check.main(["--definitions", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "Resources.Named.Properties.AlarmName: the metric alarm at" in printed
    log = write_log(tmp_path / "emf.log", documents())
    assert backtest.main(["--json", "--definitions", str(tmp_path), "--", str(log)]) == 0
    alarms = json.loads(capsys.readouterr().out)["alarms"]
    assert [(each["name"], len(each["episodes"])) for each in alarms if each["name"] in ("named", "all", "above")] == [
        *(("named", 1), ("all", 1), ("above", 1)),
        *(("named", 0), ("all", 0), ("above", 0)),
    ]
    assert [each["unplayed"] for each in alarms if each["name"] == "above"] == [["gone"], ["gone"]]
    values = tmp_path / "values.json"
    values.write_text(json.dumps({"PREFIX": "shop", "REGION": "us-east-1"}))
    assert sync.main(["--definitions", str(tmp_path), "--variables", str(values)]) == 2
    assert "named is also the name of the metric alarm of" in capsys.readouterr().err


def test_alternatives_under_conditions_may_have_one_name(tmp_path: Path, capsys: Output) -> None:
    conditions = {"Loud": {"Fn::Equals": [{"Ref": "Name"}, "x"]}, "Quiet": {"Fn::Not": [{"Condition": "Loud"}]}}
    resources = {name: {**alarm(AlarmName="errors"), "Condition": name} for name in conditions}
    document = template(resources, Parameters=PARAMETERS, Conditions=conditions)
    assert checked(tmp_path, document, capsys)["errors"] == set()
    same = template({name: alarm(AlarmName="errors") for name in conditions})
    assert [place for place, _ in checked(tmp_path, same, capsys)["errors"]] == ["Resources.Quiet.Properties.AlarmName"]
    missing = checked(tmp_path, template(resources), capsys)["errors"]
    assert ("Resources.Loud.Properties.Condition", "${Condition Loud}: the template has no condition Loud") in missing


def test_empty_lists_are_as_good_as_none(tmp_path: Path, capsys: Output) -> None:
    metric = {"Namespace": "Shop", "MetricName": "Errors"}
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    single = ("Namespace", "MetricName", "Statistic", "Period")
    properties = {key: value for key, value in alarm()["Properties"].items() if key not in single}
    properties |= {"Metrics": [query], "Dimensions": [], "OKActions": []}
    resources = {"Errors": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}
    assert checked(tmp_path, template(resources), capsys)["errors"] == set()


def documents() -> Iterator[dict[str, Any]]:
    for minute in range(30):
        yield job(minute + 0.5, Jobs=2)


def test_backtest_plays_what_is_known_and_names_what_is_not(tmp_path: Path, capsys: Output) -> None:
    log = write_log(tmp_path / "emf.log", documents())
    metric = {"Namespace": "ANB/RisingStars", "MetricName": "Jobs", "Statistic": "Sum", "Threshold": 2}
    dimension = {"Name": "Service", "Value": {"Ref": "Function"}}
    resources = {
        "Function": FUNCTION,
        "Played": alarm(**metric, Dimensions=[{"Name": "Service", "Value": "worker"}], AlarmActions=[{"Ref": "Name"}]),
        "Open": alarm(**metric, Dimensions=[dimension]),
        "Unjudged": alarm(**{**metric, "Threshold": {"Ref": "Limit"}}, Dimensions=[dimension]),
    }
    path = write(tmp_path, template(resources, Parameters=PARAMETERS))
    assert backtest.main(["--json", "--definitions", str(path), "--", str(log)]) == 0
    alarms = {each["name"]: each for each in json.loads(capsys.readouterr().out)["alarms"]}
    assert len(alarms["Shop-Played"]["episodes"]) == 1
    assert alarms["Shop-Open"]["skipped"].endswith(
        "${Function} is not known: AWS makes it with the AWS::Lambda::Function"
    )
    assert alarms["Shop-Unjudged"]["skipped"] == "Threshold: ${Limit} is not known: the parameter has no default value"
    values = tmp_path / "values.json"
    values.write_text(json.dumps({"Function": "worker", "Limit": 3}))
    arguments = ["--json", "--definitions", str(path), "--variables", str(values), "--", str(log)]
    assert backtest.main(arguments) == 0
    alarms = {each["name"]: each for each in json.loads(capsys.readouterr().out)["alarms"]}
    assert [len(alarms[f"Shop-{name}"]["episodes"]) for name in ("Open", "Unjudged")] == [1, 0]
    assert not alarms["Shop-Unjudged"]["skipped"]


def test_backtest_refuses_composites_that_watch_each_other(tmp_path: Path, capsys: Output) -> None:
    log = write_log(tmp_path / "emf.log", documents())
    round_trip = {
        name: {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": name, "AlarmRule": f"ALARM({other})"},
        }
        for name, other in (("a", "b"), ("b", "a"))
    }
    path = write(tmp_path, template(round_trip))
    assert backtest.main(["--definitions", str(path), "--", str(log)]) == 2
    assert "Properties.AlarmRule: composite alarms watch each other: a -> b -> a" in capsys.readouterr().err


def test_sync_refuses_a_file_with_open_values_before_it_calls_anything(tmp_path: Path, capsys: Output) -> None:
    resources = {"Topic": TOPIC, "Errors": alarm(AlarmActions=[{"Ref": "Topic"}])}
    path = write(tmp_path, template(resources))
    values = tmp_path / "values.json"
    values.write_text(json.dumps({"PREFIX": "shop", "REGION": "us-east-1"}))
    assert sync.main(["--definitions", str(path), "--variables", str(values)]) == 2
    printed = capsys.readouterr().err
    assert f"{path}: Resources.Errors.Properties.AlarmActions[0]: ${{Topic}} is not known" in printed
    assert "Resources.Errors.Properties.AlarmName: Shop-Errors is not known: CloudFormation makes the name" in printed


def test_step_policies_are_simulated_with_their_alarm_and_others_are_named(tmp_path: Path) -> None:
    def policy(**properties: Any) -> dict[str, Any]:
        known = {"AutoScalingGroupName": {"Ref": "Name"}, "PolicyType": "StepScaling"}
        known |= {"AdjustmentType": "ChangeInCapacity"}
        return {"Type": "AWS::AutoScaling::ScalingPolicy", "Properties": {**known, **properties}}

    steps = [{"MetricIntervalLowerBound": "0", "ScalingAdjustment": "1"}]
    predefined = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    tracking = {"TargetValue": {"Ref": "Limit"}, "PredefinedMetricSpecification": predefined}
    target = {"ResourceId": "table/orders", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}
    resources = {
        "Up": policy(StepAdjustments=steps),
        "Junk": alarm(AlarmActions=1.5),
        "Errors": alarm(AlarmActions=[{"Ref": "Up"}]),
        "Track": policy(PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=tracking),
        "Other": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {"PolicyName": "reads", "ServiceNamespace": "dynamodb", **target},
        },
    }
    found = read_paths([write(tmp_path, template(resources, Parameters=PARAMETERS))], {})
    assert [type(each) for each in defined_policies(found)] == [StepScaling]
    track, reads = skipped_policies(found)
    assert track.startswith("Shop-Track is not simulated: TargetTrackingConfiguration.TargetValue: ${Limit} is not")
    assert reads == "reads is not simulated: it is a policy of Application Auto Scaling"
