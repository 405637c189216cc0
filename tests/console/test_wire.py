"""The protocols, what is refused by name, and who may ask: raw HTTP, and boto3 in the older protocol."""

import gzip
from pathlib import Path

import botocore.session
import httpx
import pytest

from cli.command_parser import ExitCode
from console.__main__ import main
from console.operations.registry import OPERATIONS
from console.wire import TARGET
from tests.console.console_process import MINUTE, ConsoleProcess, Scene

JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
ALL_OPERATIONS = botocore.session.get_session().get_service_model("cloudwatch").operation_names


def post_json(console: ConsoleProcess, operation: str, body: str, **headers: str) -> httpx.Response:
    target = f"{TARGET}{operation}"
    return httpx.post(
        console.url, content=body, headers={"Content-Type": JSON, "X-Amz-Target": target, **headers}, timeout=30
    )


def test_the_query_protocol_gives_xml(console: ConsoleProcess, scene: Scene) -> None:
    name = scene.put_alarm("xml")
    form = {"Action": "DescribeAlarms", "Version": "2010-08-01", "AlarmNames.member.1": name}
    answer = httpx.post(console.url, data=form, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert f"<AlarmName>{name}</AlarmName>" in answer.text
    assert "<StateValue>INSUFFICIENT_DATA</StateValue>" in answer.text


def test_the_query_protocol_writes_numbers_times_and_lists(console: ConsoleProcess, scene: Scene) -> None:
    form = {
        "Action": "PutMetricData",
        "Namespace": scene.namespace,
        "MetricData.member.1.MetricName": "Load",
        "MetricData.member.1.Timestamp": f"{scene.now:%Y-%m-%dT%H:%M:%SZ}",
        "MetricData.member.1.Values.member.1": "1.5",
        "MetricData.member.1.Values.member.2": "2.5",
    }
    assert httpx.post(console.url, data=form, timeout=30).status_code == 200
    stat = scene.metric("Load", "Sum")
    assert scene.values({"Id": "m", "MetricStat": stat}, EndTime=scene.now + MINUTE)["m"] == {0: 4}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "DescribeAlarms", "AlarmNammes.member.1": "x"}, "ValidationError"),
        ({"Action": "DescribeAlarms", "MaxRecords": "many"}, "ValidationError"),
        ({"Action": "DescribeAlarms", "MaxRecords": "101"}, "ValidationError"),
        ({"Action": "DescribeAlarms", "NextToken": "guessed"}, "InvalidNextToken"),
        ({"Action": "DescribeEverything"}, "InvalidAction"),
        ({}, "InvalidAction"),
    ],
)
def test_the_query_protocol_refuses_in_xml(console: ConsoleProcess, form: dict[str, str], code: str) -> None:
    answer = httpx.post(console.url, data=form, headers={"Content-Type": FORM}, timeout=30)
    assert answer.status_code == 400
    assert f"<Code>{code}</Code>" in answer.text


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("DescribeAlarms", "{", "SerializationException"),
        ("DescribeAlarms", "[]", "SerializationException"),
        ("DescribeAlarms", '{"AlarmNammes": ["x"]}', "ValidationError"),  # a parser of a model would not see it
        ("DescribeAlarms", '{"MaxRecords": 2.5}', "ValidationError"),
        ("DescribeAlarms", '{"AlarmNames": "x"}', "ValidationError"),
        ("DescribeEverything", "{}", "InvalidAction"),
    ],
)
def test_the_json_protocol_refuses_what_it_would_otherwise_leave_out(
    console: ConsoleProcess, operation: str, body: str, code: str
) -> None:
    answer = post_json(console, operation, body)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-query-error"].startswith(f"{code};")
    assert answer.json()["__type"]


@pytest.mark.parametrize("operation", sorted(set(ALL_OPERATIONS) - OPERATIONS.keys()))
def test_each_other_operation_is_refused_by_name(console: ConsoleProcess, operation: str) -> None:
    answer = httpx.post(console.url, data={"Action": operation}, headers={"Content-Type": FORM}, timeout=30)
    assert answer.status_code == 400
    assert (
        f"<Code>UnsupportedOperation</Code><Message>The console does not support the operation {operation}."
        in answer.text
    )


def test_every_operation_of_the_registry_is_one_of_aws() -> None:
    assert OPERATIONS.keys() <= set(ALL_OPERATIONS)


def test_another_protocol_is_refused_by_name(console: ConsoleProcess) -> None:
    answer = httpx.post(console.url, content=b"\xa0", headers={"Content-Type": "application/cbor"}, timeout=30)
    assert answer.status_code == 400
    assert "application/cbor" in answer.json()["Message"]


# A page of another site may send forms to a port of this machine without being asked for leave.
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8008"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another server of this machine
    ],
)
def test_a_request_of_another_site_is_refused_and_changes_nothing(
    console: ConsoleProcess, scene: Scene, headers: dict[str, str]
) -> None:
    name = scene.put_alarm("target")
    form = {"Action": "DeleteAlarms", "AlarmNames.member.1": name}
    assert httpx.post(console.url, data=form, headers=headers, timeout=30).status_code == 403
    assert httpx.get(console.url, headers=headers, timeout=30).status_code == 403
    assert scene.alarm(name)


def test_the_own_origin_is_accepted(console: ConsoleProcess) -> None:
    assert post_json(console, "ListMetrics", "{}", Origin=console.url).status_code == 200
    assert httpx.get(f"http://localhost:{console.port}/", timeout=30).status_code == 200


def test_a_compressed_body_is_read(console: ConsoleProcess, scene: Scene) -> None:
    """boto3 compresses a body of 10 KB or more."""
    data = [{"MetricName": f"Load{number}", "Timestamp": scene.now, "Value": number} for number in range(1000)]
    scene.client.put_metric_data(Namespace=scene.namespace, MetricData=data)
    pages = scene.client.get_paginator("list_metrics").paginate(Namespace=scene.namespace)
    assert [len(page["Metrics"]) for page in pages] == [500, 500]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (gzip.compress(b"{}")[:-9], "gzip"), (gzip.compress(b" " * (5 << 20)), "gzip"), (b"", "br")],
)
def test_a_wrong_compression_is_refused(console: ConsoleProcess, body: bytes, encoding: str) -> None:
    headers = {"Content-Type": JSON, "X-Amz-Target": f"{TARGET}ListMetrics", "Content-Encoding": encoding}
    answer = httpx.post(console.url, content=body, headers=headers, timeout=30)
    assert (answer.status_code, "__type" in answer.json()) == (400, True)


def test_a_log_that_cannot_be_read_stops_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl"), "--empty"]) == ExitCode.REFUSED
    assert "none.jsonl" in capsys.readouterr().err


def test_other_paths_methods_and_sizes_are_refused(console: ConsoleProcess) -> None:
    assert httpx.get(f"{console.url}/other", timeout=30).status_code == 404
    assert httpx.put(console.url, timeout=30).status_code == 405
    assert httpx.post(console.url, content=b"x" * (5 << 20), timeout=30).status_code == 413


def test_the_text_for_people_lists_the_alarms(console: ConsoleProcess, scene: Scene) -> None:
    scene.put_points("Load", {1: 5})
    name = scene.put_alarm("shown")
    other = scene.put_alarm("of-aws", Namespace="AWS/RDS")
    shown = console.overview()
    assert f"ALARM             {name}: Threshold Crossed" in shown
    assert f"{other}: Unchecked: Initial alarm creation (its metrics come from AWS itself)" in shown
