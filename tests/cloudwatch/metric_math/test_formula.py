"""A formula: its range, its references, and the series and ranges that it refuses."""

import pytest

from cloudwatch.metric_math import Formula, Result, ValueKind, compile_expression, evaluate, parse
from cloudwatch.series import Series
from tests.cloudwatch.metric_math.series_text import PERIOD, START, result_text, series


def formula(text: str) -> Formula:
    return compile_expression(parse(text), ["m1", "m2"], {"number": ValueKind.SCALAR, "all": ValueKind.ARRAY})


@pytest.mark.parametrize(
    ("first", "end", "result"),
    [
        (0, 3, "1 2 3"),
        (1, 2, "2"),
        (-2, 2, "- - 1 2"),
        (2, 5, "3 - -"),
        (-2, 5, "- - 1 2 3 - -"),
        (-3, -1, "- -"),
        (3, 5, "- -"),
        (7, 9, "- -"),
        (1, 1, ""),
    ],
)
def test_time_outside_a_series_is_a_gap(first: int, end: int, result: str) -> None:
    start, end = START + first * PERIOD, START + end * PERIOD
    computed = formula("m1").evaluate({"m1": series("1 2 3")}, period=PERIOD, start=start, end=end, label="one")
    assert isinstance(computed, Series)
    assert (computed.start, computed.period, computed.label) == (start, PERIOD, "one")
    assert result_text(computed) == result


def test_integers_in_a_series_become_floats() -> None:
    metrics = {"m1": Series(START, PERIOD, (3, None))}
    computed = evaluate("TIME_SERIES(MAX(m1)) + m1", metrics, period=PERIOD, start=START, end=START + 2 * PERIOD)
    assert isinstance(computed, Series)
    assert [type(value) for value in computed.values] == [float, float]


def test_a_series_of_another_period_is_refused() -> None:
    with pytest.raises(ValueError, match="m1 has a period of 300 s, the expression one of 60 s"):
        evaluate("m1", {"m1": Series(START, 300, (1.0,))}, period=PERIOD, start=START, end=START + 300)


@pytest.mark.parametrize(("start", "end", "period"), [(30, 90, 60), (0, 90, 60), (60, 0, 60), (0, 60, 0)])
def test_a_range_is_made_of_whole_periods(start: int, end: int, period: int) -> None:
    with pytest.raises(ValueError, match="is not a range of periods"):
        evaluate("TIME_SERIES(1)", {}, period=period, start=start, end=end)


def test_high_resolution_series_have_a_value_each_second() -> None:
    metrics = {"m1": Series(START + 1, 1, (5.0, 6.0))}
    computed = evaluate("RATE(m1)", metrics, period=1, start=START + 1, end=START + 3)
    assert computed == Series(START + 1, 1, (None, 1.0))


def test_results_of_other_expressions_are_used_but_are_not_part_of_metrics() -> None:
    expressions: dict[str, Result] = {"number": 2.0, "all": [series("5 6", "a"), series("7 8")], "e1": series("1 1")}
    metrics = {"m1": series("10 20")}
    text = "[FIRST(all) * number + e1, SUM(METRICS()), LAST(all)]"
    result = evaluate(text, metrics, period=PERIOD, start=START, end=START + 120, expressions=expressions)
    assert result_text(result) == ["11 13", "10 20", "7 8"]


def test_the_series_of_another_expressions_array_keep_their_labels() -> None:
    expressions: dict[str, Result] = {"all": [series("5", "a"), series("7")]}
    result = evaluate("all * 2", {}, period=PERIOD, start=START, end=START + PERIOD, expressions=expressions)
    assert isinstance(result, list)
    assert [one.label for one in result] == ["a", "all"]


def test_a_formula_has_a_kind_and_references() -> None:
    ready = formula('SUM(METRICS("2")) / number')
    assert (ready.kind, ready.references) == (ValueKind.SERIES, frozenset(("m2", "number")))


@pytest.mark.parametrize(
    "text",
    ["m1 / m2", "SUM([m1, m2])", "AVG(METRICS())", "FILL(m1, 0)", "FILL(m1, m2)", "IF(HOUR(m1) > 9, m1)", "LAST(all)"],
)
def test_a_formula_that_computes_point_by_point_does_not_depend_on_the_range(text: str) -> None:
    assert formula(text).range_dependent == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("m1 - AVG(m1)", (5, "AVG")),
        ("TIME_SERIES(SUM(m1))", (12, "SUM")),
        ("RUNNING_SUM(m1)", (0, "RUNNING_SUM")),
        ("FILL(m1, REPEAT)", (0, "FILL")),
        ("FILL(m1, LINEAR)", (0, "FILL")),
        ("RATE(m1)", (0, "RATE")),
        ("DIFF(METRICS())", (0, "DIFF")),
        ("DIFF_TIME(m1)", (0, "DIFF_TIME")),
        ("SORT(all, SUM, ASC)", (0, "SORT")),
        ("REMOVE_EMPTY(all)", (0, "REMOVE_EMPTY")),
    ],
)
def test_functions_that_depend_on_other_points_are_named(text: str, found: tuple[int, str]) -> None:
    assert formula(text).range_dependent == (found,)


def test_range_dependent_functions_are_named_in_the_order_of_the_text() -> None:
    assert formula("MAX(m1) + m2 - RATE(m1)").range_dependent == ((0, "MAX"), (15, "RATE"))
