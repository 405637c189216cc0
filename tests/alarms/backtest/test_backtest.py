"""Alarms are replayed over a recorded log, and compared with another version of them."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alarms.backtest import __main__ as backtest
from alarms.definition_files import ROOT, Definition, DefinitionKind
from alarms.options import EXAMPLE
from alarms.recording import NothingRecorded, read_recording
from alarms.replay import FLAP_SECONDS, replay
from cloudwatch.alarm.state import AlarmState
from telemetry.catalogue import PUBLICATION, WORKER_HEARTBEAT
from tests.alarms.emf_log import BEGIN, MINUTE, NAMESPACE, document, job, queue, request, write_log

DEAD_LETTERS = "alarms/definitions/metric_alarms/dead-letters.json"
PNG = b"\x89PNG\r\n\x1a\n"
# Minutes in which the dead-letter queue is not empty: three times in short succession, then once more.
FULL = {*range(10, 15), *range(20, 23), *range(30, 33), *range(70, 80)}
MINUTES = 90

Run = Callable[..., tuple[int, str, str]]


def records() -> Iterator[dict[str, Any]]:
    for minute in range(MINUTES):
        yield queue(minute + 0.5, DeadLetterDepth=2 if minute in FULL else 0, QueueDepth=30, OldestMessageAge=5)
        yield heartbeat(minute + 0.2)
        yield job(minute + 0.7, VideosRefused=0)
        yield request(minute + 0.9)


def heartbeat(minute: float) -> dict[str, Any]:
    return document(WORKER_HEARTBEAT, minute, {"WorkerHeartbeat": 1, "BusySlots": 0, "HeartbeatFailures": 0})


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "emf.log", records())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = backtest.main(["--variables", str(EXAMPLE), *(str(argument) for argument in arguments)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def replayed(run: Run) -> Callable[..., dict[str, Any]]:
    """The JSON document, with its alarms also by name."""

    def replayed(*arguments: object) -> dict[str, Any]:
        code, out, _ = run("--json", *arguments)
        assert code == 0
        document: dict[str, Any] = json.loads(out)
        return {**document, **{alarm["name"]: alarm for alarm in document["alarms"]}}

    return replayed


Replayed = Callable[..., dict[str, Any]]


def test_every_alarm_and_composite_is_replayed_or_has_a_reason_why_not(
    replayed: Replayed, log: Path, definitions: list[Definition]
) -> None:
    document = replayed(log)
    assert {alarm["name"] for alarm in document["alarms"]} == {
        definition.name for definition in definitions if definition.kind in ("put_metric_alarm", "put_composite_alarm")
    }
    assert (document["start"], document["end"]) == ("2026-01-01 00:00", "2026-01-01 01:30")


def test_an_episode_has_a_beginning_an_end_and_a_length(replayed: Replayed, log: Path) -> None:
    episodes = replayed(log)["anb-dead-letters"]["episodes"]
    assert episodes == [
        {"from": "2026-01-01 00:11", "to": "2026-01-01 00:16", "seconds": 300},
        {"from": "2026-01-01 00:21", "to": "2026-01-01 00:24", "seconds": 180},
        {"from": "2026-01-01 00:31", "to": "2026-01-01 00:34", "seconds": 180},
        {"from": "2026-01-01 01:11", "to": "2026-01-01 01:21", "seconds": 600},
    ]


def test_an_alarm_that_fires_again_soon_after_its_end_flaps(replayed: Replayed, log: Path) -> None:
    assert FLAP_SECONDS == 15 * MINUTE
    assert replayed(log)["anb-dead-letters"]["flaps"] == 2


def test_an_alarm_without_an_end_lasts_to_the_end_of_the_recording(replayed: Replayed, log: Path) -> None:
    alarm = replayed(log)["anb-worker-scale-up"]
    assert alarm["episodes"][-1]["to"] == "2026-01-01 01:30"
    assert len(alarm["episodes"]) == 1


def test_a_composite_follows_its_children(replayed: Replayed, log: Path) -> None:
    document = replayed(log)
    child = {episode["from"] for episode in document["anb-dead-letters"]["episodes"]}
    assert child <= {episode["from"] for episode in document["anb-needs-attention"]["episodes"]}
    assert document["anb-api-availability-page"]["episodes"] == []


def test_a_page_that_is_held_back_is_in_alarm_and_runs_no_action(definitions: list[Definition], tmp_path: Path) -> None:
    """The workers die after an hour, and a minute later all uploads are late."""

    def dying() -> Iterator[dict[str, Any]]:
        yield from (line for minute in range(60) for line in (queue(minute), heartbeat(minute)))
        for minute in range(100):
            late = 3 * (minute > 60)
            yield document(PUBLICATION, minute, {"UploadsDue": 3, "UploadsLate": late}, service="api")

    recording = read_recording([write_log(tmp_path / "dying.log", dying())])
    found = {history.definition.stem: history for history in replay(definitions, recording)}
    page, suppressor = found["uploads-published-page"], found["workers-down"]
    assert [state for _, state in suppressor.actions] == ["OK", "ALARM"]
    assert len(page.episodes) == 1
    assert [state for _, state in page.actions] == ["OK"], "it notifies nobody while workers-down pages"


def test_an_alarm_on_a_metric_of_aws_is_skipped_with_the_reason(replayed: Replayed, log: Path) -> None:
    document = replayed(log)
    reason = "AWS/RDS CPUUtilization is a metric of AWS itself, and not in EMF logs"
    assert document["anb-database-cpu"]["skipped"] == reason
    assert document["anb-database-cpu"]["transitions"] == []
    assert document["anb-dead-letters"]["skipped"] is None


def test_the_time_before_the_recording_does_not_count_as_missing_data(replayed: Replayed, tmp_path: Path) -> None:
    """The first record of the queue is some minutes later than the first record of the API."""
    log = write_log(tmp_path / "late.log", [request(0), *(queue(minute) for minute in range(3, 30))])
    assert replayed(log)["anb-backlog-metric-missing"]["episodes"] == []


def test_the_alarm_on_missing_data_fires_when_the_publisher_dies_within_the_recording(
    replayed: Replayed, tmp_path: Path
) -> None:
    def dying() -> Iterator[dict[str, Any]]:
        yield from (queue(minute) for minute in range(10))
        yield from (request(minute) for minute in range(30))

    document = replayed(write_log(tmp_path / "dying.log", dying()))
    (episode,) = document["anb-backlog-metric-missing"]["episodes"]
    assert (episode["from"], episode["to"]) == ("2026-01-01 00:15", "2026-01-01 00:30")


def test_the_table_says_how_often_and_how_long(run: Run, log: Path) -> None:
    code, out, err = run(log)
    (row,) = [line.split() for line in out.splitlines() if "anb-dead-letters" in line]
    assert (code, err) == (0, "")
    assert row == ["anb-dead-letters", "4", "21", "min", "10", "min", "2", "2026-01-01", "00:11"]
    assert "2026-01-01 00:00 to 2026-01-01 01:30 UTC, 1 h 30" in out


def test_only_the_named_alarms_are_printed(replayed: Replayed, log: Path) -> None:
    document = replayed(log, "--alarm", "dead-letters", "--alarm", "workers-down")
    assert [alarm["name"] for alarm in document["alarms"]] == ["anb-dead-letters", "anb-workers-down"]


def test_an_unknown_alarm_is_wrong_usage(run: Run, log: Path) -> None:
    code, _, err = run(log, "--alarm", "dead-leters")
    assert code == 2
    assert "there is no alarm dead-leters" in err


def test_a_compressed_log_in_parts_in_any_order_is_the_same_recording(run: Run, log: Path, tmp_path: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    later = write_log(tmp_path / "b.log", (line.rstrip() for line in lines[len(lines) // 2 :]))
    earlier = tmp_path / "a.log.gz"
    earlier.write_bytes(gzip.compress("".join(lines[: len(lines) // 2]).encode()))
    assert run("--json", later, earlier) == run("--json", log)


def test_lines_that_are_not_valid_emf_are_counted_and_left_out(run: Run, tmp_path: Path) -> None:
    broken = job(1)
    del broken["Service"]
    log = write_log(tmp_path / "emf.log", [job(0), broken, "GET / 200", job(5)])
    code, out, _ = run(log)
    assert code == 0
    assert f"no metric: {log}:2: Service is missing or not of type str: " in out
    assert f"no EMF: {log}:3: text that is no JSON object: GET / 200" in out


def test_a_timestamp_in_seconds_is_named_and_does_not_stretch_the_recording(run: Run, tmp_path: Path) -> None:
    seconds = job(2)
    seconds["_aws"]["Timestamp"] //= 1000
    log = write_log(tmp_path / "emf.log", [job(0), seconds, job(5)])
    code, out, _ = run(log)
    assert code == 0
    assert "2026-01-01 00:00 to 2026-01-01 00:06 UTC" in out
    assert f"dropped: {log}:2: Timestamp is not in milliseconds: it is in the year 1970" in out


def test_findings_are_part_of_the_document(replayed: Replayed, tmp_path: Path) -> None:
    log = write_log(tmp_path / "emf.log", [job(0), "GET / 200", "GET / 200"])
    document = replayed(log)
    assert document["documents"] == 1
    assert document["findings"] == [
        {
            "kind": "no EMF",
            "reason": "text that is no JSON object",
            "place": f"{log}:2",
            "excerpt": "GET / 200",
            "lines": 2,
        }
    ]


@pytest.fixture
def slower(tmp_path: Path) -> Path:
    """The alarm on dead letters, but after six minutes."""
    found = json.loads((ROOT / DEAD_LETTERS).read_text())
    found["put_metric_alarm"].update(EvaluationPeriods=6, DatapointsToAlarm=6)
    path = tmp_path / "slower.json"
    path.write_text(json.dumps(found))
    return path


def test_another_version_of_one_definition_is_compared(run: Run, replayed: Replayed, log: Path, slower: Path) -> None:
    document = replayed(log, "--alarm", "dead-letters", "--against", slower)
    (other,) = document["against"]
    assert [episode["from"] for episode in other["episodes"]] == ["2026-01-01 01:16"]
    _, out, _ = run(log, "--against", slower)
    assert any(line.startswith("≠ anb-dead-letters") for line in out.splitlines())
    assert not any(line.startswith("≠ anb-worker-scale-up") for line in out.splitlines())


def test_another_version_that_finds_no_data_is_shown_with_the_reason(run: Run, log: Path, tmp_path: Path) -> None:
    found = json.loads((ROOT / DEAD_LETTERS).read_text())
    found["put_metric_alarm"]["MetricName"] = "DeadLeterDepth"
    (tmp_path / "misspelt.json").write_text(json.dumps(found))
    _, out, _ = run(log, "--against", tmp_path / "misspelt.json", "--alarm", "dead-letters")
    (row,) = [line for line in out.splitlines() if line.startswith("≠ anb")]
    assert "not replayed: no datapoint of ANB/RisingStars DeadLeterDepth" in row
    assert "near: ANB/RisingStars DeadLetterDepth {Service=worker}" in row


def test_the_composites_are_compared_over_the_other_version_too(replayed: Replayed, log: Path, slower: Path) -> None:
    document = replayed(log, "--alarm", "needs-attention", "--against", slower)
    (other,) = document["against"]
    assert other["episodes"] != document["anb-needs-attention"]["episodes"]


def described(stem: str, **changes: Any) -> dict[str, Any]:
    """The call of an alarm of this project, as if it were of others."""
    found = json.loads((ROOT / f"alarms/definitions/metric_alarms/{stem}.json").read_text())["put_metric_alarm"]
    named = {"AlarmName": f"their {stem}", "Namespace": "ANB/RisingStars", "AlarmActions": []}
    return {**found, **named, **changes}


def test_alarms_of_others_are_compared_with_a_file_in_any_form(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now, then = tmp_path / "now.json", tmp_path / "then.json"
    now.write_text(json.dumps({"MetricAlarms": [described("dead-letters"), described("queue-depth-high")]}))
    then.write_text(json.dumps([described("dead-letters", EvaluationPeriods=6, DatapointsToAlarm=6)]))
    given = [str(log), "--definitions", str(now), "--against"]
    assert backtest.main([*given, str(then), "--json"]) == 0
    others = {each["name"]: each for each in json.loads(capsys.readouterr().out)["against"]}
    assert set(others) == {"their dead-letters", "their queue-depth-high"}
    assert [episode["from"] for episode in others["their dead-letters"]["episodes"]] == ["2026-01-01 01:16"]
    then.write_text(json.dumps(described("dead-letters", Period=7)))
    assert backtest.main([*given, str(then)]) == 2
    assert f"{then}: Period: is 7, at least" in capsys.readouterr().err
    assert backtest.main([*given, "HEAD"]) == 2
    assert "HEAD is no file; a git revision has only the definitions of this project" in capsys.readouterr().err


def test_another_version_of_an_unknown_alarm_is_refused(run: Run, log: Path, slower: Path) -> None:
    slower.write_text(slower.read_text().replace("${PREFIX}-dead-letters", "${PREFIX}-dead-leters"))
    code, _, err = run(log, "--against", slower)
    assert code == 2
    assert "there is no anb-dead-leters to compare it with" in err


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="needs git and its history")
def test_a_git_revision_is_compared(replayed: Replayed, log: Path) -> None:
    document = replayed(log, "--against", "HEAD")
    assert {alarm["name"] for alarm in document["against"]} >= {"anb-dead-letters", "anb-workers-down"}


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_text_that_is_neither_file_nor_revision_is_refused(run: Run, log: Path) -> None:
    code, _, err = run(log, "--against", "no-such-revision")
    assert code == 2
    assert "no-such-revision is neither a file nor a git revision with definitions" in err


def test_a_revision_that_looks_like_an_option_is_not_given_to_git(run: Run, log: Path, tmp_path: Path) -> None:
    code, _, err = run(log, f"--against=--output={tmp_path / 'written'}")
    assert code == 2
    assert "is neither a file nor a git revision" in err
    assert not (tmp_path / "written").exists()


def test_each_replayed_metric_alarm_gets_a_picture(run: Run, log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    code, out, _ = run(log, "--png", folder, "--alarm", "dead-letters", "--alarm", "database-cpu")
    assert code == 0
    assert [path.name for path in folder.iterdir()] == ["dead-letters.png"]
    assert (folder / "dead-letters.png").read_bytes().startswith(PNG)
    assert f"drawn: {folder / 'dead-letters.png'}" in out


@pytest.mark.parametrize(("lines", "held"), [(["hello"], "text that is no JSON object: hello"), ([], "no line at all")])
def test_logs_without_records_exit_with_1_and_say_what_they_held(
    run: Run, tmp_path: Path, lines: list[str], held: str
) -> None:
    code, _, err = run(write_log(tmp_path / "empty.log", lines))
    assert code == 1
    assert "no EMF record" in err
    assert held in err


def test_a_missing_or_damaged_log_exits_with_2(run: Run, log: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "no.log")[0] == 2
    damaged = tmp_path / "damaged.log.gz"
    damaged.write_bytes(gzip.compress(log.read_bytes())[:-100])
    assert run(damaged)[0] == 2


def test_unreadable_definitions_exit_with_2(run: Run, log: Path, tmp_path: Path) -> None:
    assert run(log, "--variables", tmp_path / "nowhere.json")[0] == 2


def test_definitions_of_any_account_need_no_variables(
    capsys: pytest.CaptureFixture[str], log: Path, tmp_path: Path
) -> None:
    alarm = {
        "AlarmName": "full",
        **{"Namespace": NAMESPACE, "MetricName": "DeadLetterDepth", "Statistic": "Maximum", "Period": 60},
        **{"Dimensions": [{"Name": "Service", "Value": "worker"}], "EvaluationPeriods": 1},
        **{"Threshold": 0, "ComparisonOperator": "GreaterThanThreshold"},
    }
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps([alarm]))
    assert backtest.main([str(log), "--definitions", str(theirs), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["alarms"]
    assert (found["skipped"], len(found["episodes"])) == (None, 4)


def test_a_recording_begins_and_ends_on_full_minutes(tmp_path: Path) -> None:
    recording = read_recording([write_log(tmp_path / "emf.log", [job(3.5), job(1.2)])])
    assert (recording.start, recording.end) == (BEGIN + 1 * MINUTE, BEGIN + 4 * MINUTE)
    with pytest.raises(NothingRecorded):
        read_recording([])


def test_the_actions_that_a_mute_rule_would_have_held_back_are_listed(definitions: list[Definition], log: Path) -> None:
    """Dead letters arrive at minutes 10, 20, 30 and 70. The composite over their alarm is muted for 32 minutes."""
    composite = next(d for d in definitions if d.kind == "put_composite_alarm" and "dead-letters" in str(d.parameters))
    rule = {
        "Name": "deployment",
        "Rule": {"Schedule": {"Expression": "at(2026-01-01T00:00)", "Duration": "PT32M"}},
        "MuteTargets": {"AlarmNames": [composite.name]},
    }
    mute = replace(composite, kind=DefinitionKind.MUTE_RULE, parameters=rule)
    recording = read_recording([log])
    histories = {h.definition.name: h for h in replay([*definitions, mute], recording)}
    pages = [m for m in histories[composite.name].muted if m.state is AlarmState.ALARM]
    assert [(m.at - BEGIN) // MINUTE for m in pages] == [11, 21, 31]
    assert [m.runs_later for m in pages] == [False, False, True]
    assert {m.rules for m in pages} == {("deployment",)}
    assert all(not h.muted for name, h in histories.items() if name != composite.name)


def test_the_transitions_of_an_alarm_follow_each_other(definitions: list[Definition], log: Path) -> None:
    for history in replay(definitions, read_recording([log])):
        states = [AlarmState.INSUFFICIENT_DATA, *(transition.new for transition in history.transitions)]
        assert [transition.old for transition in history.transitions] == states[:-1]
        assert all(earlier.ends <= later.begins for earlier, later in pairwise(history.episodes))
