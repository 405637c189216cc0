"""Logs that other EMF libraries write, in a process of their own: read, checked and replayed without a word of ours."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from alarms.backtest import __main__ as backtest
from alarms.check import __main__ as check
from alarms.definition_files import ROOT
from cloudwatch.emf import Datapoint, EmfReader, log_lines
from tests.alarms.strangers.shop import (
    ERRORS,
    EXAMPLE_BEGIN,
    MINUTE,
    NAMESPACE,
    SERVICE,
    latencies_ms,
    minutes_in_alarm,
)

HOUR = 3600
WRITER_SECONDS_MAX = 60
WRITERS = ("powertools_writer", "embedded_metrics_writer")

Json = dict[str, Any]


def alarm(name: str, metric: str, statistic: str, **parameters: Any) -> Json:
    return {
        **{"AlarmName": name, "Namespace": NAMESPACE, "MetricName": metric, "Statistic": statistic, "Period": MINUTE},
        "Dimensions": [{"Name": "service", "Value": SERVICE}],
        "ComparisonOperator": "GreaterThanThreshold",
        **parameters,
    }


ERRORS_ALARM = alarm(
    *("shop payment errors", "PaymentErrors", "Sum"),
    Unit="Count",
    Threshold=2,
    DatapointsToAlarm=3,
    EvaluationPeriods=5,
)
LATENCY_ALARM = alarm("shop payment latency", "PaymentLatency", "Average", Threshold=480, EvaluationPeriods=2)


def write_log(writer: str, begin: int, path: Path) -> Path:
    """What the writer prints, from the minute ``begin`` on."""
    command = [sys.executable, "-m", f"tests.alarms.strangers.{writer}", str(begin)]
    with path.open("wb") as log:
        subprocess.run(command, cwd=ROOT, stdout=log, check=True, timeout=WRITER_SECONDS_MAX)
    return path


@pytest.fixture(scope="module", params=WRITERS)
def recent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A log of half an hour of today, because the libraries refuse or warn of old times, and its first minute."""
    begin = (int(time.time()) // HOUR - 2) * HOUR
    return write_log(request.param, begin, tmp_path_factory.mktemp("log") / "emf.log"), begin


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The JSON document that a command prints about these alarms."""

    def run(main: Callable[[list[str]], int], alarms: list[Json], *arguments: object) -> Any:
        definitions = tmp_path / "alarms.json"
        definitions.write_text(json.dumps(alarms))
        main([*map(str, arguments), "--json", "--definitions", str(definitions)])
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (ERRORS_ALARM, minutes_in_alarm(ERRORS, 2, 3, 5)),
        (LATENCY_ALARM, minutes_in_alarm([mean(latencies_ms(minute)) for minute in range(len(ERRORS))], 480, 2, 2)),
    ],
    ids=["errors", "latency"],
)
def test_an_alarm_fires_at_the_minute_that_arithmetic_says(
    recent: tuple[Path, int], run: Callable[..., Any], definition: Json, expected: list[int]
) -> None:
    log, begin = recent
    (played,) = run(backtest.main, [definition], log)["alarms"]
    assert (played["skipped"], played["notes"]) == (None, [])
    found = [minute for minute in range(1, len(ERRORS)) if is_in_alarm(played, begin + MINUTE * minute)]
    assert found == expected != []


def test_a_template_of_the_alarm_fires_at_the_same_minute(
    recent: tuple[Path, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, begin = recent
    template = tmp_path / "template.json"
    resource = {"Type": "AWS::CloudWatch::Alarm", "Properties": ERRORS_ALARM}
    template.write_text(json.dumps({"Resources": {"PaymentErrors": resource}}))
    backtest.main([str(log), "--json", "--definitions", str(template)])
    (played,) = json.loads(capsys.readouterr().out)["alarms"]
    first, *_ = minutes_in_alarm(ERRORS, 2, 3, 5)
    assert played["episodes"][0]["from"] == clock(begin + MINUTE * first)


def clock(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(second))


def is_in_alarm(played: Json, second: int) -> bool:
    return any(episode["from"] <= clock(second) < episode["to"] for episode in played["episodes"])


def test_the_log_is_a_catalogue_for_the_check_of_the_alarm(recent: tuple[Path, int], run: Callable[..., Any]) -> None:
    log, _ = recent
    assert run(check.main, [ERRORS_ALARM, LATENCY_ALARM], "--catalogue-from", log)["errors"] == []
    wrong = [{**ERRORS_ALARM, "Unit": "Bytes"}, {**LATENCY_ALARM, "MetricName": "PaymentLatencies"}]
    errors = run(check.main, wrong, "--catalogue-from", log)["errors"]
    assert [error["text"] for error in errors] == [
        "PaymentErrors is written in Count, not in Bytes",
        "there is no metric PaymentLatencies in the catalogue of Shop; near: Shop PaymentLatency {service=checkout}",
    ]


def points(log: Path) -> list[Datapoint]:
    return list(EmfReader().scan_datapoints(log_lines(log)))


def test_the_example_of_the_documents_is_a_log_of_powertools(tmp_path: Path) -> None:
    log = write_log("powertools_writer", EXAMPLE_BEGIN, tmp_path / "emf.log")
    assert points(log) == points(ROOT / "docs/examples/shop/emf.log")
