"""Documents that the specification does not allow, but of which CloudWatch makes metrics, are read with a remark."""

import json
from typing import Any

import pytest

from cloudwatch.emf import Datapoint, EmfReader, EmfViolation, LineKind, read_document
from cloudwatch.emf.metadata import EMPTY_DIMENSION, EMPTY_UNIT, NO_DIMENSION_SET, VALUE_IS_AN_OBJECT
from cloudwatch.emf.rules import SAMPLES_SPREAD_MAX
from cloudwatch.metric import MetricId
from cloudwatch.statistics import StatisticSet
from cloudwatch.store import MetricStore
from tests.cloudwatch.emf.emf_documents import TIMESTAMP_MS, directive, document, without

MINUTE = TIMESTAMP_MS // 60_000 * 60


def scan(*roots: Any) -> tuple[list[Datapoint], list[str]]:
    """The datapoints and the remarks. Any other finding fails the test."""
    reader = EmfReader()
    points = list(reader.scan_datapoints(map(json.dumps, roots)))
    assert all(found.kind is LineKind.REMARK for found in reader.findings)
    return points, [found.reason for found in reader.findings]


REMARKED = {
    "no Dimensions": (document(without(directive(), "Dimensions")), NO_DIMENSION_SET),
    "Dimensions []": (document(directive(Dimensions=[])), NO_DIMENSION_SET),
    "Dimensions null": (document(directive(Dimensions=None)), NO_DIMENSION_SET),
    "an empty unit": (document(directive(Metrics=[{"Name": "Latency", "Unit": ""}])), EMPTY_UNIT),
    "an empty dimension": (document(Service=""), EMPTY_DIMENSION),
    "a statistic set": (document(Latency={"Max": 5, "Min": 1, "Count": 3, "Sum": 8}), VALUE_IS_AN_OBJECT),
    "a histogram": (document(Latency={"Values": [1, 5], "Counts": [2, 1]}), VALUE_IS_AN_OBJECT),
}


@pytest.mark.parametrize("name", REMARKED)
def test_the_metric_is_made_with_a_remark_and_the_strict_reader_refuses_it(name: str) -> None:
    root, remark = REMARKED[name]
    points, remarks = scan(root, root, root)  # later lines may be recognised by their shape
    assert len(points) == 3
    assert points[0] == points[1] == points[2]
    assert remarks == [remark]
    with pytest.raises(EmfViolation, match=remark):
        read_document(json.dumps(root))


@pytest.mark.parametrize("name", ["no Dimensions", "Dimensions []", "Dimensions null", "an empty dimension"])
def test_a_metric_without_dimensions_is_made(name: str) -> None:
    (point,), _ = scan(REMARKED[name][0])
    assert (point.dimensions, point.unit, point.values) == ((), "Milliseconds", (12.5,))


def test_an_empty_unit_is_the_unit_none() -> None:
    (point,), _ = scan(REMARKED["an empty unit"][0])
    assert point.unit == "None"


def test_an_empty_value_drops_all_dimensions_of_its_set_and_of_no_other() -> None:
    points, _ = scan(document(directive(Dimensions=[["Service", "Stage"], ["Service"], []]), Stage=""))
    assert [point.dimensions for point in points] == [(), (("Service", "api"),)]


def test_remarks_and_violations_may_stand_in_one_document() -> None:
    reader = EmfReader()
    assert not list(reader.scan([json.dumps(document(directive(Dimensions=[]), Latency="fast"))]))
    assert [found.kind for found in reader.findings] == [LineKind.VIOLATION]


def test_a_statistic_set_has_the_simple_statistics() -> None:
    (point,), _ = scan(REMARKED["a statistic set"][0])
    assert (point.values, point.statistic_set) == ((), StatisticSet(3, 8, 1, 5))
    assert statistics_of(REMARKED["a statistic set"][0]) == [3, 8, 8 / 3, 1, 5, None]


def test_a_set_of_equal_samples_has_percentiles() -> None:
    """ "CloudWatch statistics definitions": percentiles exist if Min and Max are equal, and Sum is Min times Count."""
    assert statistics_of(document(Latency={"Max": 5, "Min": 5, "Count": 3, "Sum": 15})) == [3, 15, 5, 5, 5, 5]


def test_a_histogram_has_percentiles_and_its_sample_count_is_the_sum_of_counts() -> None:
    """According to OpenTelemetry's exporter, CloudWatch ignores Count. Max, Min and Sum are taken from the document."""
    histogram = {"Values": [0.4, 0.5], "Counts": [1, 3], "Count": 99, "Sum": 1.8, "Max": 0.52, "Min": 0.39}
    assert statistics_of(document(Latency=histogram)) == [4, 1.8, 0.45, 0.39, 0.52, 0.5]
    assert statistics_of(document(Latency={"Values": [4, 5, 6], "Counts": [1, 3, 0]})) == [4, 19, 4.75, 4, 5, 5]


def test_a_histogram_that_cannot_be_spread_has_no_percentiles() -> None:
    for counts in ([0.5, 1], [SAMPLES_SPREAD_MAX, 1]):
        *simple, percentile = statistics_of(document(Latency={"Values": [1, 1], "Counts": counts}))
        assert simple == [sum(counts), sum(counts), 1, 1, 1]
        assert percentile is None


@pytest.mark.parametrize(
    "empty", [{"Values": [], "Counts": []}, {"Values": [3], "Counts": [0]}, {"Max": 0, "Min": 0, "Count": 0, "Sum": 0}]
)
def test_a_value_without_samples_makes_no_datapoint(empty: dict[str, Any]) -> None:
    assert statistics_of(document(Latency=empty)) == [None] * 6


def statistics_of(root: Any) -> list[float | None]:
    """The statistics of one document, from a store that has no other document of the same minute."""
    reader, store = EmfReader(), MetricStore()
    for record in reader.scan([json.dumps(root)]):
        store.add_record(record)
    latency = MetricId.of("Shop", "Latency", {"Service": "api"})
    names = ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "p90")
    return [store.series(latency, name, 60, MINUTE, MINUTE + 60).values[0] for name in names]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"Max": 1},
        {"Max": 1, "Min": 1, "Count": 1},
        {"Max": 1, "Min": 1, "Count": "1", "Sum": 1},
        {"Max": 1, "Min": 1, "Count": -1, "Sum": 1},
        {"Values": [1]},
        {"Values": [1], "Counts": []},
        {"Values": [1], "Counts": [-1]},
        {"Values": ["1"], "Counts": [1]},
        {"Values": 1, "Counts": 1},
        {"Values": [1], "Counts": [1], "Max": "1"},
        {"Values": [1], "Counts": [1], "Sum": 2**361},
    ],
)
def test_an_object_of_another_form_is_a_violation(broken: dict[str, Any]) -> None:
    reader = EmfReader()
    assert not list(reader.scan([json.dumps(document(Latency=broken))]))
    assert [found.kind for found in reader.findings] == [LineKind.VIOLATION]
