"""AWS's rules and examples for arithmetic, comparisons and logic ("Using math expressions with CloudWatch metrics")."""

import pytest

from tests.cloudwatch.metric_math.series_text import compute

# "Comparison and logical operators": metric1 and metric2 of AWS's table.
METRIC1, METRIC2 = "30 20 0 0", "20 - 20 -"


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("metric1 < metric2", "0 0 1 0"),
        ("metric1 >= 30", "1 0 0 0"),
        ("metric1 > 15 AND metric2 > 15", "1 0 0 0"),
    ],
)
def test_the_table_of_comparisons_is_reproduced(expression: str, result: str) -> None:
    assert compute(expression, metric1=METRIC1, metric2=METRIC2) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("PERIOD(m1)/60", 1.0),
        ("5 * m1", "5 10 - 20"),
        ("m1 - m2", "-2 2 - 4"),
        ("SUM(100/[m1, m2])", "133.3 50 - 25"),
        ("AVG([m1,m2]/m3)", "0.2 0.05 0 -"),
        ("METRICS()*100", ["100 200 - 400", "300 - - 0", "1000 2000 1000 0"]),
        ("-5*m1", "-5 -10 - -20"),
        ("-m1", "-1 -2 - -4"),
        ("SUM(-[m1, m2])", "-4 -2 - -4"),
    ],
)
def test_the_examples_of_arithmetic_are_computed(expression: str, result: object) -> None:
    assert compute(expression, m1="1 2 - 4", m2="3 - - 0", m3="10 20 10 0") == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("m1 + m2", "5 1 3 -"),
        ("m1 - m2", "-3 1 -3 -"),
        ("m1 * m2", "4 0 0 -"),
        ("m1 / m2", "0.25 - 0 -"),
        ("m1 ^ m2", "1 1 0 -"),
        ("m1 == m2", "0 0 0 -"),
        ("m1 OR m2", "1 1 1 -"),
        ("m1 AND m2", "1 0 0 -"),
    ],
)
def test_a_value_missing_in_one_series_counts_as_zero_and_in_both_as_missing(expression: str, result: str) -> None:
    assert compute(expression, m1="1 1 - -", m2="4 - 3 -") == result


@pytest.mark.parametrize("expression", ["m1 + 1", "1 + m1", "m1 >= 0", "m1 OR 1", "-m1", "!m1", "m1 ^ 0"])
def test_a_gap_beside_a_number_stays_a_gap(expression: str) -> None:
    assert str(compute(expression, m1="2 -")).endswith(" -")


@pytest.mark.parametrize(
    ("expression", "result"),
    [("1 / m1", "- 0.5 -"), ("m1 / 0", "- - -"), ("7 % m1", "- 1 -"), ("m1 / (1 - 1)", "- - -"), ("0 / m1", "- 0 -")],
)
def test_a_point_divided_by_zero_is_dropped(expression: str, result: str) -> None:
    assert compute(expression, m1="0 2 -") == result


@pytest.mark.parametrize(
    ("expression", "m1", "result"),
    [
        ("(0 - m1) ^ 0.5", "4 0", "- 0"),  # no real root
        ("m1 ^ -1", "0 2", "- 0.5"),
        ("10 ^ m1", "308 309", "1e+308 -"),
        ("m1 * 1e300", "1 1e300", "1e+300 -"),
        ("m1 * 1e300 - m1 * 1e300", "1e300 1", "- 0"),
    ],
)
def test_a_point_that_is_not_a_finite_number_is_dropped(expression: str, m1: str, result: str) -> None:
    assert compute(expression, m1=m1) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("7 - 2 - 1", 4.0),
        ("2 + 3 * 4", 14.0),
        ("(2 + 3) * 4", 20.0),
        ("24 / 4 / 2", 3.0),
        ("7 - 2 * 3", 1.0),
        ("7 - 4 / 2", 5.0),
        ("7 % 4 * 2", 6.0),
        ("2 * 7 % 4", 2.0),
        ("8 / 2 * 4", 16.0),
        ("8 % 3 / 2", 1.0),
        ("12 / 7 % 4", 12 / 7),
        ("-7 % 4", -3.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1", 0.5),
        ("1 + 1 == 2", 1.0),
        ("5 == 2 + 3", 1.0),
        ("5 - 2 > 1", 1.0),
        ("1 < 2 AND 2 < 1", 0.0),
        ("1 OR 1 AND 0", 1.0),
        ("NOT 1 > 2", 1.0),
        ("!1 > 2", 0.0),
        ("NOT 0 AND 0", 0.0),
        ("3 != 3", 0.0),
        ("3 <= 3", 1.0),
        ("2 && 3", 1.0),
        ("0 || -1", 1.0),
        ("0 OR 0", 0.0),
        ("1.5e1 + .5", 15.5),
        ("1 / 0 + 1", None),
        ("-(1 / 0)", None),
    ],
)
def test_numbers_are_computed_with_the_usual_precedence(expression: str, result: float | None) -> None:
    assert compute(expression) == result


def test_a_number_that_does_not_exist_drops_every_point() -> None:
    assert compute("m1 + MAX(m2)", m1="1 2", m2="- -") == "- -"


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("[m1, m2] - m1", ["0 0", "2 -1"]),
        ("m1 - [m1, m2]", ["0 0", "-2 1"]),
        ("10 - [m1, m2]", ["9 8", "7 9"]),
        ("[m1, m2] / 2", ["0.5 1", "1.5 0.5"]),
    ],
)
def test_an_array_is_computed_series_by_series(expression: str, result: list[str]) -> None:
    assert compute(expression, m1="1 2", m2="3 1") == result
