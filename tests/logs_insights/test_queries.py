"""The queries of the runbook are understood; what is not supported is refused; each command does what AWS documents."""

import re
from pathlib import Path

import pytest

from tests.logs_insights.query_run import run_query
from tests.logs_insights.query_text import Event, QueryRefused, parse_query

RUNBOOK = Path(__file__).resolve().parents[2] / "docs/RUNBOOK.md"


def runbook_queries(runbook: str) -> list[str]:
    """The queries of the document: its fenced blocks without a language."""
    return re.findall(r"^```\n(.*?)^```$", runbook, re.MULTILINE | re.DOTALL)


QUERIES = runbook_queries(RUNBOOK.read_text())
EVENTS: list[Event] = [
    {"@timestamp": 60_000, "@message": "a", "Route": "GET /a", "status": 200, "Latency": 10, "_aws.Timestamp": 60_000},
    {"@timestamp": 61_000, "@message": "b", "Route": "GET /a", "status": 500, "Latency": 30},
    {"@timestamp": 125_000, "@message": "c", "Route": "GET /b", "status": 503, "Latency": 20},
    {"@timestamp": 126_000, "@message": "d _x_", "level": "ERROR"},
]


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_of_the_runbook_is_understood(query: str) -> None:
    assert parse_query(query)


def test_the_runbook_has_a_query_for_each_alarm() -> None:
    assert len(QUERIES) > 30


@pytest.mark.parametrize(
    ("condition", "messages"),
    [
        ("status >= 500", "cb"),
        ("status = 200 or status > 500 and Latency < 20", "a"),
        ("not ispresent(status)", "d"),
        ("ispresent(_aws.Timestamp)", "a"),
        ("Route in ['GET /b', 'x']", "c"),
        ("Route like /b$|zzz/", "c"),
        ("@message like /_x_/ and not ispresent(Route)", "d"),
        ("level in ['ERROR'] and Route = 'GET /a'", ""),
    ],
)
def test_a_filter_keeps_what_fits_the_newest_first(condition: str, messages: str) -> None:
    rows = run_query(f"fields @message | filter {condition}", EVENTS)
    assert "".join(row["@message"][0] for row in rows) == messages


def test_sort_and_limit() -> None:
    rows = run_query("fields status | filter ispresent(status) | sort Latency asc | limit 2", EVENTS)
    assert rows == [{"status": 200}, {"status": 503}]


def test_statistics_by_field_and_time() -> None:
    assert run_query("filter status > 0 | stats count() as n, pct(Latency, 50) by Route | sort n desc", EVENTS) == [
        {"Route": "GET /a", "n": 2, "pct(Latency, 50)": 10},
        {"Route": "GET /b", "n": 1, "pct(Latency, 50)": 20},
    ]
    rows = run_query("stats count() by bin(1m)", EVENTS)
    assert rows == [{"bin(1m)": 60_000, "count()": 2}, {"bin(1m)": 120_000, "count()": 2}]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "parse @message '*' as x",
        "fields @message | dedup status",
        "fields strlen(@message)",
        "fields status as s",
        "stats avg(Latency)",
        "stats count(status)",
        "filter status != 200",
        "filter status = 200 + 1",
        'filter Route = "GET /a"',
        "filter (status = 200)",
        "filter Route like 'b'",
        "filter Route like /a/i",
        "sort status",
        "limit 0",
        "limit 20 | fields @message",
        "fields @message fields status",
        "fields @message |",
        "stats count() by bin(1w)",
    ],
)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(QueryRefused):
        parse_query(query)


def test_text_is_not_compared_with_a_number() -> None:
    with pytest.raises(TypeError, match="compares"):
        run_query("filter status = '200'", EVENTS)
