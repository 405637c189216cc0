"""``alarms.sync`` against a console: the rehearsal of a deployment on this machine."""

import json
import uuid
from pathlib import Path

import boto3
import pytest

from alarms.options import EXAMPLE
from alarms.sync import __main__ as sync
from local.system.aws_emulator import REGION, AwsEmulator
from tests.alarms.sync.test_sync import ANY_RATE, make_group
from tests.console.console_process import MINUTE, ConsoleProcess, Scene


def test_a_sync_creates_everything_the_next_finds_nothing_to_do_and_alarms_see_data(
    console: ConsoleProcess,
    emulator: AwsEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)  # Auto Scaling
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", console.url)
    for pace in ("ALARM_WRITES_PER_SECOND", "DASHBOARD_WRITES_PER_SECOND", "READS_PER_SECOND"):
        monkeypatch.setattr(f"alarms.sync.account.{pace}", ANY_RATE)
    prefix = f"t{uuid.uuid4().hex[:8]}"
    values = {**json.loads(EXAMPLE.read_text()), "PREFIX": prefix, "AUTO_SCALING_GROUP": prefix, "REGION": REGION}
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps(values))
    make_group(emulator, prefix)

    assert sync.main(["--variables", str(variables)]) == 0, capsys.readouterr()
    assert " 0 to update, 0 to delete." in capsys.readouterr().out
    assert sync.main(["--variables", str(variables), "--check"]) == 0, capsys.readouterr()
    assert "Nothing to do." in capsys.readouterr().out

    scene = Scene(console.client(), console.now())
    dead_letters = scene.alarm(f"{prefix}-dead-letters")
    assert dead_letters["StateValue"] == "OK"
    scene.client.put_metric_data(
        Namespace=dead_letters["Namespace"],
        MetricData=[
            {
                "MetricName": dead_letters["MetricName"],
                "Dimensions": dead_letters["Dimensions"],
                "Timestamp": scene.now - MINUTE,
                "Value": 1,
                "Unit": "Count",
            }
        ],
    )
    scene.client.put_metric_alarm(**{key: dead_letters[key] for key in PUT if key in dead_letters})
    assert scene.alarm(f"{prefix}-dead-letters")["StateValue"] == "ALARM"


PUT = (
    *("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods", "Threshold"),
    *("DatapointsToAlarm", "ComparisonOperator", "TreatMissingData", "AlarmActions"),
)
