"""Queries of Logs Insights: the fields that a query reads are found, and its faults, with the character."""

import pytest

from cloudwatch.log_queries import LogQueryRefused, parse_log_query


def fields(text: str) -> list[str]:
    return [field.name for field in parse_log_query(text).fields]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("fields @timestamp, @message | sort @timestamp desc | limit 20", []),
        (
            "fields a, `b c`, d.e.0 | filter f = 'g' and not (h > 3 or i in ['j', 'k'])",
            ["a", "b c", "d.e.0", "f", "h", "i"],
        ),
        ("filter a like /b|c (d/ | display a", ["a", "a"]),
        ("filter a =~ /b/ and ispresent(c)", ["a", "c"]),
        ("FIELDS a / b AS ratio | sort ratio DESC", ["a", "b"]),
        ("stats count(*) as n, pct(a, 99) by bin(5m), b | sort n desc, b", ["a", "b"]),
        ("fields coalesce(a, b) as c | stats max(c) as d by concat(c, 'x') as e | sort d, e", ["a", "b"]),
        ("parse @message 'user=*, took *' as user, took | stats avg(took) by user", []),
        ("parse a /(?<ip>[0-9.]+) | (?P<port>[0-9]+)/ | filter ip != '' | dedup port", ["a"]),
        ("# all of them\nfields a # and | nothing else\n| limit 5", ["a"]),
        ("pattern @message", []),
        ("filter @message like 'it\\'s' | fields 3 * a - 2 ^ b % c", ["a", "b", "c"]),
    ],
)
def test_the_fields_of_a_query_are_those_that_the_log_must_have(text: str, read: list[str]) -> None:
    assert fields(text) == read
    assert all(text[field.position :].lstrip("`").startswith(field.name) for field in parse_log_query(text).fields)


def test_the_log_groups_are_those_of_source() -> None:
    assert parse_log_query("SOURCE 'a' | SOURCE \"b\" | fields c").log_groups == ("a", "b")
    assert parse_log_query("fields c").log_groups == ()


def test_a_query_tells_the_texts_that_it_compares_a_field_with() -> None:
    query = parse_log_query("filter a = 'b' and c in ['d', 'e'] and f like 'g'")
    assert [(field, token.text) for field, token in query.compared] == [("a", "b"), ("c", "d"), ("c", "e")]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "character 1: there is no command the end"),
        ("fields a |", "character 11: there is no command the end"),
        ("filtr a = 1", "character 1: there is no command 'filtr'; did you mean filter?"),
        ("fields", "character 1: fields needs an argument"),
        ("fields cuont(a)", "character 8: there is no function 'cuont'; did you mean count?"),
        ("filter (a = 1", "character 8: this '(' is never closed"),
        ("filter a = 1)", "character 13: unexpected ')'"),
        ("filter a = 'b", 'character 12: unexpected "\'"'),
        ("limit many", "character 7: limit takes a number from 1 to 10000"),
        ("limit 0", "character 7: limit takes a number from 1 to 10000"),
        ("stats count(*) as n by a | sort m", "character 33: 'm' is no result of stats"),
        ("stats count(*) as n by a | display b", "character 36: 'b' is no result of stats"),
    ],
)
def test_a_fault_is_named_with_its_character(text: str, fault: str) -> None:
    with pytest.raises(LogQueryRefused) as found:
        parse_log_query(text)
    assert str(found.value) == fault
