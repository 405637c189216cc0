"""The rules of the embedded metric format: a document up to a limit is read, and one beyond it is refused."""

import json
import math
import sys
from typing import Any

import pytest
from aws_embedded_metrics.unit import Unit

from cloudwatch.emf import DOCUMENT_BYTES_MAX, UNITS, VALUE_MAX, Datapoint, EmfViolation, read_document
from cloudwatch.metric import MetricId
from tests.cloudwatch.emf.emf_documents import TIMESTAMP_MS, directive, document, without


def read(root: Any) -> list[Datapoint]:
    return read_document(json.dumps(root))


def assert_refused(root: Any, reason: str) -> None:
    with pytest.raises(EmfViolation, match=reason):
        read(root)


def test_a_document_gives_one_datapoint_for_each_metric_and_dimension_set() -> None:
    metrics = [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Requests"}]
    both = directive(Dimensions=[["Service"], ["Service", "Route"], []], Metrics=metrics)
    points = read(document(both, Route="GET /", Requests=[1, 2]))
    sets: tuple[dict[str, str], ...] = {"Service": "api"}, {"Route": "GET /", "Service": "api"}, {}
    assert points == [
        Datapoint(MetricId.of("Shop", name, dimensions), unit, TIMESTAMP_MS, values)
        for name, unit, values in (("Latency", "Milliseconds", (12.5,)), ("Requests", "None", (1, 2)))
        for dimensions in sets
    ]


def test_a_datapoint_has_namespace_name_and_dimensions() -> None:
    (point,) = read(document())
    assert (point.namespace, point.name, point.dimensions) == ("Shop", "Latency", (("Service", "api"),))


def test_each_directive_of_a_document_is_read() -> None:
    points = read(document(directive(), directive(Namespace="Other")))
    assert [point.namespace for point in points] == ["Shop", "Other"]


@pytest.mark.parametrize("around", ["{}", "{}\n", "  {}  "])
def test_a_line_is_one_json_object(around: str) -> None:
    assert read_document(around.replace("{}", json.dumps(document())))


@pytest.mark.parametrize("around", ["", "INFO {}", "{} trailing", "{}{}", "{}\n{}", "\ufeff{}", "{},"])
def test_a_line_with_text_around_its_object_is_refused(around: str) -> None:
    with pytest.raises(EmfViolation, match="not JSON"):
        read_document(around.replace("{}", json.dumps(document())))


@pytest.mark.parametrize("root", [None, 5, "text", [], [document()]])
def test_a_line_with_json_that_is_not_an_object_is_refused(root: Any) -> None:
    assert_refused(root, "not a JSON object")


def test_the_metadata_are_required() -> None:
    assert_refused(without(document(), "_aws"), "_aws is missing")
    assert_refused(document(_aws=[]), "_aws is missing or not of type dict")


@pytest.mark.parametrize("timestamp", [None, "1700000000000", 1.7e12, True, [TIMESTAMP_MS]])
def test_the_timestamp_is_a_whole_number(timestamp: Any) -> None:
    metadata = {"Timestamp": timestamp, "CloudWatchMetrics": [directive()]}
    assert_refused(document(_aws=metadata), "Timestamp is missing or not of type int")


@pytest.mark.parametrize("timestamp", [-1, 2**63, 10**400])
def test_the_timestamp_is_within_the_range_of_the_api(timestamp: int) -> None:
    assert_refused(document(_aws={"Timestamp": timestamp, "CloudWatchMetrics": []}), "Timestamp is out of range")
    for good in (0, 2**63 - 1):
        assert read(document(_aws={"Timestamp": good, "CloudWatchMetrics": [directive()]}))[0].timestamp_ms == good


@pytest.mark.parametrize("directives", [None, {}, "text"])
def test_the_directives_are_an_array(directives: Any) -> None:
    metadata = {"Timestamp": TIMESTAMP_MS, "CloudWatchMetrics": directives}
    assert_refused(document(_aws=metadata), "CloudWatchMetrics is missing or not of type list")


@pytest.mark.parametrize("name", ["Namespace", "Metrics"])
def test_a_directive_has_a_namespace_and_metrics(name: str) -> None:
    assert_refused(document(without(directive(), name)), f"{name} is missing")
    assert_refused(document(directive(**{name: 5})), f"{name} is missing or not of type")


def test_the_dimension_sets_are_an_array() -> None:
    wrongs: list[Any] = [5, "Service", {}, False]
    for wrong in wrongs:
        assert_refused(document(directive(Dimensions=wrong)), "Dimensions is missing or not of type list")


def test_a_directive_is_an_object() -> None:
    assert_refused(document(5), "not a JSON object")


@pytest.mark.parametrize("namespace", ["x", "x" * 255, "ANB/RisingStars", "aws/x", "AWS"])
def test_a_namespace_has_1_to_255_characters(namespace: str) -> None:
    assert read(document(directive(Namespace=namespace)))[0].namespace == namespace


@pytest.mark.parametrize("namespace", ["", "x" * 256, "  ", "Baloncesto/Bogotá"])
def test_a_namespace_beyond_its_limits_is_refused(namespace: str) -> None:
    assert_refused(document(directive(Namespace=namespace)), "namespace .* is blank, not ASCII or longer than 255")


@pytest.mark.parametrize("namespace", ["AWS/EC2", "AWS/", ":colon"])
def test_a_namespace_of_aws_is_refused(namespace: str) -> None:
    assert_refused(document(directive(Namespace=namespace)), "reserved")


def test_a_dimension_set_may_be_empty() -> None:
    assert read(document(directive(Dimensions=[[]])))[0].dimensions == ()


def test_a_dimension_set_has_at_most_30_names() -> None:
    names = [f"D{number}" for number in range(31)]
    values = dict.fromkeys(names, "x")
    assert len(read(document(directive(Dimensions=[names[:30]]), **values))[0].dimensions) == 30
    assert_refused(document(directive(Dimensions=[names]), **values), "at most 30 different names")


def test_a_dimension_set_with_the_same_name_twice_is_refused() -> None:
    assert_refused(document(directive(Dimensions=[["Service", "Service"]])), "different names")


@pytest.mark.parametrize("keys", [None, {"Service": "api"}, 5])
def test_a_dimension_set_is_an_array(keys: Any) -> None:
    assert_refused(document(directive(Dimensions=[keys])), "not a list")


def test_a_list_of_names_instead_of_a_list_of_sets_is_refused_with_what_was_meant() -> None:
    assert_refused(
        document(directive(Dimensions=["Service"])), r"is a list of lists: \[\['Service'\]\], not \['Service'\]"
    )


@pytest.mark.parametrize("key", [None, 5, ["Service"], {}])
def test_the_name_of_a_dimension_is_a_string(key: Any) -> None:
    assert_refused(document(directive(Dimensions=[[key]])), "not a string")


def test_the_name_of_a_dimension_has_1_to_250_characters() -> None:
    longest = "d" * 250
    assert read(document(directive(Dimensions=[[longest]]), **{longest: "x"}))
    for name in ("", " ", "d" * 251, "región"):
        assert_refused(document(directive(Dimensions=[[name]]), **{name: "x"}), "dimension name .* longer than 250")


def test_the_value_of_a_dimension_has_1_to_1024_characters() -> None:
    assert read(document(Service="s" * 1024))
    for value in ("\t", "s" * 1025, "Bogotá"):
        assert_refused(document(Service=value), "value of dimension Service .* longer than 1024")


@pytest.mark.parametrize("value", [5, None, True, ["api"], {"name": "api"}])
def test_the_value_of_a_dimension_is_a_string(value: Any) -> None:
    assert_refused(document(Service=value), "Service is missing or not of type str")


def test_a_dimension_refers_to_a_root_member_by_its_literal_name() -> None:
    assert_refused(without(document(), "Service"), "Service is missing")
    assert_refused(document(directive(Dimensions=[["service"]])), "service is missing")
    assert_refused(document(directive(Dimensions=[["Deep.Name"]]), Deep={"Name": "x"}), "Deep.Name is missing")
    assert read(document(directive(Dimensions=[["Deep.Name"]]), **{"Deep.Name": "x"}))


def test_a_metric_refers_to_a_root_member_by_its_literal_name() -> None:
    assert_refused(without(document(), "Latency"), "Latency: 'None' is not a number")
    assert_refused(document(directive(Metrics=[{"Name": "latency"}])), "latency: .* not a number")
    assert_refused(document(directive(Metrics=[{"Name": "a.b"}]), a={"b": 1}), "a.b: .* not a number")
    assert read(document(directive(Metrics=[{"Name": "a.b"}]), **{"a.b": 1}))


def test_a_name_cannot_be_a_dimension_and_a_metric() -> None:
    assert_refused(document(directive(Dimensions=[["Latency"]])), "Latency is missing or not of type str")


def test_a_directive_has_at_most_100_metrics() -> None:
    metrics = [{"Name": f"M{number}"} for number in range(101)]
    values = {metric["Name"]: 1 for metric in metrics}
    assert len(read(document(directive(Metrics=metrics[:100]), **values))) == 100
    assert_refused(document(directive(Metrics=metrics), **values), "101 metrics, at most 100")


def test_the_name_of_a_metric_has_1_to_255_characters() -> None:
    longest = "m" * 255
    assert read(document(directive(Metrics=[{"Name": longest}]), **{longest: 1}))
    for name in ("", " ", "m" * 256, "Duración"):
        assert_refused(document(directive(Metrics=[{"Name": name}]), **{name: 1}), "metric name .* longer than 255")


@pytest.mark.parametrize("metric", [None, "Latency", 5, [], {}, {"Name": 5}, {"Unit": "Count"}])
def test_a_metric_is_an_object_with_a_name(metric: Any) -> None:
    assert_refused(document(directive(Metrics=[metric])), "not a JSON object|Name is missing")


def test_every_unit_of_cloudwatch_is_known_and_no_unit_means_none() -> None:
    assert set(UNITS) == {unit.value for unit in Unit}
    for unit in UNITS:
        assert read(document(directive(Metrics=[{"Name": "Latency", "Unit": unit}])))[0].unit == unit
    assert read(document(directive(Metrics=[{"Name": "Latency"}])))[0].unit == "None"


@pytest.mark.parametrize("unit", ["milliseconds", "ms", "Kibibytes", "Percent/Second", " ", None, 5, [], {"a": 1}])
def test_a_unit_that_does_not_exist_is_refused(unit: Any) -> None:
    assert_refused(document(directive(Metrics=[{"Name": "Latency", "Unit": unit}])), "unit .* does not exist")


@pytest.mark.parametrize("seconds", [1, 60])
def test_the_storage_resolution_is_1_or_60(seconds: int) -> None:
    metric = {"Name": "Latency", "StorageResolution": seconds}
    assert read(document(directive(Metrics=[metric])))[0].storage_resolution == seconds


def test_the_default_storage_resolution_is_60() -> None:
    assert read(document())[0].storage_resolution == 60


@pytest.mark.parametrize("seconds", [0, 5, 61, True, "60", None, [60], 1.5])
def test_any_other_storage_resolution_is_refused(seconds: Any) -> None:
    metric = {"Name": "Latency", "StorageResolution": seconds}
    assert_refused(document(directive(Metrics=[metric])), "neither 1 nor 60")


def test_a_metric_has_1_to_100_values() -> None:
    assert read(document(Latency=list(range(100))))[0].values == tuple(range(100))
    assert read(document(Latency=[7]))[0].values == (7,)
    assert_refused(document(Latency=list(range(101))), "101 values, 1 to 100")
    assert_refused(document(Latency=[]), "0 values, 1 to 100")


@pytest.mark.parametrize("value", ["12.5", None, True, [[1]], [1, "2"], [1, None], [False]])
def test_the_value_of_a_metric_is_a_number(value: Any) -> None:
    assert_refused(document(Latency=value), "not a number")


@pytest.mark.parametrize("value", [0, -1, VALUE_MAX, -VALUE_MAX, 2**360, 5e-324])
def test_a_value_is_between_minus_and_plus_2_to_the_360(value: float) -> None:
    assert read(document(Latency=value))[0].values == (value,)


@pytest.mark.parametrize("value", [math.nextafter(VALUE_MAX, math.inf), 2**360 + 1, -(2**361), 1e308, 10**4000])
def test_a_value_beyond_2_to_the_360_is_refused(value: float) -> None:
    assert_refused(document(Latency=value), "out of range")


def test_a_number_too_large_for_a_float_is_refused() -> None:
    line = json.dumps(document()).replace("12.5", "1e999")
    with pytest.raises(EmfViolation, match="out of range"):
        read_document(line)


def test_a_number_with_thousands_of_digits_is_refused() -> None:
    line = json.dumps(document()).replace("12.5", "9" * (sys.get_int_max_str_digits() + 1))
    with pytest.raises(EmfViolation, match="not JSON"):
        read_document(line)


@pytest.mark.parametrize("constant", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_refused_even_in_a_property(constant: float) -> None:
    assert_refused(document(Latency=constant), "not JSON: -?(NaN|Infinity)")
    assert_refused(document(note=constant), "not JSON: -?(NaN|Infinity)")


def test_unknown_members_are_ignored_everywhere() -> None:
    metric = {"Name": "Latency", "Comment": "x"}
    root = document(directive(Metrics=[metric], Comment="x"), note={"deep": [1, None, "á"]})
    root["_aws"]["LogGroupName"] = "group"
    assert len(read(root)) == 1


def test_a_duplicate_member_is_refused() -> None:
    line = json.dumps(document())
    for twice in (line[:-1] + ', "Latency": 1}', line.replace('"Unit":', '"Unit": "Count", "Unit":')):
        with pytest.raises(EmfViolation, match="twice"):
            read_document(twice)


def test_half_a_surrogate_pair_is_only_accepted_as_an_escaped_property() -> None:
    assert_refused(document(Service="\ud800"), "not ASCII")
    assert read(document(note="\ud800"))  # escaped, so the line is ASCII
    with pytest.raises(EmfViolation, match="not JSON"):
        read_document(json.dumps(document(note="x")).replace('"x"', '"\ud800"'))


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"_aws":', '{"_aws": {"CloudWatchMetrics": [{"Dimensions": [['])
def test_a_line_that_is_nested_too_deeply_is_refused(opening: str) -> None:
    for depth in (10, 500, 900, 950, 990, 1000, 5000, 60_000):
        line = (opening * depth)[:DOCUMENT_BYTES_MAX]
        with pytest.raises(EmfViolation):
            read_document(line)


@pytest.mark.parametrize("depth", range(1, 1200, 25))
def test_a_dimension_set_of_any_depth_is_refused(depth: int) -> None:
    line = json.dumps(document(directive(Dimensions=[["x"]]))).replace('"x"', "[" * depth + "]" * depth)
    with pytest.raises(EmfViolation, match=r"not a string|nested too deeply"):
        read_document(line)
