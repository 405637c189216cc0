"""AWS's example for every function, and the documented treatment of gaps ("Functions supported for metric math")."""

import re

import pytest

from cloudwatch.metric_math import ValueKind, check, evaluate, parse
from cloudwatch.metric_math.signatures import REMOTE, SIGNATURES
from cloudwatch.series import Series
from tests.cloudwatch.metric_math.series_text import PERIOD, START, compute, series

M1, M2 = "1 -2.5 - 4", "3 - - 1"

EXAMPLES: list[tuple[str, object]] = [
    ("ABS(m1-m2)", "2 2.5 - 3"),
    ("MIN(ABS([m1, m2]))", "1 2.5 - 1"),
    ("ABS(METRICS())", ["1 2.5 - 4", "3 - - 1"]),
    ("SUM([m1,m2])/AVG(m2)", "4 -2.5 - 5"),
    ("m1-AVG(m1)", "0.375 -3.125 - 3.375"),
    ("AVG(METRICS())", "2 -1.25 - 2.5"),
    ("CEIL(m1)", "1 -2 - 4"),
    ("CEIL(METRICS())", ["1 -2 - 4", "3 - - 1"]),
    ("SUM(CEIL(METRICS()))", "4 -2 - 5"),
    ("SUM(m1) / DATAPOINT_COUNT(m1)", 2.5 / 3),
    ("DATAPOINT_COUNT(METRICS())", "2 1 - 2"),
    ("DIFF(m1)", "- -3.5 - 6.5"),
    ("DIFF_TIME(METRICS())", ["- 60 - 120", "- - - 180"]),
    ("FILL(m1,10)", "1 -2.5 10 4"),
    ("FILL(METRICS(), 0)", ["1 -2.5 0 4", "3 0 0 1"]),
    ("FILL(METRICS(), m1)", ["1 -2.5 - 4", "3 -2.5 - 1"]),
    ("FILL(m1, MIN(m1))", "1 -2.5 -2.5 4"),
    ("FILL(m1, REPEAT)", "1 -2.5 -2.5 4"),
    ("FILL(METRICS(), LINEAR)", ["1 -2.5 0.75 4", "3 2.333 1.667 1"]),
    ("FILL(m1, m2)", "1 -2.5 - 4"),
    ("IF(FIRST(SORT(METRICS(), AVG, DESC))>2, 1, 0)", "1 - - 0"),
    ("LAST(SORT(METRICS(), AVG, DESC))", "1 -2.5 - 4"),
    ("FLOOR(m1)", "1 -3 - 4"),
    ("FLOOR(METRICS())", ["1 -3 - 4", "3 - - 1"]),
    ("LOG(METRICS())", ["0 - - 1.386", "1.099 - - 0"]),
    ("LOG10(m1*25)", "1.398 - - 2"),
    ("MAX(m1)/m1", "4 -1.6 - 1"),
    ("MAX(METRICS())", "3 -2.5 - 4"),
    ("m1/METRIC_COUNT(METRICS())", "0.5 -1.25 - 2"),
    ('SUM(METRICS("2"))', "3 - - 1"),
    ('SUM([METRICS("1"), METRICS("2")])', "4 -2.5 - 5"),
    ("m1-MIN(m1)", "3.5 0 - 6.5"),
    ("MIN(METRICS())", "1 -2.5 - 1"),
    ("MINUTE(m1)", "0 1 2 3"),
    ("HOUR(m1)", "0 0 0 0"),
    ("IF(DAY(m1)<6,m1)", "1 -2.5 0 4"),
    ("DATE(m1)", "1 1 1 1"),
    ("IF(MONTH(m1) == 4,m1)", "1 -2.5 0 4"),
    ("YEAR(m1)", "2024 2024 2024 2024"),
    ("EPOCH(m1) - 1711929600", "0 60 120 180"),
    ("m1/PERIOD(m1)", "0.01667 -0.04167 - 0.06667"),
    ("RATE(m1)", "- -0.05833 - 0.05417"),
    ("RATE(METRICS())", ["- -0.05833 - 0.05417", "- - - -0.01111"]),
    ("REMOVE_EMPTY(METRICS())", [M1, M2]),
    ("RUNNING_SUM([m1,m2])", ["1 -1.5 - 2.5", "3 - - 4"]),
    ("SLICE(SORT(METRICS(), SUM, DESC), 0, 10)", [M2, M1]),
    ("SLICE(SORT(METRICS(), AVG, ASC), 1)", [M2]),
    ("SORT(METRICS(), AVG, DESC, 10)", [M2, M1]),
    ("SORT(METRICS(), MAX, ASC)", [M2, M1]),
    ("m1/STDDEV(m1)", "0.3765 -0.9412 - 1.506"),
    ("STDDEV(METRICS())", "1 0 - 1.5"),
    ("SUM(METRICS())/SUM(m1)", "1.6 -1 - 2"),
    ("SUM([m1,m2])", "4 -2.5 - 5"),
    ('SUM(METRICS("1"))/SUM(METRICS("2"))*100', "33.33 - - 400"),
    ("TIME_SERIES(MAX(m1))", "4 4 4 4"),
    ("TIME_SERIES(5*AVG(m1))", "3.125 3.125 3.125 3.125"),
    ("TIME_SERIES(10)", "10 10 10 10"),
]

REMOTE_EXAMPLES = [
    ("ANOMALY_DETECTION_BAND(m1)", ValueKind.ARRAY),
    ("ANOMALY_DETECTION_BAND(m1,4)", ValueKind.ARRAY),
    ("LAST(ANOMALY_DETECTION_BAND(m1))", ValueKind.SERIES),
    ("INSIGHT_RULE_METRIC('rule', 'MaxContributorValue')", ValueKind.SERIES),
    ("SERVICE_QUOTA(m1)", ValueKind.SERIES),
    ("m1/SERVICE_QUOTA(m1)*100", ValueKind.SERIES),
    ("SEARCH('{AWS/EC2,InstanceId} MetricName=\"CPUUtilization\"', 'Average', 300)", ValueKind.ARRAY),
    ("DB_PERF_INSIGHTS('RDS', 'db-ABC', 'os.cpuUtilization.user.avg')", ValueKind.SERIES),
    ("DB_PERF_INSIGHTS('RDS', 'db-ABC', ['db.SQL.total.avg', 'db.load.avg'])", ValueKind.ARRAY),
    ('LAMBDA("MyCustomDataSource", true, "fuzzy", 99.9)', ValueKind.ARRAY),
    ('FILL(LAMBDA("AmazonOpenSearchDataSource", "MyDomain", "some-query"), 0)', ValueKind.ARRAY),
    ('SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)', ValueKind.SERIES),
    ('SELECT MAX(CPUUtilization) FROM "AWS/EC2" GROUP BY InstanceId ORDER BY MAX() DESC LIMIT 3', ValueKind.ARRAY),
]


@pytest.mark.parametrize(("expression", "result"), EXAMPLES)
def test_the_documented_example_is_computed(expression: str, result: object) -> None:
    assert compute(expression, m1=M1, m2=M2) == result


def test_every_function_has_an_example() -> None:
    local = set(re.findall(r"[A-Z_0-9]+(?=\()", " ".join(expression for expression, _ in EXAMPLES)))
    remote = set(re.findall(r"[A-Z_]+(?=\()", " ".join(expression for expression, _ in REMOTE_EXAMPLES)))
    assert local == SIGNATURES.keys() - REMOTE
    assert remote >= REMOTE


@pytest.mark.parametrize(("expression", "kind"), REMOTE_EXAMPLES)
def test_remote_functions_are_checked_but_not_computed(expression: str, kind: ValueKind) -> None:
    assert check(parse(expression), ["m1"], offline=False) is kind
    with pytest.raises(ValueError, match="cannot be computed offline"):
        compute(expression, m1="1 2")


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("SUM(m1)", 6.0),
        ("AVG(m1)", 1.5),  # missing values count as 0
        ("MIN(m1)", 2.0),
        ("MAX(m1)", 4.0),
        ("STDDEV(m1)", 1.0),
        ("DATAPOINT_COUNT(m1)", 2.0),
    ],
)
def test_only_the_average_of_a_series_counts_missing_values(expression: str, result: float) -> None:
    assert compute(expression, m1="2 - 4 -") == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("SUM(m1)", 0.0),
        ("AVG(m1)", 0.0),
        ("DATAPOINT_COUNT(m1)", 0.0),
        ("MIN(m1)", None),
        ("MAX(m1)", None),
        ("STDDEV(m1)", None),
    ],
)
def test_a_series_without_data_has_a_sum_but_no_extremes(expression: str, result: float | None) -> None:
    assert compute(expression, m1="- -") == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("SUM(METRICS())", "4 2 -"),
        ("AVG(METRICS())", "2 1 -"),  # missing values count as 0
        ("MIN(METRICS())", "1 2 -"),
        ("MAX(METRICS())", "3 2 -"),
        ("STDDEV(METRICS())", "1 0 -"),
        ("DATAPOINT_COUNT(METRICS())", "2 1 -"),
    ],
)
def test_an_array_has_no_point_where_none_of_its_series_has_one(expression: str, result: str) -> None:
    assert compute(expression, m1="1 2 -", m2="3 - -") == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("FILL(m1, 0)", "0 1 0 0 4 0"),
        ("FILL(m1, REPEAT)", "- 1 1 1 4 4"),
        ("FILL(m1, LINEAR)", "- 1 2 3 4 -"),
        ("FILL(m1, MAX(m2))", "- 1 - - 4 -"),
        ("FILL(m1, m3)", "7 1 - 8 4 9"),
        ("FILL(m2, REPEAT)", "- - - - - -"),
        ("FILL(m2, LINEAR)", "- - - - - -"),
        ("FILL(m2, 0)", "0 0 0 0 0 0"),
    ],
)
def test_each_way_to_fill_leaves_its_documented_gaps(expression: str, result: str) -> None:
    assert compute(expression, m1="- 1 - - 4 -", m2="- - - - - -", m3="7 - - 8 - 9") == result


def test_a_point_without_a_logarithm_is_dropped() -> None:
    assert compute("[LOG(m1), LOG10(m1)]", m1="0 -1 1 -") == ["- - 0 -", "- - 0 -"]


def test_rates_begin_with_the_second_point() -> None:
    assert compute("[RATE(m1), DIFF(m1), DIFF_TIME(m1), RUNNING_SUM(m1)]", m1="- 60 - -60") == [
        "- - - -1",
        "- - - -120",
        "- - - 120",
        "- 60 - 0",
    ]


def test_the_calendar_is_utc_and_has_no_gaps() -> None:
    """Monday is 1 and Sunday 7; the last minute of a leap February is followed by the first of March."""
    leap = 1709251140  # Thursday, 29 February 2024, 23:59 UTC
    fields = ["MINUTE", "HOUR", "DAY", "DATE", "MONTH", "YEAR", "EPOCH"]
    expression = f"[{', '.join(f'{name}(m1)' for name in fields)}]"
    empty = {"m1": Series(leap, PERIOD, (None, None))}
    result = evaluate(expression, empty, period=PERIOD, start=leap, end=leap + 120)
    assert isinstance(result, list)
    assert [one.values for one in result] == [
        (59, 0),
        (23, 0),
        (4, 5),
        (29, 1),
        (2, 3),
        (2024, 2024),
        (leap, leap + 60),
    ]
    sunday = START - 60
    assert evaluate("DAY(m1)", empty, period=PERIOD, start=sunday, end=sunday + 60) == Series(sunday, PERIOD, (7.0,))


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("SORT(METRICS(), SUM, ASC)", ["- -", "1 1", "2 0", "5 0"]),
        ("SORT(METRICS(), SUM, DESC)", ["5 0", "1 1", "2 0", "- -"]),
        ("SORT(METRICS(), MIN, DESC, 3)", ["1 1", "5 0", "2 0"]),
        ("SORT(METRICS(), MIN, ASC)", ["5 0", "2 0", "1 1", "- -"]),
        ("SORT(METRICS(), MAX, DESC)", ["5 0", "2 0", "1 1", "- -"]),
        ("SORT(METRICS(), MAX, ASC, 0)", []),
        ("SLICE(METRICS(), 1)", ["1 1", "- -", "2 0"]),
        ("SLICE(METRICS(), -0, !0 + 1)", ["5 0", "1 1"]),
        ("SLICE(METRICS(), 1, 3)", ["1 1", "- -"]),
        ("SLICE(METRICS(), 3, 1)", []),
        ("SLICE(METRICS(), 9)", []),
        ("FIRST(METRICS())", "5 0"),
        ("LAST(METRICS())", "2 0"),
        ("REMOVE_EMPTY(METRICS())", ["5 0", "1 1", "2 0"]),
        ("METRIC_COUNT(METRICS())", 4.0),
    ],
)
def test_arrays_are_sorted_and_sliced(expression: str, result: object) -> None:
    """AWS does not document the rank of a series without data. Here it is last for MIN and MAX; SUM and AVG are 0."""
    assert compute(expression, m1="5 0", m2="1 1", m3="- -", m4="2 0") == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ('METRICS("err")', ["1", "2"]),  # the text may be anywhere in the id
        ("METRICS('B')", ["2"]),
        ('METRICS("none")', []),
        ('SUM(METRICS("none"))', "-"),
        ('FIRST(METRICS("none"))', "-"),
        ('LAST(METRICS("none"))', "-"),
        ('METRIC_COUNT(METRICS("none"))', 0.0),
    ],
)
def test_metrics_selects_by_a_text_in_the_id(expression: str, result: object) -> None:
    assert compute(expression, err="1", myerrB="2", ok="3") == result


def test_a_wrong_count_that_depends_on_data_is_refused_with_its_position() -> None:
    with pytest.raises(ValueError, match=r"character 18: SLICE counts .* not 1.5"):
        compute("SLICE(METRICS(), AVG(m1))", m1="1 2")
    with pytest.raises(ValueError, match=r"character 27: SORT counts .* not None"):
        compute("SORT(METRICS(), SUM, ASC, MAX(m1))", m1="- -")


def test_the_series_of_an_array_keep_their_labels() -> None:
    metrics = {"m1": series("1", "Errors"), "m2": series("2")}
    result = evaluate(
        "SORT(FILL([m1, m2, m1 + m2], 0), SUM, DESC)", metrics, period=PERIOD, start=START, end=START + 60
    )
    assert isinstance(result, list)
    assert [one.label for one in result] == ["m1 + m2", "m2", "Errors"]
