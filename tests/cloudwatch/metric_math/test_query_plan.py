"""Queries that refer to each other: their order, their labels, and the problems that CloudWatch would report."""

from typing import Any

import pytest

from cloudwatch.metric_math import Query, QueryError, QueryPlan, Result, evaluate_queries, query_problems
from cloudwatch.series import Series
from tests.cloudwatch.metric_math.series_text import PERIOD, START, result_text, series

M1, M2 = Query("m1"), Query("m2")
SERIES = {"m1": series("1 2", "Errors"), "m2": series("10 -")}


def computed(*queries: Query) -> dict[str, Result]:
    return evaluate_queries(queries, SERIES, period=PERIOD, start=START, end=START + 2 * PERIOD)


def labels(result: Result) -> list[str]:
    return [one.label for one in result] if isinstance(result, list) else [result.label]  # type: ignore[union-attr]


def test_an_expression_is_computed_after_the_ones_that_it_refers_to() -> None:
    results = computed(Query("rate", "100 * part"), M1, Query("part", "m1 / total"), Query("total", "m1 + m2"), M2)
    assert {name: result_text(result) for name, result in results.items()} == {
        "m1": "1 2",
        "m2": "10 -",
        "total": "11 2",
        "part": "0.09091 1",
        "rate": "9.091 100",
    }


def test_metrics_stands_for_the_metrics_of_the_request_without_expressions() -> None:
    assert result_text(computed(M1, Query("e1", "m1 * 100"), M2, Query("sum", "SUM(METRICS())"))["sum"]) == "11 2"


def test_an_expression_may_use_an_array_of_another_expression() -> None:
    results = computed(
        M1, M2, Query("filled", "FILL(METRICS(), 0)"), Query("top", "FIRST(filled) + METRIC_COUNT(filled)")
    )
    assert result_text(results["filled"]) == ["1 2", "10 0"]
    assert result_text(results["top"]) == "3 4"


def test_a_result_has_the_label_of_its_query_else_of_its_series_else_its_id() -> None:
    results = computed(M1, M2, Query("e1", "m1 + m2"), Query("e2", "m1", label="Both"))
    assert [labels(results[name]) for name in ("m1", "m2", "e1", "e2")] == [["Errors"], ["m2"], ["e1"], ["Both"]]
    assert labels(computed(Query("m1", label="Faults"), M2)["m1"]) == ["Faults"]


@pytest.mark.parametrize(
    ("label", "expected"),
    [("Filled With 0:", ["Filled With 0: Errors", "Filled With 0: m2"]), ("", ["Errors", "m2"])],
)
def test_the_series_of_an_array_are_labelled_as_in_the_legend_of_a_graph(label: str, expected: list[str]) -> None:
    assert labels(computed(M1, M2, Query("e1", "FILL(METRICS(), 0)", label=label))["e1"]) == expected


def test_metrics_are_aligned_to_the_range() -> None:
    result = QueryPlan([M1]).evaluate(SERIES, period=PERIOD, start=START + PERIOD, end=START + 3 * PERIOD)["m1"]
    assert result == Series(START + PERIOD, PERIOD, (2.0, None), "Errors")


@pytest.mark.parametrize(
    ("queries", "problem"),
    [
        ([M1, Query("e1", "m1 +")], "e1: character 5: the expression ends where a value is expected"),
        ([M1, Query("e1", "m1 + m3")], "e1: character 6: unknown id 'm3'"),
        ([M1, Query("e1", "e1 + m1")], "e1: a circle of references: e1 -> e1"),
        (
            [M1, Query("e1", "AVG(m1)")],
            "e1: the result is a number, it must be a time series; TIME_SERIES() makes one of it",
        ),
        ([M1, M1], "m1: the id is used twice"),
        ([Query("M1")], "M1: an id is a lowercase letter, then letters, digits and _, at most 255 in all"),
        ([Query("m-1")], "m-1: an id is a lowercase letter, then letters, digits and _, at most 255 in all"),
        ([Query("")], ": an id is a lowercase letter, then letters, digits and _, at most 255 in all"),
    ],
)
def test_queries_that_cloudwatch_would_refuse_have_a_problem_and_are_not_computed(
    queries: list[Query], problem: str
) -> None:
    assert query_problems(queries) == [problem]
    with pytest.raises(QueryError) as caught:
        computed(*queries)
    assert str(caught.value) == problem


def test_a_circle_is_shown_in_the_direction_of_the_references() -> None:
    (problem,) = query_problems([Query("e1", "TIME_SERIES(1) + e2"), Query("e2", "-e3"), Query("e3", "e1")])
    assert problem in {
        "e1: a circle of references: e1 -> e2 -> e3 -> e1",
        "e2: a circle of references: e2 -> e3 -> e1 -> e2",
        "e3: a circle of references: e3 -> e1 -> e2 -> e3",
    }


def test_an_id_has_at_most_255_characters() -> None:
    assert query_problems([Query("m" * 255)]) == []
    assert len(query_problems([Query("m" * 256)])) == 1


def test_a_request_has_at_most_500_queries() -> None:
    queries = [Query(f"m{index}") for index in range(501)]
    assert query_problems(queries[:500]) == []
    assert query_problems(queries) == ["m500: one of more than 500 queries"]


def test_problems_that_follow_from_other_problems_are_left_out() -> None:
    assert query_problems([M1, Query("e1", "m1 m1"), Query("e2", "e1 + 1"), Query("e3", "m9"), Query("e4", "e3")]) == [
        "e1: character 4: unexpected 'm1': an operator is missing before it",
        "e3: character 1: unknown id 'm9'",
    ]


def test_remote_queries_are_not_a_problem_for_a_dashboard() -> None:
    queries = [
        M1,
        Query("all", "SEARCH('{AWS/EC2} CPU', 'Average')"),
        Query("top", "FIRST(all) + m1"),
        Query("e1", "all ^ all"),
    ]
    assert query_problems(queries, offline=False) == ["e1: character 5: '^' does not take a TS[] and a TS[]"]
    assert query_problems(queries[:3]) == [
        "all: character 1: SEARCH cannot be computed offline: only CloudWatch has the answer"
    ]


def test_the_formulas_of_a_plan_are_in_the_order_of_computation() -> None:
    plan = QueryPlan([Query("b", "a * 2"), Query("a", "RATE(m1)"), M1])
    assert list(plan.formulas) == ["a", "b"]
    assert [formula.range_dependent for formula in plan.formulas.values()] == [((0, "RATE"),), ()]


def test_a_fault_that_depends_on_data_names_its_query() -> None:
    with pytest.raises(QueryError, match=r"^e1: character 22: SLICE counts") as caught:
        computed(M1, M2, Query("e1", "SUM(SLICE(METRICS(), 2/(AVG(m1)-1.5)))"))
    assert (caught.value.query_id, caught.value.position) == ("e1", 21)


def test_a_query_is_read_from_a_metric_data_query_of_the_api() -> None:
    stat: dict[str, Any] = {"Metric": {"Namespace": "AWS/SQS", "MetricName": "X"}, "Period": 300, "Stat": "Sum"}
    assert Query.from_api({"Id": "m1", "MetricStat": stat, "ReturnData": False}) == Query(
        "m1", return_data=False, period=300
    )
    assert Query.from_api({"Id": "e1", "Expression": "m1 * 2", "Label": "", "Period": 60}) == Query(
        "e1", "m1 * 2", label="", period=60
    )


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"Expression": "m1"}, "an entry has an Id, and either an Expression or a MetricStat"),
        ({"Id": "e1"}, "an entry has an Id, and either an Expression or a MetricStat"),
        ({"Id": "e1", "Expression": "m1", "MetricStat": {}}, "an entry has an Id, and either an Expression or"),
        ({"Id": 1, "Expression": "m1"}, "Id is not of type str"),
        ({"Id": "e1", "Expression": 5}, "Expression is not of type str"),
        ({"Id": "e1", "Expression": "m1", "Label": 5}, "Label is not of type str"),
        ({"Id": "e1", "Expression": "m1", "ReturnData": "no"}, "ReturnData is not of type bool"),
        ({"Id": "e1", "Expression": "m1", "Period": "60"}, "Period is not of type int"),
        ({"Id": "e1", "MetricStat": {"Period": True}}, "Period is not of type int"),
        ({"Id": "e1", "MetricStat": "m1"}, "MetricStat is not of type dict"),
    ],
)
def test_a_malformed_entry_is_refused(entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        Query.from_api(entry)
