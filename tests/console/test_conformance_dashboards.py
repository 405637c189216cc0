"""Dashboards and tags: expected values from the API references of their operations, seen through boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.console.console_process import Scene

TEXT = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "# Hello"}}


def body(*widgets: dict[str, Any]) -> str:
    return json.dumps({"widgets": list(widgets)})


def test_a_dashboard_is_returned_as_it_was_put(scene: Scene) -> None:
    name, text = scene.name("board"), body(TEXT) + "\n"
    assert scene.client.put_dashboard(DashboardName=name, DashboardBody=text)["DashboardValidationMessages"] == []
    found = scene.client.get_dashboard(DashboardName=name)
    assert (found["DashboardBody"], found["DashboardArn"]) == (
        text,
        f"arn:aws:cloudwatch::123456789012:dashboard/{name}",
    )
    (entry,) = scene.client.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == (name, len(text))


def test_an_accepted_body_may_have_remarks(scene: Scene) -> None:
    answer = scene.client.put_dashboard(DashboardName=scene.name("board"), DashboardBody=body(TEXT, TEXT))
    (message,) = answer["DashboardValidationMessages"]
    assert message == {"DataPath": "/widgets/1", "Message": "overlaps /widgets/0"}


# Sources of the messages: aws-eda-slurm-cluster #116, and users' reports of the same form.
@pytest.mark.parametrize(
    ("widgets", "path", "message"),
    [
        ([{**TEXT, "type": "poem"}], "/widgets/0/type", "Should be"),
        ([{"type": "text"}], "/widgets/0", "Should have required property 'properties'"),
        ([{**TEXT, "width": 25}], "/widgets/0/width", "Should be <= 24"),
        ([{**TEXT, "type": "alarm", "properties": {"alarms": []}}], "/widgets/0/properties/alarms", "1 items"),
    ],
)
def test_a_wrong_body_is_refused_with_the_path_of_each_fault(
    scene: Scene, widgets: list[dict[str, Any]], path: str, message: str
) -> None:
    with pytest.raises(ClientError, match="validation errors") as refused:
        scene.client.put_dashboard(DashboardName=scene.name("board"), DashboardBody=body(*widgets))
    assert refused.value.response["Error"]["Code"] == "InvalidParameterInput"
    messages = refused.value.response["dashboardValidationMessages"]  # type: ignore[typeddict-item] # of its shape
    assert any(each["DataPath"] == path and message in each["Message"] for each in messages), messages
    assert scene.client.list_dashboards(DashboardNamePrefix=scene.name("board"))["DashboardEntries"] == []


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_body_without_widgets_is_refused(scene: Scene, text: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterInput"):
        scene.client.put_dashboard(DashboardName=scene.name("board"), DashboardBody=text)


def test_the_name_of_a_dashboard_has_few_characters(scene: Scene) -> None:
    with pytest.raises(ClientError, match="InvalidParameterInput"):
        scene.client.put_dashboard(DashboardName="a board", DashboardBody=body(TEXT))


def test_if_one_name_is_wrong_no_dashboard_is_deleted(scene: Scene) -> None:
    name = scene.name("board")
    scene.client.put_dashboard(DashboardName=name, DashboardBody=body(TEXT))
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scene.client.delete_dashboards(DashboardNames=[name, "no-such-board"])
    scene.client.delete_dashboards(DashboardNames=[name])
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scene.client.get_dashboard(DashboardName=name)


def test_tags_are_added_replaced_and_removed(scene: Scene) -> None:
    arn = scene.alarm(scene.put_alarm("tagged", Tags=[{"Key": "a", "Value": "1"}]))["AlarmArn"]
    scene.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    scene.client.untag_resource(ResourceARN=arn, TagKeys=["b", "c"])
    assert scene.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "2"}]


def test_tags_of_an_unknown_resource_and_too_many_tags_are_refused(scene: Scene) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        scene.client.list_tags_for_resource(ResourceARN="arn:aws:cloudwatch:us-east-1:123456789012:alarm:nobody")
    arn = scene.alarm(scene.put_alarm("tagged"))["AlarmArn"]
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        scene.client.tag_resource(ResourceARN=arn, Tags=many)
