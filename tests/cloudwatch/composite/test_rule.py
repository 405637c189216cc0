"""Rules of composite alarms: when they hold, and the position of a fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.alarm.state import AlarmState
from cloudwatch.composite.rule import RuleRefused, parse_rule, written_rule

OK, ALARM, INSUFFICIENT_DATA = AlarmState
ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"


def holds(rule: str, **states: AlarmState | None) -> bool | None:
    return parse_rule(rule).holds(states)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ("OK(a)", False),
        ("INSUFFICIENT_DATA(c)", True),
        ("ALARM(nobody)", False),
        ("INSUFFICIENT_DATA(nobody)", True),
        ("TRUE", True),
        ("False", False),
        ("NOT ALARM(a)", False),
        ("NOT NOT ALARM(a)", True),
        ("ALARM(a) AND ALARM(b)", False),
        ("ALARM(a) OR ALARM(b)", True),
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("FALSE AND TRUE OR TRUE", True),
        ("FALSE AND (TRUE OR TRUE)", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        ("(ALARM(a) OR ALARM(b)) AND OK(b)", True),
        ("ALARM(a) AND NOT ALARM(b)", True),
        ("  ALARM ( a )\nAND\tOK(b) ", True),
    ],
)
def test_a_rule_holds_according_to_its_operators(rule: str, expected: bool) -> None:
    assert holds(rule, a=ALARM, b=OK, c=INSUFFICIENT_DATA) is expected


def test_alarms_are_named_with_or_without_quotes_or_by_arn() -> None:
    rule = parse_rule(f'ALARM(cpu-high) OR OK("disk (root)") OR ALARM({ARN}queue:depth) OR OK("{ARN}cpu-high")')
    assert rule.children == ("cpu-high", "disk (root)", "queue:depth")
    assert parse_rule(f"ALARM(my:alarm:clock) OR OK({ARN}my:alarm:clock)").children == ("my:alarm:clock",)
    assert parse_rule("ALARM(arn:my-clock)").children == ("arn:my-clock",)
    assert parse_rule(r'ALARM("the \"slow\" one, \\ or not")').children == (r'the "slow" one, \ or not',)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("AT_LEAST(2, ALARM, (a, b, c))", False),
        ("AT_LEAST(1, ALARM, (a, b, c))", True),
        ("AT_LEAST(2, NOT ALARM, (a, b, c))", True),
        ("AT_LEAST(3, NOT ALARM, (a, b, c))", False),
        ("AT_LEAST(1, INSUFFICIENT_DATA, (a, b, c))", True),
        ("AT_LEAST(0, ALARM, (b))", True),
        ("AT_LEAST(4, NOT OK, (a, b, c))", False),
        ("AT_LEAST(34%, ALARM, (a, b, c))", False),
        ("AT_LEAST(33%, ALARM, (a, b, c))", True),
        ("AT_LEAST(60%, NOT OK, (a, b, c))", True),
        ("AT_LEAST(67%, NOT OK, (a, b, c))", False),
        ("AT_LEAST(100%, NOT OK, (a, c))", True),
        (f'AT_LEAST( 1 , OK , ( "b" , {ARN}nobody ) )', True),
        ("AT_LEAST(1, INSUFFICIENT_DATA, (nobody))", True),
        ("NOT AT_LEAST(2, ALARM, (a, b, c)) AND ALARM(a)", True),
    ],
)
def test_at_least_counts_alarms_in_a_state(rule: str, expected: bool) -> None:
    assert holds(rule, a=ALARM, b=OK, c=INSUFFICIENT_DATA) is expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(x)", None),
        ("NOT ALARM(x)", None),
        ("ALARM(a) AND ALARM(x)", None),
        ("ALARM(b) AND ALARM(x)", False),
        ("ALARM(x) AND ALARM(b)", False),
        ("ALARM(a) OR ALARM(x)", True),
        ("ALARM(b) OR ALARM(x)", None),
        ("NOT (ALARM(b) AND OK(x))", True),
        ("AT_LEAST(1, ALARM, (a, x))", True),
        ("AT_LEAST(2, ALARM, (a, b, x))", None),
        ("AT_LEAST(3, ALARM, (a, b, x))", False),
        ("AT_LEAST(2, NOT ALARM, (a, b, x))", None),
        ("AT_LEAST(100%, ALARM, (b, x))", False),
    ],
)
def test_a_rule_over_an_alarm_that_is_not_played_is_known_while_the_others_decide(
    rule: str, expected: bool | None
) -> None:
    assert holds(rule, a=ALARM, b=OK, x=None) is expected


@pytest.mark.parametrize(
    ("rule", "position", "reason"),
    [
        ("", 0, "1 to 10240 characters"),
        (" ", 1, "an alarm, TRUE or FALSE is expected"),
        ("ALARM(a) ALARM(b)", 9, "AND, OR or the end"),
        ("ALARM(a) AND", 12, "an alarm, TRUE or FALSE"),
        ("AND ALARM(a)", 0, "an alarm, TRUE or FALSE"),
        ("ALARM(a) NOT ALARM(b)", 9, "AND, OR or the end"),
        ("ALARM(a) AND (OK(b)", 13, "never closed"),
        ("ALARM(a))", 8, "never opened"),
        ("()", 1, "an alarm, TRUE or FALSE"),
        ("ALARM(a) XOR ALARM(b)", 9, "cannot read 'XOR"),
        ("ALARM()", 0, "cannot read"),
        ('ALARM("a)', 0, "cannot read"),
        ("alarm(a)", 0, "cannot read"),
        ("TRUEST", 0, "cannot read"),
        ("ALARM(cpu high)", 0, "a name with a blank or a comma needs quotation marks"),
        ("ALARM(a, b)", 0, "a name with a blank or a comma needs quotation marks"),
        ("TRUE OR AT_LEAST(2, ALARM, a, b)", 8, "the form is AT_LEAST"),
        ("AT_LEAST(2, ALARM, ())", 0, "the form is AT_LEAST"),
        ("AT_LEAST(-1, ALARM, (a))", 0, "the form is AT_LEAST"),
        ("AT_LEAST(2, FAILED, (a))", 0, "the form is AT_LEAST"),
        ("AT_LEAST(2, ALARM, (a,))", 0, "the form is AT_LEAST"),
        ("AT_LEAST(2, ALARM, (a, b)", 0, "the form is AT_LEAST"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_at_the_fault(rule: str, position: int, reason: str) -> None:
    with pytest.raises(RuleRefused, match=reason) as refusal:
        parse_rule(rule)
    assert refusal.value.position == position
    assert f"character {position + 1}:" in str(refusal.value)


def any_of(number: int, *more: str) -> str:
    return " OR ".join([*(f"ALARM(a{i})" for i in range(number)), *more])


def test_a_rule_may_name_a_hundred_alarms_and_have_five_hundred_elements() -> None:
    assert len(parse_rule(any_of(100, "ALARM(a0)")).children) == 100
    parse_rule(" OR ".join(["(TRUE)"] * 250))
    with pytest.raises(RuleRefused, match="101 alarms"):
        parse_rule(any_of(101))
    with pytest.raises(RuleRefused, match="501 elements"):
        parse_rule(" OR ".join(["(TRUE)"] * 250 + ["TRUE"]))


def test_a_rule_may_be_as_long_as_the_api_allows() -> None:
    longest = "TRUE".ljust(10_240)
    assert parse_rule(longest).holds({})
    with pytest.raises(RuleRefused, match="10240"):
        parse_rule(longest + " ")


def test_deep_nesting_is_read_and_evaluated() -> None:
    assert holds("NOT " * 2_000 + "TRUE")
    assert holds("(" * 499 + "TRUE" + ")" * 499)


@pytest.mark.parametrize(
    "rule",
    [" " * 10_000, "ALARM(" + " " * 10_000, "ALARM(" + "a " * 5_000, "(" * 10_000, "AT_LEAST(1, OK, (" + "a, " * 3_000],
)
def test_a_rule_that_would_be_slow_to_read_is_refused(rule: str) -> None:
    with pytest.raises(RuleRefused):
        parse_rule(rule)


# Pairs of a rule and an equivalent Python expression. ``eval`` computes the expected result.
AT_LEASTS = [
    (f"AT_LEAST({count}, {state}, (a, b))", f"(((a == '{state}') + (b == '{state}')) >= {count})")
    for count in range(4)
    for state in ("ALARM", "OK")
]
RULES = st.recursive(
    st.sampled_from([(f"{s}({n})", f"({n} == '{s}')") for s in ("ALARM", "OK") for n in "ab"] + [("TRUE", "True")])
    | st.sampled_from(AT_LEASTS),
    lambda inner: (
        inner.map(lambda rule: (f"NOT {rule[0]}", f"not {rule[1]}"))
        | inner.map(lambda rule: (f"({rule[0]})", f"({rule[1]})"))
        | st.tuples(inner, inner).map(lambda pair: (f"{pair[0][0]} AND {pair[1][0]}", f"{pair[0][1]} and {pair[1][1]}"))
        | st.tuples(inner, inner).map(lambda pair: (f"{pair[0][0]} OR {pair[1][0]}", f"{pair[0][1]} or {pair[1][1]}"))
    ),
    max_leaves=12,
)


@given(RULES, st.sampled_from(AlarmState), st.sampled_from(AlarmState))
def test_a_rule_holds_when_the_same_expression_in_python_is_true(
    rule: tuple[str, str], a: AlarmState, b: AlarmState
) -> None:
    assert holds(rule[0], a=a, b=b) == eval(rule[1], {"a": a.value, "b": b.value})  # noqa: S307


@given(RULES, st.sampled_from(AlarmState), st.lists(st.sampled_from(AlarmState), min_size=3, max_size=3, unique=True))
def test_a_known_result_is_the_same_whatever_the_unknown_state_is(
    rule: tuple[str, str], a: AlarmState, possible: list[AlarmState]
) -> None:
    known = holds(rule[0], a=a, b=None)
    if known is not None:
        assert {holds(rule[0], a=a, b=b) for b in possible} == {known}


@pytest.mark.parametrize(
    "text",
    [
        'ALARM("a")',
        'NOT (ALARM("a") OR OK("b")) AND NOT INSUFFICIENT_DATA("c")',
        '(ALARM("a") OR TRUE) AND (FALSE OR OK("b") AND OK("c"))',
        'ALARM("a") AND (OK("b") AND OK("c"))',
        'AT_LEAST(2, NOT OK, ("a", "b")) OR AT_LEAST(60%, ALARM, ("a", "the \\"slow\\" one, \\\\ or not"))',
        "NOT NOT TRUE",
    ],
)
def test_a_program_is_written_as_the_rule_that_gives_it(text: str) -> None:
    assert written_rule(parse_rule(text).program) == text
