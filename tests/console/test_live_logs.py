"""A console over time: recorded logs, live logs that are rotated and cut, and alarms that are evaluated each minute."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.console.console_process import MINUTE, ConsoleProcess, Scene

FAST = ("--empty", "--minute-seconds", "0.5")
SECONDS_MAX = 30.0
NAMESPACE = "Shop"


def line(at: datetime, value: float) -> str:
    directive = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": "Load", "Unit": "Count"}]}
    metadata = {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, "Load": value}) + "\n"


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def live(folder: Path) -> Iterator[ConsoleProcess]:
    """A console that follows a log which does not exist yet. Its minutes take half a second."""
    process = ConsoleProcess(folder, *FAST, "--follow", str(folder / "live.jsonl"))
    yield process
    assert process.stop() == 0


def total(live: ConsoleProcess) -> float:
    """The sum of all values in the log's metric."""
    now = live.now()
    scene = Scene(live.client(), now, NAMESPACE)
    found = scene.values(
        {"Id": "m", "MetricStat": scene.metric("Load", "Sum", 3600)}, minutes=24 * 60, EndTime=now + timedelta(hours=1)
    )
    return sum(found["m"].values())


def test_a_log_is_followed_from_its_creation_through_a_rotation_and_a_cut(live: ConsoleProcess, folder: Path) -> None:
    log, now = folder / "live.jsonl", live.now() - MINUTE
    assert total(live) == 0
    with log.open("a") as file:
        file.write(line(now, 1) + line(now, 2) + "garbage\n" + line(now, 4)[:20])  # the last line is not complete
        file.flush()
        wait_until(lambda: total(live) == 3)
        file.write(line(now, 4)[20:])
        file.flush()
        wait_until(lambda: total(live) == 7)
        log.rename(folder / "live.jsonl.1")
        file.write(line(now, 8))  # the writer still has the renamed file open
    log.write_text(line(now, 16))
    wait_until(lambda: total(live) == 31)
    log.write_text("")
    log.write_text(line(now, 32))
    wait_until(lambda: total(live) == 63)
    assert "text that is no JSON object" in live.overview()


def test_an_alarm_fires_and_ends_as_the_minutes_go_by(live: ConsoleProcess) -> None:
    scene = Scene(live.client(), live.now())
    name = scene.put_alarm("minutes", TreatMissingData="notBreaching", AlarmActions=["arn:aws:sns:us-east-1:1:pages"])
    composite = scene.name("over")
    scene.client.put_composite_alarm(AlarmName=composite, AlarmRule=f"ALARM({name})")
    assert [scene.alarm(each)["StateValue"] for each in (name, composite)] == ["OK", "OK"]
    scene.now = live.now()
    minutes = 4  # of high values, so that the alarm also fires if the machine is busy for a second
    scene.put_points("Load", {**{-each: 5 for each in range(minutes)}, -minutes: 0})
    history = {"AlarmName": composite, "AlarmTypes": ["CompositeAlarm"], "HistoryItemType": "StateUpdate"}
    wait_until(lambda: len(scene.client.describe_alarm_history(**history)["AlarmHistoryItems"]) >= 3)
    items = scene.client.describe_alarm_history(**history, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"].rpartition(" ")[2] for item in items] == ["OK", "ALARM", "OK"]
    fired, ended = (item["Timestamp"] for item in items[1:])
    assert fired.second == ended.second == 0, "alarms are evaluated at full minutes"
    begin = scene.now.replace(second=0)
    assert (begin < fired, ended) == (True, begin + (minutes + 1) * MINUTE), "a period is evaluated at its end"
    assert "would call arn:aws:sns:us-east-1:1:pages" in live.log.read_text()


def test_actions_that_were_muted_run_when_the_muting_ends(live: ConsoleProcess) -> None:
    scene = Scene(live.client(), live.now())
    name, rule = scene.put_alarm("muted", "Nothing", AlarmActions=["arn:aws:sns:us-east-1:1:late"]), scene.name("rule")
    begins = scene.now.replace(second=0)
    schedule = {"Expression": f"at({begins:%Y-%m-%dT%H:%M})", "Duration": "PT8M"}
    scene.client.put_alarm_mute_rule(Name=rule, Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": [name]})
    scene.put_alarm("muted", "Nothing", AlarmActions=["arn:aws:sns:us-east-1:1:late"], TreatMissingData="breaching")
    asked = {"AlarmName": name, "HistoryItemType": "Action", "ScanBy": "TimestampAscending"}
    wait_until(lambda: len(scene.client.describe_alarm_history(**asked)["AlarmHistoryItems"]) == 2)
    held, ran = scene.client.describe_alarm_history(**asked)["AlarmHistoryItems"]
    assert rule in held["HistorySummary"]
    assert (ran["HistorySummary"], ran["Timestamp"]) == (
        "For ALARM, AWS would call arn:aws:sns:us-east-1:1:late",
        begins + timedelta(minutes=8),
    )


def test_over_a_recording_the_alarms_have_their_history_and_the_clock_stands_at_its_end(tmp_path: Path) -> None:
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    values = [0, 0, 5, 5, 0, 0]
    log, alarm = tmp_path / "recorded.jsonl", tmp_path / "alarm.json"
    log.write_text("".join(line(begin + minute * MINUTE, value) for minute, value in enumerate(values)))
    parameters = {
        "AlarmName": "recorded",
        "Namespace": NAMESPACE,
        "MetricName": "Load",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    alarm.write_text(json.dumps(parameters))
    process = ConsoleProcess(tmp_path, str(log), "--definitions", str(alarm), "--minute-seconds", "100000")
    try:
        assert process.now() == begin + 6 * MINUTE
        items = process.client().describe_alarm_history(HistoryItemType="StateUpdate", ScanBy="TimestampAscending")
        found = [
            (item["HistorySummary"].rpartition(" ")[2], (item["Timestamp"] - begin) // MINUTE)
            for item in items["AlarmHistoryItems"]
        ]
        assert found == [("OK", 1), ("ALARM", 4), ("OK", 5)]
    finally:
        assert process.stop() == 0
