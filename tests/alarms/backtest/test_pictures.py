"""Pictures of a backtest say what they show, in words, and hide nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from alarms.backtest import __main__ as backtest
from alarms.backtest.history_picture import LINES_MAX, history_figure
from alarms.definition_files import Definition, DefinitionKind
from alarms.recording import read_recording
from alarms.replay import replay
from tests.alarms.emf_log import NAMESPACE, job, queue, request, write_log
from tests.alarms.pictures.looks import (
    assert_lines_differ,
    assert_nothing_stands_on_the_data,
    assert_threshold_is_seen,
    lines_of,
    texts_of,
)

SILENT = range(20, 30)  # minutes without any record
ROUTES = LINES_MAX + 3
WORKER = [{"Name": "Service", "Value": "worker"}]
ABOVE = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}

Draw = Callable[..., Figure]


def records() -> Iterator[dict[str, Any]]:
    for minute in (minute for minute in range(60) if minute not in SILENT):
        yield queue(minute + 0.5, QueueDepth=20)
        yield job(minute + 0.7, ProcessingTime=1_000 * minute)
        for number in range(ROUTES):
            yield request(minute + 0.9, f"GET /api/{number}", Latency=100 * number)


def metric_alarm(name: str, metric: str, threshold: float, period: int = 60, **statistic: str) -> dict[str, Any]:
    watched = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": WORKER, "Period": period, **statistic}
    return {"AlarmName": name, **watched, "Threshold": threshold, **ABOVE}


def math_alarm(name: str, expression: str, label: str | None = None) -> dict[str, Any]:
    metric = {"Namespace": NAMESPACE, "MetricName": "QueueDepth", "Dimensions": WORKER}
    metrics = [
        {"Id": "m", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"}},
        {"Id": "e", "Expression": expression, **({"Label": label} if label else {})},
    ]
    return {"AlarmName": name, "Metrics": metrics, "Threshold": 1, **ABOVE}


EQUAL = metric_alarm("equal", "QueueDepth", 20, Statistic="Maximum")
SLOW = metric_alarm("slow", "ProcessingTime", 15_000, period=300, ExtendedStatistic="p90")
QUERY = f'SELECT MAX(Latency) FROM SCHEMA("{NAMESPACE}", Route, Service) GROUP BY Route ORDER BY MAX() DESC'  # noqa: S608
ROUTE = {
    "AlarmName": "routes",
    "Metrics": [{"Id": "q", "Expression": QUERY, "Period": 60}],
    "Threshold": 500,
    "EvaluationPeriods": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
COMPOSITE = {
    "AlarmName": "both",
    "AlarmRule": "ALARM(equal) AND NOT ALARM(elsewhere)",
    "ActionsSuppressor": "slow",
    "ActionsSuppressorWaitPeriod": 60,
    "ActionsSuppressorExtensionPeriod": 60,
}
MUTE = {
    "Name": "deployment",
    "Rule": {"Schedule": {"Expression": "at(2026-01-01T00:30)", "Duration": "PT10M"}},
    "MuteTargets": {"AlarmNames": ["equal", "both"]},
}
KINDS = {
    "MuteTargets": DefinitionKind.MUTE_RULE,
    "AlarmRule": DefinitionKind.COMPOSITE_ALARM,
    "Threshold": DefinitionKind.METRIC_ALARM,
}


def definition(parameters: Mapping[str, Any]) -> Definition:
    kind = next(kind for key, kind in KINDS.items() if key in parameters)
    return Definition(kind, "theirs.json", {}, {}, parameters, is_ours=False)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "emf.log", records())


@pytest.fixture
def draw(log: Path) -> Draw:
    """The picture of the first of some alarms, which are replayed together."""

    def draw(*alarms: Mapping[str, Any]) -> Figure:
        definitions = [definition(alarm) for alarm in alarms]
        recording = read_recording([log], definitions)
        histories = {history.definition.name: history for history in replay(definitions, recording)}
        return history_figure(histories[alarms[0]["AlarmName"]], recording)

    return draw


@pytest.mark.parametrize(
    ("alarm", "axis"),
    [
        (EQUAL, "QueueDepth\nMaximum over 1 min\nCount"),
        (SLOW, "ProcessingTime\np90 over 5 min\nMilliseconds"),
        (metric_alarm("n", "Jobs", 2, Statistic="SampleCount"), "Jobs\nSampleCount over 1 min\nnumber of values"),
        (math_alarm("m", "m / 10", "tenths, $x_{$"), "tenths, $x_{$\nm / 10\nover 5 min"),
        (math_alarm("m", "m / 10"), "m / 10\nover 5 min"),
    ],
)
def test_the_axes_say_metric_statistic_period_and_unit_and_the_date_with_its_zone(
    draw: Draw, alarm: dict[str, Any], axis: str
) -> None:
    figure = draw(alarm)
    assert figure.axes[0].get_ylabel() == axis
    assert figure.axes[-1].get_xlabel() == "UTC, 2026-01-01 00:00 to 2026-01-01 01:00"
    assert_nothing_stands_on_the_data(figure)


def test_the_ids_of_an_expression_are_explained(draw: Draw) -> None:
    alarm = math_alarm("m", "ten * 2")
    alarm["Metrics"].append({"Id": "ten", "Expression": "m / 10", "ReturnData": False})
    inputs = f"m = Average of {NAMESPACE} QueueDepth {{Service=worker}}, ten = m / 10"
    assert inputs in texts_of(draw(alarm)).replace("\n", " ")


def test_a_threshold_that_equals_the_data_is_drawn_above_them(draw: Draw) -> None:
    figure = draw(EQUAL)
    (line,) = lines_of(figure.axes[0])
    assert set(line.get_ydata()) >= {20.0}  # type: ignore[arg-type]
    assert_threshold_is_seen(figure.axes[0], 20)
    assert_nothing_stands_on_the_data(figure)


def test_the_groups_of_a_query_differ_without_colours_and_the_lowest_are_put_together(draw: Draw) -> None:
    figure = draw(ROUTE)
    lines = lines_of(figure.axes[0])
    assert len(lines) == ROUTES
    assert_lines_differ(lines[:LINES_MAX])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [*(f"GET /api/{number}" for number in range(ROUTES - 1, 2, -1)), "3 others", "no data"]
    assert QUERY in texts_of(figure).replace("\n", " ")
    assert_threshold_is_seen(figure.axes[0], 500)
    assert_nothing_stands_on_the_data(figure)


def test_states_missing_data_and_mute_rules_are_shown_and_explained(draw: Draw) -> None:
    figure = draw(EQUAL, MUTE)
    values, states = figure.axes
    assert [tick.get_text() for tick in states.get_yticklabels()] == ["state", "rule deployment"]
    explained = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert explained == ["value", "no data", "ALARM", "INSUFFICIENT_DATA", "actions muted"]
    (gap,) = values.patches
    assert _minutes(gap) == (21, 10)  # the value of a minute is known at its end
    (muted,) = (bar for bar in states.patches if bar.get_y() > 0.5)  # type: ignore[attr-defined]
    assert _minutes(muted) == (30, 10)
    assert_nothing_stands_on_the_data(figure)


def _minutes(patch: Any) -> tuple[int, int]:
    """Beginning and length."""
    begins = patch.get_x() % 1 * 24 * 60
    return round(begins), round(patch.get_width() * 24 * 60)


def test_a_composite_has_a_row_for_each_alarm_that_it_watches(draw: Draw) -> None:
    figure = draw(COMPOSITE, EQUAL, SLOW, MUTE)
    rows = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert rows == ["composite", "rule deployment", "equal", "elsewhere", "slow (suppressor)"]
    texts = texts_of(figure)
    assert "ALARM while ALARM(equal) AND NOT ALARM(elsewhere)" in texts
    assert all(meaning in texts for meaning in ("not known", "not replayed", "actions muted"))
    assert_nothing_stands_on_the_data(figure)


def test_an_alarm_without_a_datapoint_says_so_in_the_middle(draw: Draw) -> None:
    figure = draw(math_alarm("gap", "m / 0", "ratio"))
    assert "no datapoint in these logs" in texts_of(figure)
    assert_threshold_is_seen(figure.axes[0], 1)
    assert_nothing_stands_on_the_data(figure)


def test_long_names_and_large_values_stay_within_the_picture(draw: Draw) -> None:
    long = metric_alarm("a long name " * 20, "ProcessingTime", 123_456_789, Statistic="Sum")
    figure = draw(long)
    assert_threshold_is_seen(figure.axes[0], 123_456_789)
    assert_nothing_stands_on_the_data(figure)
    assert_nothing_stands_on_the_data(draw({**COMPOSITE, "AlarmRule": f"ALARM({'x' * 255}) OR ALARM(equal)"}, EQUAL))
    assert_nothing_stands_on_the_data(draw(math_alarm("m", "m + 1" + " + 1" * 400, "a long label " * 20)))


def test_any_name_of_an_alarm_makes_a_file_in_the_folder(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of alarms may have slashes and dollars, and two names may differ in nothing else."""
    alarms = [{**EQUAL, "AlarmName": name} for name in ("prod/queue", "prod queue", "../$up$", "/")]
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(alarms))
    folder = tmp_path / "pictures"
    assert backtest.main([str(log), "--definitions", str(path), "--png", str(folder)]) == 0
    assert {file.name for file in folder.iterdir()} == {"prod-queue.png", "prod-queue-2.png", "up.png", "alarm.png"}
