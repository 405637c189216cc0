"""Properties of all expressions: their text can be read again, their results are right, and faults have a position."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cloudwatch.metric_math import ExpressionError, Formula, Result, check, compile_expression, parse, unparse
from cloudwatch.metric_math.signatures import KEYWORDS, REMOTE, SIGNATURES, ValueKind
from cloudwatch.metric_math.syntax import Expression
from cloudwatch.series import Series
from tests.cloudwatch.metric_math.naive_evaluator import NaiveEvaluator
from tests.cloudwatch.metric_math.random_expressions import DEPTH, METRICS, expressions, series
from tests.cloudwatch.metric_math.series_text import PERIOD, START

LENGTH = 5
TIMES = range(START, START + LENGTH * PERIOD, PERIOD)
END = START + LENGTH * PERIOD

values = st.lists(
    st.none() | st.integers(-3, 9).map(float) | st.sampled_from([0.25, 1e-200, 1e200]), min_size=LENGTH, max_size=LENGTH
)
data = st.fixed_dictionaries(dict.fromkeys(METRICS, values))

_WORDS = ["m1", "m9", "AND", "NOT", "OR", "2", ".5", "'a'", '"b"', "METRICS()", "[m1, m2]", "SELECT", "true", "ÿ", "\n"]
_SIGNS = ["+", "-", "*", "/", "%", "^", "<", ">=", "==", "!=", "!", "&&", "||", "(", ")", "[", "]", ",", "=", "'", "\\"]
word_mixtures = st.lists(st.sampled_from([*_WORDS, *_SIGNS, *SIGNATURES, *KEYWORDS]), max_size=12).map(" ".join)


def timed(points: list[float | None]) -> dict[int, float]:
    return {at: value for at, value in zip(TIMES, points, strict=True) if value is not None}


def plain(result: Result) -> Any:
    """The result in the form of the naive evaluator."""
    if isinstance(result, list):
        return [dict(one.points()) for one in result]
    return dict(result.points()) if isinstance(result, Series) else result


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[at], other[at]) for at in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9)


@given(expressions)
def test_an_expression_is_read_again_from_its_text(tree: Expression) -> None:
    text = unparse(tree)
    assert parse(text) == tree
    assert unparse(parse(text)) == text


@settings(max_examples=400)
@given(expressions, data)
def test_an_expression_is_computed_like_the_naive_evaluator(
    tree: Expression, points: dict[str, list[float | None]]
) -> None:
    formula = compile_expression(tree, METRICS)
    result = whole(formula, points)
    expected = NaiveEvaluator(TIMES, {name: timed(points[name]) for name in METRICS}, PERIOD).of(tree)
    assert equal(plain(result), expected), (unparse(tree), plain(result), expected)
    assert formula.kind is kind_of(result)


def whole(formula: Formula, points: Mapping[str, Sequence[float | None]]) -> Result:
    """The result over all TIMES."""
    metrics = {name: Series(START, PERIOD, tuple(points[name])) for name in METRICS}
    return formula.evaluate(metrics, period=PERIOD, start=START, end=END)


def kind_of(result: Result) -> ValueKind:
    if isinstance(result, list):
        return ValueKind.ARRAY
    return ValueKind.SERIES if isinstance(result, Series) else ValueKind.SCALAR


@settings(max_examples=200)
@given(series(DEPTH), data, st.integers(1, LENGTH - 1))
def test_without_a_range_dependent_function_a_part_of_the_range_gives_a_part_of_the_result(
    tree: Expression, points: dict[str, list[float | None]], first: int
) -> None:
    formula = compile_expression(tree, METRICS)
    assume(not formula.range_dependent)
    metrics = {name: Series(START, PERIOD, tuple(points[name])) for name in METRICS}
    part = formula.evaluate(metrics, period=PERIOD, start=TIMES[first], end=END)
    assert isinstance(part, Series)
    assert list(part.points()) == [point for point in plain(whole(formula, points)).items() if point[0] >= part.start]


@settings(max_examples=300)
@given(st.text(max_size=40) | word_mixtures | word_mixtures.map(lambda text: text.replace(" ", "")))
@example("(" * 2000)
@example("-" * 2000 + "m1")
@example("2^" * 900 + "m1")
@example("[" * 900 + "m1" + "]" * 900)
@example("m1" + "+m1" * 680)
@example("ABS(" * 400 + "m1" + ")" * 400)
def test_any_text_is_computed_or_refused_with_a_position_within_it(text: str) -> None:
    try:
        formula = compile_expression(parse(text), METRICS)
        result = whole(formula, dict.fromkeys(METRICS, (1.0, None, 0.0, -2.5, 7.0)))
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert check(formula.expression, METRICS) is kind_of(result)


@given(st.sampled_from(sorted(REMOTE)), st.lists(st.sampled_from(["m1", "2", "'a'", "['a']", "true"]), max_size=4))
def test_a_remote_function_is_never_computed(name: str, arguments: list[str]) -> None:
    text = f"{name}({', '.join(arguments)})"
    try:
        compile_expression(parse(text), METRICS)
    except ExpressionError:
        return
    raise AssertionError(text)
