"""Faults that are found without data: unknown ids, wrong numbers and kinds of arguments. § marks the position."""

import pytest

from cloudwatch.metric_math import ExpressionError, ValueKind, check, parse

METRICS = ["m1", "m2"]
EXPRESSIONS = {"number": ValueKind.SCALAR, "e1": ValueKind.SERIES, "all": ValueKind.ARRAY}


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("m1 + §m3", "unknown id 'm3'"),
        ("§", "the expression is empty"),
        ("m1 + §AVG()", "AVG takes 1 argument, not 0"),
        ("§SUM(m1, m2)", "SUM takes 1 argument, not 2"),
        ("§FILL(m1)", "FILL takes 2 arguments, not 1"),
        ("§IF(m1)", "IF takes 2 or 3 arguments, not 1"),
        ("§METRICS('a', 'b')", "METRICS takes 0 or 1 arguments, not 2"),
        ("§LAMBDA()", "LAMBDA takes 1 to 21 arguments, not 0"),
        ("ABS(§5)", "argument 1 of ABS is a S; it may be TS or TS[]"),
        ("CEIL(§AVG(m1))", "argument 1 of CEIL is a S; it may be TS or TS[]"),
        ("TIME_SERIES(§m1)", "argument 1 of TIME_SERIES is a TS; it may be S"),
        ("SORT(§m1, AVG, DESC)", "argument 1 of SORT is a TS; it may be TS[]"),
        ("SORT(METRICS(), §STDDEV(m1), DESC)", "argument 2 of SORT is a S; it may be AVG or MAX or MIN or SUM"),
        ("SORT(METRICS(), AVG, §REPEAT)", "argument 3 of SORT is REPEAT; it may be ASC or DESC"),
        ("SORT(METRICS(), AVG, ASC, §m1)", "argument 4 of SORT is a TS; it may be S"),
        ("FILL(m1, §DESC)", "argument 2 of FILL is DESC; it may be LINEAR or REPEAT or S or TS"),
        ("FILL(§2, 3)", "argument 1 of FILL is a S; it may be TS or TS[]"),
        ("FILL(m1, §[m2])", "argument 2 of FILL is a TS[]; it may be LINEAR or REPEAT or S or TS"),
        ("FILL(m1, §'REPEAT')", "argument 2 of FILL is a string; it may be LINEAR or REPEAT or S or TS"),
        ("METRIC_COUNT(§m1)", "argument 1 of METRIC_COUNT is a TS; it may be TS[]"),
        ("METRICS(§m1)", "argument 1 of METRICS is a TS; it may be string"),
        ("MINUTE(§[m1])", "argument 1 of MINUTE is a TS[]; it may be TS"),
        ("PERIOD(§m1 + 1)", "argument 1 of PERIOD is a TS; it may be metric"),
        ("PERIOD(§e1)", "argument 1 of PERIOD is a TS; it may be metric"),
        ("IF(§METRICS(), 1, 0)", "argument 1 of IF is a TS[]; it may be S or TS"),
        ("IF(m1, §[m1])", "argument 2 of IF is a TS[]; it may be S or TS"),
        ("IF(1, §5)", "argument 2 of IF is a S; it may be TS"),
        ("IF(1, m1, §5)", "argument 3 of IF is a S; it may be TS"),
        ("SLICE(METRICS(), §1.5)", "SLICE counts time series: it needs a whole number from 0, not 1.5"),
        ("SLICE(METRICS(), 0, §-1)", "SLICE counts time series: it needs a whole number from 0, not -1"),
        ("SORT(METRICS(), SUM, ASC, §0.5)", "SORT counts time series: it needs a whole number from 0, not 0.5"),
        ("§[]", "an array of no time series"),
        ("[m1, §2]", "an array holds time series, not a S"),
        ("[m1, §2 + 3]", "an array holds time series, not a S"),
        ("[§'a', m1]", "an array holds time series, not a string"),
        ("[m1] §/ [m2]", "'/' does not take a TS[] and a TS[]"),
        ("METRICS() §> 5", "'>' does not take a TS[] and a S"),
        ("m1 §AND all", "'AND' does not take a TS and a TS[]"),
        ("all §== all", "'==' does not take a TS[] and a TS[]"),
        ("m1 §+ 'a'", "'+' does not take a TS and a string"),
        ("REPEAT §+ m1", "'+' does not take a keyword and a TS"),
        ("§-'a'", "'-' does not take a string"),
        ("§!all", "'!' does not take a TS[]"),
        ("§'m1'", "a string is only an argument of a function"),
        ("§['a', 'b']", "a string[] is only an argument of a function"),
        ("§AVG", "a keyword is only an argument of a function"),
        ("1 + SEARCH('§{Shop, Host', 'Sum')", "this '{' is never closed"),
        ("1 + SEARCH('{Shop} §OR a', 'Sum')", "unexpected 'OR' where a term is expected"),
        ("1 + SEARCH('a', §'Summ')", "'Summ' is not a statistic of CloudWatch"),
        ("SELECT SUM(a) §FROMM x", "unexpected 'FROMM' where FROM is expected; did you mean FROM?"),
        (
            "  SELECT §SUMM(a) FROM x",
            "unexpected 'SUMM' where AVG or COUNT or MAX or MIN or SUM is expected; did you mean SUM?",
        ),
        ("1 + §SEARCH('a', 'Sum')", "SEARCH cannot be computed offline: only CloudWatch has the answer"),
        (
            "§SELECT AVG(x) FROM y",
            "a Metrics Insights query cannot be computed offline: only CloudWatch has the answer",
        ),
    ],
)
def test_a_fault_is_refused_at_its_position(marked: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        check(parse(marked.replace("§", "")), METRICS, EXPRESSIONS)
    assert (caught.value.position, caught.value.reason) == (marked.index("§"), reason)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("m1", "TS"),
        ("number", "S"),
        ("all", "TS[]"),
        ("2 + number", "S"),
        ("2 - m1", "TS"),
        ("m1 * 2", "TS"),
        ("m1 / e1", "TS"),
        ("all ^ 2", "TS[]"),
        ("2 % all", "TS[]"),
        ("all + m1", "TS[]"),
        ("m1 + all", "TS[]"),
        ("1 < 2", "S"),
        ("m1 < 2", "TS"),
        ("1 && m1", "TS"),
        ("m1 || m2", "TS"),
        ("-number", "S"),
        ("-m1", "TS"),
        ("-all", "TS[]"),
        ("NOT number", "S"),
        ("NOT m1", "TS"),
        ("[m1, all]", "TS[]"),
        ("IF(m1, 1)", "TS"),
        ("IF(number, m1)", "TS"),
        ("FILL(all, m1)", "TS[]"),
        ("FILL(m1, number)", "TS"),
        ("FIRST(all)", "TS"),
        ("AVG(all)", "TS"),
        ("AVG(m1)", "S"),
        ("RATE(all)", "TS[]"),
        ("PERIOD(m1)", "S"),
    ],
)
def test_check_returns_the_kind_of_the_result(expression: str, kind: str) -> None:
    assert check(parse(expression), METRICS, EXPRESSIONS) == kind


def test_a_lambda_takes_at_most_twenty_arguments() -> None:
    arguments = ", 1" * 20
    assert check(parse(f"LAMBDA('f'{arguments})"), METRICS, offline=False) is ValueKind.ARRAY
    with pytest.raises(ExpressionError, match="not 22"):
        check(parse(f"LAMBDA('f'{arguments}, 1)"), METRICS, offline=False)
    with pytest.raises(ExpressionError, match=r"argument 2 of LAMBDA is a TS; it may be S or false or string or true"):
        check(parse("LAMBDA('f', m1)"), METRICS, offline=False)
