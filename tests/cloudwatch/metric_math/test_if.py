"""The tables of "Using IF expressions"."""

import pytest

from tests.cloudwatch.metric_math.series_text import compute

METRICS = {"metric1": "1 1 0 0 -", "metric2": "30 - 0 0 30", "metric3": "0 0 20 - 20"}


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("IF(metric1, metric2, metric3)", "30 0 20 - -"),
        ("IF(metric1, 5, metric3)", "5 5 20 - -"),
        ("IF(metric1, metric2, 5)", "30 0 5 5 -"),
    ],
)
def test_the_tables_of_the_guide_are_reproduced(expression: str, result: str) -> None:
    assert compute(expression, **METRICS) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("IF(metric1, metric2)", "30 0 - - -"),
        ("IF(metric1, 5)", "5 5 - - -"),
        ("IF(metric1, 5, 6)", "5 5 6 6 -"),
    ],
)
def test_a_false_point_is_dropped_without_a_third_argument(expression: str, result: str) -> None:
    assert compute(expression, **METRICS) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("IF(1, metric2, metric3)", "30 - 0 0 30"),
        ("IF(0, metric2, metric3)", "0 0 20 - 20"),
        ("IF(1, metric2)", "30 - 0 0 30"),
        ("IF(0, metric2)", "- - - - -"),
        ("IF(1 / 0, metric2, metric3)", "- - - - -"),
    ],
)
def test_a_number_as_condition_selects_one_of_the_two_series(expression: str, result: str) -> None:
    assert compute(expression, **METRICS) == result


def test_any_number_but_zero_is_true() -> None:
    assert compute("IF(m1, 1, 2)", m1="-1 0 0.001 7") == "1 2 1 1"


def test_a_number_that_does_not_exist_gives_a_gap() -> None:
    assert compute("IF(m1, MAX(m2), MIN(m2))", m1="1 0", m2="- -") == "- -"


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("IF(metric1<400, metric1)", "300 - -"),
        ("IF(metric1<400, 10, 2)", "10 2 -"),
        ("IF(metric1>350, 1, 0)", "0 1 -"),
    ],
)
def test_the_use_cases_are_computed(expression: str, result: str) -> None:
    assert compute(expression, metric1="300 400 -") == result


def test_office_hours_can_be_selected() -> None:
    """The example of "Enhance CloudWatch metrics with metric math functions" (AWS blog). The data begin on Monday."""
    expression = "IF((DAY(m1)<6 AND (HOUR(m1)>=9 AND HOUR(m1)<17)),m1)"
    day = compute(expression, m1=" ".join(["1"] * 1440))
    assert day == " ".join(["-"] * 9 * 60 + ["1"] * 8 * 60 + ["-"] * 7 * 60)
