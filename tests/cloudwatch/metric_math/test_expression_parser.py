"""The syntax of expressions: the trees of valid texts, and the position of each fault. § marks the faulty character."""

import pytest

from cloudwatch.metric_math import Expression, ExpressionError, parse, references, undocumented, unparse
from cloudwatch.metric_math.expression_parser import EXPRESSION_CHARACTERS_MAX, NESTING_MAX
from cloudwatch.metric_math.syntax import Array, Binary, Call, Id, InsightsQuery, Number, Text, Unary, Word, postorder


def refused(marked: str) -> str:
    """The reason of the refusal. The text must be refused at its mark (§)."""
    with pytest.raises(ExpressionError) as caught:
        parse(marked.replace("§", ""))
    assert caught.value.position == marked.index("§")
    assert str(caught.value) == f"character {caught.value.position + 1}: {caught.value.reason}"
    return caught.value.reason


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("§", "the expression is empty"),
        (" \n §", "the expression is empty"),
        ("m1 + §", "the expression ends where a value is expected"),
        ("m1 §m2", "unexpected 'm2': an operator is missing before it"),
        ("m1§)", "unexpected ')': it closes nothing"),
        ("m1§]", "unexpected ']': it closes nothing"),
        ("§(m1 + 2", "this '(' is never closed"),
        ("AVG§(m1", "this '(' is never closed"),
        ("1 + §[m1, m2", "this '[' is never closed"),
        ("[m1§)", "unexpected ')' where ']' is expected"),
        ("(m1§, m2)", "unexpected ',' where ')' is expected"),
        ("SUM([m1, §])", "unexpected ']' where a value is expected"),
        ("m1 * §* m2", "unexpected '*' where a value is expected"),
        ("§+ m1", "unexpected '+' where a value is expected"),
        ("(§)", "unexpected ')' where a value is expected"),
        ("m1 §= 2", "unexpected '=': to compare, write =="),
        ("m1 §& m2", "unexpected '&': write && or AND"),
        ("m1 §| m2", "unexpected '|': write || or OR"),
        ("METRICS(§“4xx”)", "unexpected '“': strings are written in straight quotation marks"),
        ('METRICS(§"4xx)', "unexpected '\"': this string does not end"),
        ("METRICS(§'4xx\")", 'unexpected "\'": this string does not end'),
        ("m1 §# m2", "unexpected '#': it has no meaning here"),
        ("m1 + §ä", "unexpected 'ä': it has no meaning here"),
        ("2§m1", "unexpected 'm1': an operator is missing before it"),
        ("1.2§.3", "unexpected '.3': an operator is missing before it"),
        ("m1 + §1e999", "1e999 is out of range"),
        ("1 + §ANOMALY_DETECTOR(m1)", "function 'ANOMALY_DETECTOR' not found, did you mean ANOMALY_DETECTION_BAND?"),
        ("§XYZ(m1)", "function 'XYZ' not found"),
        ("§avg(m1)", "function 'avg' not found, did you mean AVG?"),
        ("§m1(2)", "function 'm1' not found"),
        ("m1 / §M2", "unknown name 'M2': ids begin with a lowercase letter"),
        ("§_m1", "unknown name '_m1': ids begin with a lowercase letter"),
        ("1 + §STDDEV", "function 'STDDEV' needs its arguments in parentheses"),
        ("m1 §and m2", "unexpected 'and': an operator is missing before it"),
    ],
)
def test_a_fault_is_refused_at_its_position(marked: str, reason: str) -> None:
    assert refused(marked) == reason


def test_an_expression_of_the_longest_length_is_read_and_a_longer_one_is_refused() -> None:
    longest = "m1" + " " * (EXPRESSION_CHARACTERS_MAX - 2)
    assert parse(longest) == Id(0, "m1")
    assert refused(longest + "§ ") == "an expression has at most 2048 characters, this one has 2049"


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("-", ""), ("ABS(", ")"), ("[", "]"), ("2^", "")])
def test_nesting_has_a_limit_and_a_position(opening: str, closing: str) -> None:
    depth = NESTING_MAX - 1
    assert parse(opening * depth + "m1" + closing * depth)
    assert refused(opening * NESTING_MAX + "§m1" + closing * NESTING_MAX) == "nested deeper than 64 levels"


def test_siblings_are_not_nested() -> None:
    siblings = "ABS((m1)) + " * 70
    depth = NESTING_MAX - 1  # the right side of an operator is a level of its own
    assert refused(siblings + "(" * depth + "§m1" + ")" * depth) == "nested deeper than 64 levels"
    assert parse(siblings + "m1")


def test_a_long_sum_is_not_nested() -> None:
    names = [f"m{index}" for index in range(350)]
    tree = parse("+".join(names))
    assert sum(1 for _ in postorder(tree)) == 2 * len(names) - 1
    assert references(tree, names) == set(names)
    assert unparse(tree) == " + ".join(names)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("m1", Id(0, "m1")),
        ("errorsByHost_2", Id(0, "errorsByHost_2")),
        ("50.25", Number(0, 50.25)),
        ("-5", Unary(0, "-", Number(1, 5))),
        ("5.", Number(0, 5)),
        ("2E-1", Number(0, 0.2)),
        ("m1 != 2", Binary(3, "!=", Id(0, "m1"), Number(6, 2))),
        ("a&&b", Binary(1, "AND", Id(0, "a"), Id(3, "b"))),
        ("a OR b", Binary(2, "OR", Id(0, "a"), Id(5, "b"))),
        ("NOT a", Unary(0, "!", Id(4, "a"))),
        ("[m1,\n m2]", Array(0, (Id(1, "m1"), Id(6, "m2")))),
        ("METRICS('x\"y')", Call(0, "METRICS", (Text(8, 'x"y'),))),
        ('METRICS("x\\"y")', Call(0, "METRICS", (Text(8, 'x\\"y'),))),
        ("FILL(m1, REPEAT)", Call(0, "FILL", (Id(5, "m1"), Word(9, "REPEAT")))),
        ("LAMBDA('f', true)", Call(0, "LAMBDA", (Text(7, "f"), Word(12, "true")))),
        (" select avg (x) FROM y", InsightsQuery(1, "select avg (x) FROM y")),
        ("select + 1", Binary(7, "+", Id(0, "select"), Number(9, 1))),
    ],
)
def test_every_node_has_its_position(text: str, tree: Expression) -> None:
    read = parse(text)
    assert read == tree
    assert [node.position for node in postorder(read)] == [node.position for node in postorder(tree)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("((m1))", "m1"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("(2^3)^2", "(2 ^ 3) ^ 2"),
        ("2^(3^2)", "2 ^ 3 ^ 2"),
        ("(-2)^2", "(-2) ^ 2"),
        ("-(2^2)", "-2 ^ 2"),
        ("2^-1", "2 ^ (-1)"),
        ("NOT a > b", "!(a > b)"),
        ("!a > b", "!a > b"),
        ("a AND (b OR c)", "a AND (b OR c)"),
        ("--a", "--a"),
        ("IF(a,b)", "IF(a, b)"),
        ("METRICS()", "METRICS()"),
        ("METRICS('\"')", "METRICS('\"')"),
        ("METRICS('x')", 'METRICS("x")'),
        ("1e22", "1e+22"),
        ("0.5", "0.5"),
        ("LAMBDA('f', false, [a])", 'LAMBDA("f", false, [a])'),
        ("SELECT SUM(x) FROM y ", "SELECT SUM(x) FROM y"),
    ],
)
def test_an_expression_is_written_with_the_parentheses_it_needs(text: str, written: str) -> None:
    assert unparse(parse(text)) == written
    assert parse(written) == parse(text)


def test_metrics_stands_for_ids_of_metrics() -> None:
    expression = parse('SUM(METRICS("err")) / total')
    assert references(expression, ["err1", "myerr", "ok"]) == {"err1", "myerr", "total"}
    assert references(parse("METRICS()"), ["a", "b"]) == {"a", "b"}


def test_operators_that_aws_does_not_document_are_named() -> None:
    assert undocumented(parse("NOT m1 % 2 - 1")) == [(0, "!"), (7, "%")]
    assert undocumented(parse("IF(m1 != 2 OR -m1 ^ 2 > 1, 1)")) == []
