"""The pitfalls of expressions in alarms, and the searches and queries that expressions have."""

import pytest

from cloudwatch.metric_math import Query, parse, selections
from cloudwatch.metric_math.pitfalls import alarm_pitfalls

METRICS = [Query("m1", period=60, return_data=False), Query("m2", period=60, return_data=False)]


def found(expression: str, *, m_out_of_n: bool = False) -> list[tuple[int | None, str]]:
    queries = [*METRICS, Query("result", expression)]
    return [(each.position, each.reason.split()[0]) for each in alarm_pitfalls(queries, m_out_of_n=m_out_of_n)]


@pytest.mark.parametrize(
    ("expression", "pitfalls"),
    [
        ("m1 / m2", []),
        ("AVG([m1, m2])", []),
        ("SUM(METRICS())", []),
        ("m1 > AVG(m2)", [(5, "AVG")]),
        ("MAX(m1) + m2", [(0, "MAX")]),
        ("RUNNING_SUM(m1) + RATE(m2)", [(0, "RUNNING_SUM"), (18, "RATE")]),
        ("IF(DATAPOINT_COUNT(m1) + DATAPOINT_COUNT(m2) == 2, m1)", [(3, "DATAPOINT_COUNT"), (25, "DATAPOINT_COUNT")]),
        ("FILL(m1, 0) + FILL(m2, 0)", [(0, "FILL")]),
        ("m1 % m2", [(3, "AWS")]),
        ("!m1 + m2", [(0, "AWS")]),
        ("m1 * 2", [(None, "no")]),
    ],
)
def test_a_pitfall_is_found_at_its_character(expression: str, pitfalls: list[tuple[int | None, str]]) -> None:
    assert found(expression) == pitfalls


def test_fill_is_no_pitfall_in_an_alarm_with_m_out_of_n() -> None:
    assert found("FILL(m1, 0) + FILL(m2, 0)", m_out_of_n=True) == []


def test_the_band_of_an_alarm_is_used_by_the_alarm() -> None:
    band = Query("band", "ANOMALY_DETECTION_BAND(m1, 2)")
    metric = Query("m1", period=60)
    assert alarm_pitfalls([metric, band], "band") == []


def test_the_searches_and_queries_of_an_expression_have_their_statistics_and_positions() -> None:
    text = "SUM(SEARCH('{Shop} Errors', 'p90', 60)) / SUM(SEARCH(' {Shop} Calls', 'Sum'))"
    first, second = selections(parse(text))
    assert [(each.statistic, each.period) for each in (first, second)] == [("p90", 60), ("Sum", None)]
    assert text[first.position :].startswith("{Shop} Errors")
    assert text[second.position :].startswith(" {Shop} Calls")
    (query,) = selections(parse(' SELECT MAX(Errors) FROM "Shop"'))
    assert (query.statistic, query.position) == ("Maximum", 1)
    assert list(selections(parse("m1 + m2"))) == []
