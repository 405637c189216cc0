"""Metrics: expected values from AWS's documents, seen through boto3. Each group names its document."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.console.console_process import MINUTE, Scene

ONE_TO_TEN = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]


# Source: "CloudWatch statistics definitions", Amazon CloudWatch user guide.
@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("SampleCount", 10),
        ("Sum", 55),
        ("Average", 5.5),
        ("Minimum", 1),
        ("Maximum", 10),
        ("p50", 5),
        ("p90", 9),
        ("p99.9", 10),
        ("p100", 10),
        ("tm90", 5),  # "calculates the average after removing the 10% of data points with the highest values"
        ("TM(10%:90%)", 5.5),
        ("TM(2:8)", 5.5),  # the lower boundary is excluded, the upper one included
        ("wm90", 5.4),  # values outside count as the value at the boundary
        ("WM(10%:90%)", 5.5),
        ("tc90", 9),
        ("TC(2:8)", 6),
        ("ts90", 45),
        ("TS(10%:90%)", 44),
        ("PR(2:8)", 60),
        ("PR(:5)", 50),
        ("IQM", 5.5),
    ],
)
def test_statistic_of_the_values_one_to_ten(scene: Scene, statistic: str, expected: float) -> None:
    scene.put("Load", 3, Values=ONE_TO_TEN)
    found = scene.values({"Id": "m", "MetricStat": scene.metric("Load", statistic)})
    assert found["m"] == {3: pytest.approx(expected)}


# Source: the same page ("negative" values), and "Publish statistic sets" of "Publish custom metrics".
@pytest.mark.parametrize(
    ("datum", "statistic", "expected"),
    [
        ({"Values": [-1.0, 2.0]}, "p50", {}),
        ({"Values": [-1.0, 2.0]}, "Average", {3: 0.5}),
        ({"Values": [1.0, 5.0], "Counts": [3.0, 1.0]}, "Average", {3: 2.0}),
        ({"Values": [1.0, 5.0], "Counts": [3.0, 1.0]}, "SampleCount", {3: 4.0}),
        ({"Values": [1.0, 5.0], "Counts": [3.0, 1.0]}, "p75", {3: 1.0}),
        ({"StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5}}, "Average", {3: 2.5}),
        ({"StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5}}, "Maximum", {3: 5.0}),
        ({"StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5}}, "p50", {}),
        ({"StatisticValues": {"SampleCount": 4, "Sum": 8, "Minimum": 2, "Maximum": 2}}, "p50", {3: 2.0}),
    ],
)
def test_statistic_of_a_datum(scene: Scene, datum: dict[str, Any], statistic: str, expected: dict[int, float]) -> None:
    scene.put("Load", 3, **datum)
    assert scene.values({"Id": "m", "MetricStat": scene.metric("Load", statistic)})["m"] == expected


# Source: Unit in the API reference of PutMetricAlarm ("aggregated separately") and of GetMetricStatistics ("If you omit
# Unit, all data that was collected with any unit is returned, along with the corresponding units").
def test_units_are_never_added_together(scene: Scene) -> None:
    scene.put("Load", 3, Value=1, Unit="Seconds")
    scene.put("Load", 3, Value=1000, Unit="Milliseconds")
    found = scene.client.get_metric_statistics(
        Namespace=scene.namespace,
        MetricName="Load",
        StartTime=scene.now - 10 * MINUTE,
        EndTime=scene.now,
        Period=60,
        Statistics=["Sum"],
    )
    assert {point["Unit"]: point["Sum"] for point in found["Datapoints"]} == {"Seconds": 1, "Milliseconds": 1000}


@pytest.mark.parametrize(("unit", "expected"), [("Seconds", {3: 1}), ("Milliseconds", {3: 1000}), ("Bytes", {})])
def test_a_unit_selects_the_data_published_in_it(scene: Scene, unit: str, expected: dict[int, float]) -> None:
    scene.put("Load", 3, Value=1, Unit="Seconds")
    scene.put("Load", 3, Value=1000, Unit="Milliseconds")
    assert scene.values({"Id": "m", "MetricStat": scene.metric("Load", "Sum", Unit=unit)})["m"] == expected


def test_a_datum_without_a_unit_has_the_unit_none(scene: Scene) -> None:
    scene.put("Load", 3, Value=1)
    assert scene.values({"Id": "m", "MetricStat": scene.metric("Load", "Sum", Unit="None")})["m"] == {3: 1}


# Source: "Dimensions" in "CloudWatch concepts": "CloudWatch treats each unique combination of dimensions as a separate
# metric", and custom metrics are not aggregated across dimensions.
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"Server": "a", "Zone": "1"}, {3: 5}),
        ({"Zone": "1", "Server": "a"}, {3: 5}),
        ({"Server": "a"}, {}),
        ({}, {}),
        ({"Server": "b", "Zone": "1"}, {}),
    ],
)
def test_dimensions_must_be_exactly_those_of_the_data(
    scene: Scene, asked: dict[str, str], expected: dict[int, float]
) -> None:
    scene.put("Load", 3, Value=5, Dimensions={"Server": "a", "Zone": "1"})
    assert scene.values({"Id": "m", "MetricStat": scene.metric("Load", "Sum", Dimensions=asked)})["m"] == expected


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 3),
        ({"MetricName": "Load"}, 2),
        ({"Dimensions": [{"Name": "Server"}]}, 2),
        ({"Dimensions": [{"Name": "Server", "Value": "a"}]}, 1),
        ({"Dimensions": [{"Name": "Zone"}]}, 0),
        ({"RecentlyActive": "PT3H"}, 2),
    ],
)
def test_list_metrics_filters(scene: Scene, asked: dict[str, Any], found: int) -> None:
    scene.put("Load", 3, Value=5, Dimensions={"Server": "a"})
    scene.put("Load", 3, Value=5, Dimensions={"Server": "b"})
    scene.put("Idle", 300, Value=5)
    assert len(scene.client.list_metrics(Namespace=scene.namespace, **asked)["Metrics"]) == found


# Source: "Using math expressions with CloudWatch metrics".
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", {4: 11, 3: 2, 2: 33}),  # a missing value counts as 0 in an operation of two time series
        ("a / b", {4: 0.1, 2: 0.1}),  # a division by zero gives no value
        ("a * 2", {4: 2, 3: 4, 2: 6}),
        ("-a", {4: -1, 3: -2, 2: -3}),
        ("a ^ 2", {4: 1, 3: 4, 2: 9}),
        ("FILL(b, 0)", {5: 0, 4: 10, 3: 0, 2: 30, 1: 0}),
        ("FILL(b, REPEAT)", {4: 10, 3: 10, 2: 30, 1: 30}),
        ("IF(a > 1, 1, 0)", {4: 0, 3: 1, 2: 1}),
        ("a > 2", {4: 0, 3: 0, 2: 1}),
        ("RUNNING_SUM(a)", {4: 1, 3: 3, 2: 6}),
        ("DIFF(a)", {3: 1, 2: 1}),
        ("RATE(a)", {3: 1 / 60, 2: 1 / 60}),
        ("SUM([a, b])", {4: 11, 3: 2, 2: 33}),
        ("MAX(METRICS())", {4: 10, 3: 2, 2: 30}),
        ('SUM(METRICS("a"))', {4: 1, 3: 2, 2: 3}),
        ("a - a + PERIOD(a)", {4: 60, 3: 60, 2: 60}),
        ("ABS(-a)", {4: 1, 3: 2, 2: 3}),
        ("a - MIN(a)", {4: 0, 3: 1, 2: 2}),
        ("TIME_SERIES(7)", {5: 7, 4: 7, 3: 7, 2: 7, 1: 7}),
    ],
)
def test_metric_math(scene: Scene, expression: str, expected: dict[int, float]) -> None:
    scene.put_points("A", {4: 1, 3: 2, 2: 3})
    scene.put_points("B", {4: 10, 2: 30})
    queries = (
        {"Id": "a", "MetricStat": scene.metric("A", "Sum"), "ReturnData": False},
        {"Id": "b", "MetricStat": scene.metric("B", "Sum"), "ReturnData": False},
        {"Id": "e", "Expression": expression, "Period": 60},
    )
    found = scene.values(*queries, minutes=5)
    assert found == {"e": pytest.approx(expected)}


# Source: "Search expression syntax", and "Metrics Insights query components and syntax".
def test_a_search_gives_a_time_series_for_each_metric(scene: Scene) -> None:
    for server, value in (("a", 1), ("b", 2)):
        scene.put("Load", 3, Value=value, Dimensions={"Server": server})
    scene.put("Load", 3, Value=9)
    search = f"SEARCH('{{{scene.namespace},Server}} MetricName=\"Load\"', 'Sum', 60)"
    results = scene.data({"Id": "s", "Expression": search}, {"Id": "t", "Expression": "SUM(s)"})["MetricDataResults"]
    assert [(each["Id"], scene.points(each)) for each in results] == [("s", {3: 1}), ("s", {3: 2}), ("t", {3: 3})]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('SELECT MAX(Load) FROM "{}"', [{3: 9}]),
        ('SELECT SUM(Load) FROM SCHEMA("{}", Server)', [{3: 3}]),
        ("SELECT SUM(Load) FROM \"{}\" WHERE Server = 'b'", [{3: 2}]),
        ('SELECT SUM(Load) FROM SCHEMA("{}", Server) GROUP BY Server ORDER BY SUM() DESC', [{3: 2}, {3: 1}]),
        ('SELECT SUM(Load) FROM SCHEMA("{}", Server) GROUP BY Server ORDER BY SUM() DESC LIMIT 1', [{3: 2}]),
    ],
)
def test_metrics_insights(scene: Scene, query: str, expected: list[dict[int, float]]) -> None:
    for server, value in (("a", 1), ("b", 2)):
        scene.put("Load", 3, Value=value, Dimensions={"Server": server})
    scene.put("Load", 3, Value=9)
    entry = {"Id": "q", "Expression": query.format(scene.namespace), "Period": 60}
    assert [scene.points(each) for each in scene.data(entry)["MetricDataResults"]] == expected


# Source: the API reference of GetMetricData (ScanBy, MaxDatapoints, StartTime, EndTime, StatusCode).
def test_the_newest_come_first_by_default(scene: Scene) -> None:
    scene.put_points("Load", {4: 1, 3: 2})
    answer = scene.client.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": scene.metric("Load", "Sum")}],
        StartTime=scene.now - 10 * MINUTE,
        EndTime=scene.now,
    )
    assert answer["MetricDataResults"][0]["Values"] == [2, 1]


def test_the_start_is_inclusive_and_the_end_exclusive(scene: Scene) -> None:
    scene.put_points("Load", {4: 1, 3: 2, 2: 3})
    query = {"Id": "m", "MetricStat": scene.metric("Load", "Sum")}
    asked = {"StartTime": scene.now - 4 * MINUTE, "EndTime": scene.now - 2 * MINUTE}
    assert scene.values(query, **asked)["m"] == {4: 1, 3: 2}


def test_the_start_is_rounded_down_to_the_minute(scene: Scene) -> None:
    scene.put_points("Load", {4: 1})
    query = {"Id": "m", "MetricStat": scene.metric("Load", "Sum")}
    assert scene.values(query, StartTime=scene.now - 4 * MINUTE + MINUTE / 2)["m"] == {4: 1}


def test_a_longer_period_aggregates(scene: Scene) -> None:
    scene.put_points("Load", {10: 1, 6: 2, 5: 3, 1: 4})
    assert scene.values({"Id": "m", "MetricStat": scene.metric("Load", "Sum", 300)})["m"] == {10: 3, 5: 7}


# Source: boto3 issue 3457: "timestamps aligned to the provided StartTime".
def test_periods_begin_at_the_start_of_the_request(scene: Scene) -> None:
    scene.put_points("Load", {7: 1, 3: 2, 2: 3})
    asked = {"StartTime": scene.now - 7 * MINUTE, "EndTime": scene.now}
    assert scene.values({"Id": "m", "MetricStat": scene.metric("Load", "Sum", 300)}, **asked)["m"] == {7: 3, 2: 3}
    found = scene.client.get_metric_statistics(
        Namespace=scene.namespace, MetricName="Load", Period=300, Statistics=["Sum"], **asked
    )
    points = {(scene.now - point["Timestamp"]) // MINUTE: point["Sum"] for point in found["Datapoints"]}
    assert points == {7: 3, 2: 3}


# Source: elastic/beats issue 32687, which shows the error of AWS.
def test_get_metric_data_refuses_an_empty_range(scene: Scene) -> None:
    with pytest.raises(ClientError, match=r"ValidationError.*StartTime must not equal parameter EndTime\."):
        scene.data({"Id": "m", "MetricStat": scene.metric("Load", "Sum")}, minutes=0)


def test_high_resolution_data_have_a_value_for_each_second(scene: Scene) -> None:
    for seconds, value in ((10, 1), (20, 2)):
        scene.put("Load", 1 - seconds / 60, Value=value, StorageResolution=1)
    (result,) = scene.data({"Id": "m", "MetricStat": scene.metric("Load", "Sum", 10)}, minutes=1)["MetricDataResults"]
    assert result["Values"] == [1, 2]


def test_pages_hold_at_most_the_asked_datapoints_and_together_all_of_them(scene: Scene) -> None:
    scene.put_points("A", {5: 1, 4: 2, 3: 3})
    scene.put_points("B", {5: 4, 4: 5})
    queries = [{"Id": name.lower(), "MetricStat": scene.metric(name, "Sum")} for name in ("A", "Empty", "B")]
    pages: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while not pages or token:
        pages.append(scene.data(*queries, MaxDatapoints=2, **token))
        token = {"NextToken": pages[-1]["NextToken"]} if "NextToken" in pages[-1] else {}
    assert all(sum(len(each["Values"]) for each in page["MetricDataResults"]) <= 2 for page in pages)
    results = [each for page in pages for each in page["MetricDataResults"]]
    assert [(each["Id"], each["Values"], each["StatusCode"]) for each in results] == [
        ("a", [1, 2], "PartialData"),
        ("a", [3], "Complete"),
        ("empty", [], "Complete"),
        ("b", [4, 5], "Complete"),
    ]


# Source: "Using dynamic labels".
@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("plain", "plain"),
        ("${LABEL} ${MAX}", "Load 3"),
        ("${MIN} ${AVG} ${SUM}", "1 2 6"),
        ("${FIRST} ${LAST}", "1 2"),
        ("${DATAPOINT_COUNT}", "3"),
        ("${PROP('MetricName')} ${PROP('Stat')} ${PROP('Period')}", "Load Sum 60"),
        ("${PROP('Dim.Server')} ${PROP('Region')}", "a us-east-1"),
    ],
)
def test_dynamic_labels(scene: Scene, label: str, expected: str) -> None:
    for ago, value in ((4, 1), (3, 3), (2, 2)):
        scene.put("Load", ago, Value=value, Dimensions={"Server": "a"})
    stat = scene.metric("Load", "Sum", Dimensions={"Server": "a"})
    (result,) = scene.data({"Id": "m", "MetricStat": stat, "Label": label})["MetricDataResults"]
    assert result["Label"] == expected


# Source: the API references of PutMetricData, GetMetricStatistics and GetMetricData, their errors and limits.
@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": 1, "Values": [1.0]}, "InvalidParameterCombination"),
        ({}, "MissingParameter"),
        ({"Values": [1.0, 2.0], "Counts": [1.0]}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Value": 1, "StorageResolution": 5}, "InvalidParameterValue"),
        ({"Value": 1, "Unit": "Hours"}, "ValidationError"),
        ({"Value": 1, "Dimensions": {"Server": " "}}, "InvalidParameterValue"),
        ({"Value": 1, "Dimensions": {f"D{number}": "x" for number in range(31)}}, "ValidationError"),
    ],
)
def test_put_metric_data_refuses(scene: Scene, datum: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        scene.put("Load", 3, **datum)
    assert refused.value.response["Error"]["Code"] == code
    assert scene.client.list_metrics(Namespace=scene.namespace)["Metrics"] == []


@pytest.mark.parametrize("minutes_ago", [15 * 24 * 60, -121])
def test_put_metric_data_refuses_a_time_of_more_than_two_weeks_ago_or_two_hours_ahead(
    scene: Scene, minutes_ago: int
) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        scene.put("Load", minutes_ago, Value=1)


def test_put_metric_data_refuses_the_namespaces_of_aws(scene: Scene) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        scene.client.put_metric_data(Namespace="AWS/SQS", MetricData=[{"MetricName": "Load", "Value": 1}])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Statistics": ["Sum"], "ExtendedStatistics": ["p90"]}, "InvalidParameterCombination"),
        ({"Statistics": []}, "ValidationError"),
        ({"Statistics": ["Median"]}, "ValidationError"),
        ({"Statistics": None, "ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ({"Period": 7}, "InvalidParameterValue"),
        ({"EndTime": None}, "ValidationError"),
        ({"minutes": 1441}, "InvalidParameterCombination"),  # more than 1,440 datapoints
        ({"minutes": 0}, "InvalidParameterValue"),
    ],
)
def test_get_metric_statistics_refuses(scene: Scene, change: dict[str, Any], code: str) -> None:
    minutes = change.pop("minutes", 10)
    asked = {
        "Namespace": scene.namespace,
        "MetricName": "Load",
        "StartTime": scene.now - minutes * MINUTE,
        "EndTime": scene.now,
        "Period": 60,
        "Statistics": ["Sum"],
        **change,
    }
    with pytest.raises(ClientError) as refused:
        scene.client.get_metric_statistics(**{key: value for key, value in asked.items() if value is not None})
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    "query",
    [
        {"Id": "E", "Expression": "m"},
        {"Id": "e", "Expression": "m +"},
        {"Id": "e", "Expression": "x + 1"},
        {"Id": "e", "Expression": "AVG(m)"},  # a number, not a time series
        {"Id": "m", "Expression": "m * 2"},
        {"Id": "e"},
        {"Id": "e", "Expression": "m", "MetricStat": {}},
        {"Id": "e", "Expression": "SEARCH('{N} x', 'Mode', 60)"},
    ],
)
def test_get_metric_data_refuses(scene: Scene, query: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        scene.data({"Id": "m", "MetricStat": scene.metric("Load", "Sum")}, query)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


# What the console cannot answer is refused by name.
@pytest.mark.parametrize(
    "query",
    [
        {"Id": "e", "Expression": "SUM(SEARCH('{N} x', 'Sum', 60))"},
        {"Id": "e", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
        {"Id": "e", "Expression": "m", "Label": "${MIN_MAX_RANGE}"},
        {"Id": "e", "Expression": "m", "AccountId": "111111111111"},
        {"Id": "e", "Expression": "m", "Period": 300},
    ],
)
def test_a_query_that_the_console_cannot_answer_is_refused_by_name(scene: Scene, query: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        scene.data({"Id": "m", "MetricStat": scene.metric("Load", "Sum")}, query)
    assert refused.value.response["Error"]["Code"] == "UnsupportedOperation"
