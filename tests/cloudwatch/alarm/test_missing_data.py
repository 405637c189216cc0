"""AWS's tables and text cases on missing data, and a comparison with a second, naive implementation of the text."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloudwatch.alarm.missing_data import (
    EvaluationRule,
    TreatMissingData,
    WindowVerdict,
    default_range,
    evaluate_window,
)
from cloudwatch.alarm.state import AlarmState

MODES = ("missing", "ignore", "breaching", "notBreaching")
MARKS = {"0": False, "X": True, "-": None}

# "How alarm state is evaluated when data is missing", CloudWatch user guide, as of 2023 to 2026. The newest point is on
# the right. 0 is within the threshold, X breaches it, - is missing. N is 3, and the evaluation range is 5.
TABLE_3_OF_3 = """
    points   missing            ignore  breaching  notBreaching
    0-X-X    OK                 OK      OK         OK
    0----    OK                 OK      OK         OK
    -----    INSUFFICIENT_DATA  keep    ALARM      OK
    0XX-X    ALARM              ALARM   ALARM      ALARM
    --X--    ALARM              keep    ALARM      OK
"""
TABLE_2_OF_3 = """
    points   missing            ignore  breaching  notBreaching
    0-X-X    ALARM              ALARM   ALARM      ALARM
    00X0X    ALARM              ALARM   ALARM      ALARM
    0-X--    OK                 OK      ALARM      OK
    ----0    OK                 OK      ALARM      OK
    ---X-    ALARM              keep    ALARM      OK
"""
# The same page in 2018 (awsdocs/amazon-cloudwatch-user-guide, 05fd32f): rows that the newer tables do not have.
TABLE_OF_2018_3_OF_3 = """
    points   missing            ignore  breaching  notBreaching
    ----X    INSUFFICIENT_DATA  keep    ALARM      OK
    X----    ALARM              keep    ALARM      OK
"""
TABLE_OF_2018_2_OF_3 = """
    points   missing            ignore  breaching  notBreaching
    ----X    INSUFFICIENT_DATA  keep    ALARM      OK
"""


def cells(datapoints_to_alarm: int, table: str) -> list[tuple[int, str, str, str]]:
    header, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        (datapoints_to_alarm, points, mode, state)
        for points, *states in rows
        for mode, state in zip(header[1:], states, strict=True)
    ]


CELLS = cells(3, TABLE_3_OF_3) + cells(2, TABLE_2_OF_3)
CELLS_OF_2018 = cells(3, TABLE_OF_2018_3_OF_3) + cells(2, TABLE_OF_2018_2_OF_3)


def judge(points: str, datapoints_to_alarm: int, mode: str, n: int = 3, size: int | None = None) -> WindowVerdict:
    return evaluate_window(
        [MARKS[mark] for mark in points],
        evaluation_periods=n,
        datapoints_to_alarm=datapoints_to_alarm,
        treat_missing_data=TreatMissingData(mode),
        evaluation_range=size,
    )


def state_of(verdict: WindowVerdict) -> str:
    return verdict.state or "keep"


def test_the_tables_of_aws_have_forty_cells() -> None:
    assert len(CELLS) == 40


@pytest.mark.parametrize(("m", "points", "mode", "state"), CELLS + CELLS_OF_2018)
def test_every_cell_of_the_tables_of_aws_is_reproduced(m: int, points: str, mode: str, state: str) -> None:
    assert state_of(judge(points, m, mode)) == state


@pytest.mark.parametrize("points", ["----X", "---X-"])
def test_a_lone_breach_does_not_fire_while_it_is_younger_than_m_periods(points: str) -> None:
    verdict = judge(points, 3, "missing")
    assert verdict.state is not AlarmState.ALARM
    assert verdict.rule is EvaluationRule.YOUNG_BREACH


def test_a_lone_breach_fires_when_it_is_m_periods_old_and_no_point_follows() -> None:
    verdict = judge("--X--", 3, "missing")
    assert verdict.state is AlarmState.ALARM
    assert verdict.rule is EvaluationRule.OLD_BREACH


def test_a_point_within_the_threshold_before_an_old_breach_prevents_alarm() -> None:
    assert state_of(judge("0-X--", 2, "missing")) == "OK"
    assert state_of(judge("--X--", 2, "missing")) == "ALARM"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("points", ["0-X-X", "X-XX0"])
def test_the_mode_does_not_matter_when_n_points_exist(points: str, mode: str) -> None:
    verdict = judge(points, 3, mode)
    assert verdict.state is AlarmState.OK
    assert verdict.rule is EvaluationRule.ENOUGH_POINTS


def test_breaching_points_fire_at_once_when_there_are_m_of_them() -> None:
    assert state_of(judge("---XX", 2, "missing")) == "ALARM"
    assert state_of(judge("---XX", 2, "ignore")) == "ALARM"


def test_only_the_missing_points_are_filled() -> None:
    assert state_of(judge("---00", 2, "breaching")) == "OK"
    assert state_of(judge("----0", 2, "breaching")) == "ALARM"


def test_points_beyond_the_range_do_not_count() -> None:
    assert state_of(judge("X-----", 3, "missing")) == "INSUFFICIENT_DATA"
    assert state_of(judge("X-----", 3, "missing", size=6)) == "ALARM"


def test_the_default_range_is_two_periods_more_than_n() -> None:
    assert default_range(3) == 5
    assert state_of(judge("0" + "-" * 4, 3, "missing")) == "OK"
    assert state_of(judge("0" + "-" * 5, 3, "missing")) == "INSUFFICIENT_DATA"


def test_a_verdict_depends_on_the_range_when_another_size_gives_another_state() -> None:
    assert judge("0-X-X", 3, "missing").depends_on_range  # with a range of 3 both points are old breaches: ALARM
    assert judge("0-----", 3, "missing").depends_on_range  # with a range of 6 there is a point: OK


@pytest.mark.parametrize("points", ["0-XXX", "-----", "--0-0", "X-0X0"])
def test_a_verdict_does_not_depend_on_the_range_when_every_size_gives_the_same_state(points: str) -> None:
    assert not judge(points, 3, "missing").depends_on_range


def naive_state(points: str, m: int, mode: str, n: int) -> str:
    """The state by AWS's text, implemented on characters and without the code under test."""
    existing = points.replace("-", "")
    if not existing:
        return {"missing": "INSUFFICIENT_DATA", "ignore": "keep", "breaching": "ALARM", "notBreaching": "OK"}[mode]
    # "the number of actual data points […] is lower than the alarm's number of Evaluation Periods, CloudWatch fills in"
    filler = {"breaching": "X", "notBreaching": "0"}.get(mode, "?")
    evaluated = (filler * n + existing)[-n:]
    if evaluated.count("X") >= m:
        return "ALARM"
    if "?" not in evaluated or "0" in evaluated:
        return "OK"
    # "the oldest available breaching datapoint […] is at least as old as the value of Datapoints to Alarm, and all
    # other more recent data points are breaching or missing"
    old_enough = re.fullmatch(rf"-*X[-X]{{{m - 1},}}", points) is not None
    return "keep" if mode == "ignore" else "ALARM" if old_enough else "INSUFFICIENT_DATA"


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, int, str, int]:
    n = draw(st.integers(1, 6))
    points = draw(st.text("0X-", min_size=n, max_size=n + 6))
    return points, draw(st.integers(1, n)), draw(st.sampled_from(MODES)), n


@given(windows())
@example(("X-XX0", 2, "missing", 3))
def test_the_rule_agrees_with_a_naive_implementation_of_the_text(window: tuple[str, int, str, int]) -> None:
    points, m, mode, n = window
    assert state_of(judge(points, m, mode, n, size=len(points))) == naive_state(points, m, mode, n)


@given(windows())
def test_depends_on_range_is_true_if_any_size_of_the_range_gives_another_state(
    window: tuple[str, int, str, int],
) -> None:
    points, m, mode, n = window
    states = {naive_state(points[-size:], m, mode, n) for size in range(n, len(points) + 1)}
    assert judge(points, m, mode, n, size=n).depends_on_range == (len(states) > 1)


@pytest.mark.parametrize(("m", "points", "mode", "state"), CELLS)
def test_the_naive_implementation_reproduces_the_tables_of_aws_too(m: int, points: str, mode: str, state: str) -> None:
    assert naive_state(points, m, mode, 3) == state
