"""Queries of Metrics Insights: each clause is read, a fault is refused at its character. § marks the position."""

import pytest

from cloudwatch.insights import Condition, Named, Order, SelectQuery, SelectRefused, parse_select, select_text
from cloudwatch.metric import MetricId


def test_a_query_with_every_clause_is_read() -> None:
    text = (
        'SELECT SUM(RequestCount) FROM SCHEMA("AWS/ApplicationELB", LoadBalancer, AvailabilityZone) '
        "WHERE LoadBalancer = 'app/1' AND tag.env != 'test' "
        "GROUP BY AvailabilityZone, LoadBalancer ORDER BY MAX() DESC LIMIT 5"
    )
    query = parse_select(text)
    assert query == SelectQuery(
        function="SUM",
        metric=Named("RequestCount"),
        namespace=Named("AWS/ApplicationELB"),
        schema=(Named("LoadBalancer"), Named("AvailabilityZone")),
        where=(
            Condition(Named("LoadBalancer"), Named("app/1")),
            Condition(Named("tag.env"), Named("test"), negated=True),
        ),
        group_by=(Named("AvailabilityZone"), Named("LoadBalancer")),
        order_by=Order("MAX", descending=True),
        limit=5,
    )
    assert query.statistic == "Sum"
    assert text[query.metric.position :].startswith("RequestCount")
    assert [label.text for label in query.labels].count("tag.env") == 0


@pytest.mark.parametrize(
    "text",
    [
        'select avg(CPUUtilization) from "AWS/EC2"',
        'SELECT COUNT("My.Metric") FROM MyNamespace',
        'SELECT MIN("Bytes\\"Input\\"") FROM SCHEMA(MyNamespace)',
        'SELECT MAX("LIMIT") FROM x GROUP BY ServiceName, Operation ORDER BY AVG() ASC',
        "SELECT\n  SUM(a)\nFROM x\nWHERE AWS.AccountId = '123456789012'",
    ],
)
def test_a_query_of_the_guide_is_read(text: str) -> None:
    assert parse_select(text).namespace.text


@pytest.mark.parametrize(
    "text",
    [
        'SELECT AVG(CPUUtilization) FROM "AWS/EC2"',
        'SELECT MAX("LIMIT") FROM SCHEMA(x, "a b", c) WHERE c = \'it\\\'s\' AND "a b" != \'d\\\\e\' GROUP BY c',
        "SELECT SUM(m) FROM n GROUP BY d, e ORDER BY MAX() DESC LIMIT 5",
        'SELECT SUM("a\\"b") FROM n GROUP BY d ORDER BY AVG() ASC',
    ],
)
def test_a_query_is_written_as_the_text_that_gives_it(text: str) -> None:
    assert select_text(parse_select(text)) == text


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("SELECT §SUMM(a) FROM x", "did you mean SUM?"),
        ("SELECT §p99(a) FROM x", "AVG or COUNT"),
        ("SELECT SUM(§) FROM x", "the name of a metric"),
        ("SELECT SUM(§LIMIT) FROM x", "in double quotation marks"),
        ("SELECT SUM(a) §FROMM x", "did you mean FROM?"),
        ("SELECT SUM(a)§", "unexpected the end where FROM"),
        ("SELECT SUM(a) FROM AWS§/EC2", "quote names"),
        ('SELECT SUM(a) FROM SCHEMA("AWS/EC2", §)', "the name of a dimension"),
        ('SELECT SUM(a) FROM SCHEMA("AWS/EC2"§', "')'"),
        ('SELECT SUM(a) FROM x WHERE b = §"c"', "in single quotation marks"),
        ("SELECT SUM(a) FROM x WHERE b §LIKE 'c'", "'='"),
        ("SELECT SUM(a) FROM x WHERE b = §'c", "this text does not end"),
        ("SELECT SUM(a) FROM x WHERE b = 'c' §OR d = 'e'", "GROUP BY, ORDER BY"),
        ("SELECT SUM(a) FROM x GROUP §b", "BY"),
        ("SELECT SUM(a) FROM x ORDER BY MAX§ DESC", "'('"),
        ("SELECT SUM(a) FROM x LIMIT §501", "1 to 500"),
        ("SELECT SUM(a) FROM x LIMIT 5 §WHERE b = 'c'", "in this order"),
    ],
)
def test_a_fault_is_refused_at_its_character(marked: str, reason: str) -> None:
    marked = marked.replace("MAX§ DESC", "MAX §DESC")
    with pytest.raises(SelectRefused) as caught:
        parse_select(marked.replace("§", ""))
    assert caught.value.position == marked.index("§")
    assert reason in caught.value.reason


QUEUE = MetricId.of("Shop", "Depth", {"Queue": "a", "Zone": "1"})


@pytest.mark.parametrize(
    ("clauses", "selects"),
    [
        ("FROM Shop", True),
        ("FROM Other", False),
        ("FROM SCHEMA(Shop, Zone, Queue)", True),
        ("FROM SCHEMA(Shop, Queue)", False),
        ("FROM SCHEMA(Shop)", False),
        ("FROM Shop WHERE Queue = 'a' AND Zone != '2'", True),
        ("FROM Shop WHERE Queue = 'a' AND Zone = '2'", False),
        ("FROM Shop WHERE Queue != 'a'", False),
        ("FROM Shop WHERE Host = 'x'", False),
        ("FROM Shop WHERE tag.team = 'x'", True),
    ],
)
def test_a_query_selects_the_metrics_of_its_namespace_schema_and_conditions(clauses: str, *, selects: bool) -> None:
    assert parse_select(f"SELECT SUM(Depth) {clauses}").selects(QUEUE) is selects


def test_metrics_are_grouped_by_the_values_of_dimensions() -> None:
    query = parse_select("SELECT SUM(Depth) FROM Shop GROUP BY Zone, Host")
    assert query.group_of(QUEUE) == ("1", "Other")
