"""The reader recognises the shapes of lines. That saves time, takes bounded memory, and changes no result."""

import gc
import json
import re
from typing import Any

import pytest
from aws_embedded_metrics.logger.metrics_context import MetricsContext
from aws_embedded_metrics.serializers.log_serializer import LogSerializer
from aws_embedded_metrics.unit import Unit
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudwatch.emf import VALUE_MAX, EmfReader, EmfViolation, read_document, read_lines
from cloudwatch.emf.line_shapes import LEARNT_AT_ONCE, LINE_CHARACTERS_LEARNT_MAX, SHAPES_MAX, LineShapes
from cloudwatch.emf.metadata import STREAMS_KEPT_MAX
from cloudwatch.emf.reader import METADATA_KEPT_MAX
from cloudwatch.metric import MetricId
from tests.cloudwatch.emf.emf_documents import (
    GOOD,
    METADATA,
    OTHER_METADATA,
    Json,
    any_text,
    directive,
    document,
    json_values,
    mutated_lines,
    nearly_documents,
)


def read_alone(line: str) -> str:
    """The result of a line that is read without a cache. ``repr`` distinguishes 1 from 1.0 and True."""
    try:
        return repr(read_document(line))
    except EmfViolation as error:
        return error.reason


def assert_read_as_alone(reader: EmfReader, line: str) -> None:
    for _ in range(2):  # parsed at first, perhaps recognised by its shape at the second time
        try:
            outcome = repr(reader.read(line))
        except EmfViolation as error:
            outcome = error.reason
        assert outcome == read_alone(line)


def reader_with_shapes() -> EmfReader:
    """A reader that knows the shapes of the documents below."""
    reader = EmfReader()
    high = directive(Metrics=[{"Name": "Latency", "StorageResolution": 1}, {"Name": "Size", "Unit": "Bytes"}])
    for root in (document(), document(high, Size=[1, 2.5]), document(directive(Dimensions=[[], ["Service"]]))):
        reader.read(json.dumps(root))
        reader.read(json.dumps(root, separators=(",", ":")))
    return reader


def test_metadata_are_validated_once() -> None:
    reader = EmfReader()
    reader.read(GOOD)
    (second,), (third,) = reader.read(GOOD), reader.read(GOOD.replace("12.5", "13"))
    assert third.metric is second.metric  # a second validation would create another, equal object
    assert (second.values, third.values) == ((12.5,), (13,))


def test_dimension_values_are_read_from_each_line() -> None:
    reader = EmfReader()
    lines = [json.dumps(document(Service=name)) for name in ("api", "worker", "api")]
    assert [reader.read(line)[0].dimensions[0][1] for line in lines] == ["api", "worker", "api"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(GOOD.replace("12.5", "NaN"), id="NaN as a value"),
        pytest.param(GOOD[:-1] + ', "note": NaN}', id="NaN as a property"),
        pytest.param(GOOD[:-1] + ', "note": -Infinity}', id="infinity as a property"),
        pytest.param(GOOD.replace(METADATA, "NaN"), id="NaN as metadata"),
        pytest.param(GOOD.replace(METADATA, f'[NaN, "CloudWatchMetrics", {METADATA}]'), id="NaN beside the metadata"),
        pytest.param(GOOD.replace(METADATA, f"-{METADATA}"), id="minus before the metadata"),
        pytest.param(GOOD.replace(METADATA, f"5{METADATA}"), id="a number before the metadata"),
        pytest.param(GOOD.replace(METADATA, f"{METADATA}5"), id="a number after the metadata"),
        pytest.param(GOOD.replace(METADATA, f"[{METADATA}]"), id="metadata within an array"),
        pytest.param(GOOD[:-1] + ', "Latency": 1}', id="a duplicate member"),
        pytest.param(GOOD.replace('"Timestamp":', '"Timestamp": 1, "Timestamp":'), id="a duplicate member of _aws"),
        pytest.param(GOOD.replace(METADATA, f'{METADATA}, "CloudWatchMetrics": {METADATA}'), id="duplicate metadata"),
        pytest.param(GOOD + "{}", id="text after the document"),
        pytest.param("\x0b" + GOOD, id="white space that JSON does not have"),
        pytest.param(GOOD + "\x0b", id="white space that JSON does not have, at the end"),
        pytest.param(f"[{GOOD}]", id="a document within an array"),
        pytest.param(json.dumps({"CloudWatchMetrics": [directive()], **document()}), id="metadata as a property"),
        pytest.param(json.dumps({"CloudWatchMetrics": [directive()]}), id="metadata as a property only"),
        pytest.param(json.dumps(document(_aws={"Timestamp": 1, "x": [directive()]})), id="metadata with another name"),
        pytest.param(
            f'{{"CloudWatchMetrics": {METADATA}, ' + GOOD[1:].replace(METADATA, OTHER_METADATA),
            id="a property like metadata before other metadata",
        ),
        pytest.param(
            f'{{"CloudWatchMetrics": {METADATA}, ' + GOOD[1:].replace(METADATA, "[]"),
            id="a property like metadata before empty metadata",
        ),
        pytest.param(
            f'{{"note": {json.dumps(GOOD)}, ' + GOOD[1:].replace(METADATA, OTHER_METADATA), id="a document as text"
        ),
        pytest.param(GOOD.replace('"Service": "api"', '"Service": ["api"]'), id="a dimension that cannot be hashed"),
        pytest.param(GOOD.replace('"Service": "api"', '"Service": 1'), id="a number as dimension"),
        pytest.param(GOOD.replace("12.5", "true"), id="a boolean as value"),
        pytest.param(GOOD.replace("12.5", "1e999"), id="a value too large for a float"),
        pytest.param(GOOD.replace("12.5", "9" * 5000), id="a value of too many digits"),
        pytest.param(GOOD.replace("1700000000000", "true"), id="a boolean as timestamp"),
        pytest.param(GOOD.replace("1700000000000", "-1"), id="a timestamp before the epoch"),
        pytest.param(GOOD[:-1] + ', "note": "\ud800"}', id="half a surrogate pair"),
        pytest.param(GOOD[:-1] + ', "note": "á"}', id="a property that is not ASCII"),
        pytest.param(GOOD + "\r\n", id="with a line end"),
        pytest.param(f'{GOOD[:-1]}, "note": {"[" * 5000}{"]" * 5000}}}', id="nested too deeply"),
        pytest.param(f'{GOOD[:-1]}, "note": "{"x" * 1_100_000}"}}', id="too large"),
        pytest.param(f'{GOOD[:-1]}, "note": "{"á" * 600_000}"}}', id="too large in UTF-8"),
    ],
)
def test_a_known_shape_changes_no_result(line: str) -> None:
    assert_read_as_alone(reader_with_shapes(), line)


# Texts in the place of a value. The reader may recognise the valid ones, and must refuse the invalid ones at the end.
VALUES = (
    *(
        "0",
        "1",
        "-1",
        "12.5",
        "-0",
        "-0.0",
        "0.0",
        "1e5",
        "1E+05",
        "2.5e-7",
        "1e89",
        "1e90",
        "1e104",
        "123456789012345",
    ),
    *("1234567890123456", "0.12345678901234567890123", "1e-400", "1e999", "-1e999", "9" * 400, "9" * 5000),
    *("01", "-01", "00", "1.", ".5", "+1", "-", "1_000", "0x10", "1e", "1e+", "NaN", "-Infinity", "٣", "1 2", "", "1,"),
    *("true", "null", "[]", "[1]", "[1, 2.5]", "[ 1 ,2 ]", "[1,]", "[01]", "[1 2]", "[[1]]", '["1"]', "[true]", "{}"),
    *(f"[{', '.join(['7'] * 100)}]", f"[{', '.join(['7'] * 101)}]", '{"Max": 1}', '"1"', '"x"', '""', '" "', r'"\""'),
    *(r'"\u0041"', r'"\u00e9\n"', r'"\u00"', r'"\x"', '"\\', '"é"', '"\ud800"', '"\x1f"', '"\x7f"', '"a" ', '"a"b"'),
    *(
        f'"{"s" * 1025}"',
        '"x", "Service": "y"',
        '1, "Latency": 2',
        "1}",
        "1700000000001",
        "1700000000",
        "17000000000000",
    ),
    *("1700000000000.0", "1.7e12", "-1700000000000", " 1", "1\t", "1\x0b", "\N{NO-BREAK SPACE}1", '"a\x1fb"'),
)
VARIED = {
    "plain": document(note="x", status=200),
    "arrays": document(Latency=[1, 2], note="x", status=200),
    "metadata first": {"_aws": document()["_aws"], "Latency": 12.5, "Service": "api", "note": "x", "status": 200},
    "metadata last": {"status": 200, "Latency": 12.5, "note": "x", "Service": "api", "_aws": document()["_aws"]},
    "nested": document(note={"deep": ["x", 200, None, True]}, status=200),
}
_PLACES = re.compile(r'(?<=: )("api"|"x"|12\.5|\[1, 2\]|200|1700000000000)(?=[,}])')


def places(line: str) -> list[re.Match[str]]:
    return list(_PLACES.finditer(line))


def with_value(line: str, place: int, value: str) -> str:
    match = places(line)[place]
    return line[: match.start()] + value + line[match.end() :]


@pytest.mark.parametrize("shape", VARIED)
def test_a_line_with_another_value_in_any_place_is_read_as_if_alone(shape: str) -> None:
    template = json.dumps(VARIED[shape])
    reader = EmfReader()
    reader.read(template)
    for place in range(len(places(template))):
        for value in VALUES:
            assert_read_as_alone(reader, with_value(template, place, value))


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(VARIED)))
def test_a_line_with_several_other_values_is_read_as_if_alone(data: st.DataObject, shape: str) -> None:
    template = json.dumps(VARIED[shape])
    reader = EmfReader()
    reader.read(template)
    line = template
    for place in range(len(places(template))):
        if place < len(places(line)) and data.draw(st.booleans()):
            line = with_value(line, place, data.draw(st.sampled_from(VALUES)))
    assert_read_as_alone(reader, f" {line} \r\n" if data.draw(st.booleans()) else line)


@pytest.mark.parametrize("text", ["x" * 1_100_000, "é" * 600_000, "x" * 1_000_000])
def test_a_line_of_any_size_is_read_as_if_alone(text: str) -> None:
    reader = EmfReader()
    reader.read(json.dumps(VARIED["plain"]))
    assert_read_as_alone(reader, json.dumps({**VARIED["plain"], "note": text}, ensure_ascii=False))


@settings(deadline=None)
@given(st.permutations(list(document(note="x", status=200).items())), st.integers(0, 300))
def test_members_in_another_order_and_torn_lines_are_read_as_if_alone(members: list[tuple[str, Any]], cut: int) -> None:
    reader = reader_with_shapes()
    line = json.dumps(dict(members))
    for text in (line, line[: len(line) - cut], line[cut:], line.replace(" ", "")):
        assert_read_as_alone(reader, text)


OTEL = directive(Metrics=[{"Name": "jobs", "Unit": "Count"}], Dimensions=[["Zone", "app"], []])
RECOGNISED = {
    "our own": (document(note="x"), document(note=r"say \"hi\"", Service="worker", Latency=0.25)),
    "powertools, with arrays": (document(Latency=[1]), document(Latency=[1, 2.5, 1e-7])),
    "sorted members": (
        {
            "Latency": 1,
            "Zone": "a",
            "_aws": {"CloudWatchMetrics": [OTEL], "Timestamp": 1700000000000},
            "app": "x",
            "jobs": 3,
        },
        {
            "Latency": 2,
            "Zone": "b",
            "_aws": {"CloudWatchMetrics": [OTEL], "Timestamp": 1700000060000},
            "app": "y",
            "jobs": -4,
        },
    ),
    "no dimensions": (document(directive(Dimensions=[[]])), document(directive(Dimensions=[[]]), Latency=1e5)),
    "nested properties": (document(a={"b": [1, {"c": "x"}]}), document(a={"b": [2, {"c": "y"}]})),
    "not ASCII": (document(city="Bogotá"), document(city="Medellín \N{SOCCER BALL}")),
}


@pytest.mark.parametrize("name", RECOGNISED)
@pytest.mark.parametrize("compact", [False, True])
def test_lines_of_usual_writers_are_recognised(name: str, compact: bool) -> None:
    """This test is needed because a reader that parses each line would pass all other tests here."""
    separators = (",", ":") if compact else None
    first, second = (json.dumps(root, separators=separators, ensure_ascii=False) for root in RECOGNISED[name])
    reader = EmfReader()
    reader.read(first)
    assert recognised(reader, second)
    assert_read_as_alone(reader, second)


def recognised(reader: EmfReader, line: str) -> bool:
    shapes: LineShapes = reader._shapes
    return shapes.recognise(line) is not None


def test_a_value_beyond_the_patterns_is_not_recognised() -> None:
    reader = reader_with_shapes()
    for value in ("1234567890123456", "1e200", "-0"):
        assert not recognised(reader, GOOD.replace("12.5", value))


def test_of_lines_that_all_differ_few_are_learnt_and_fewer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudwatch.emf.line_shapes.LINES_FOR_EACH_SHAPE", 20)
    reader = EmfReader()
    for number in range(1500):
        reader.read(json.dumps(document(**{f"property {number}": 1})))
    assert SHAPES_MAX < reader._shapes._learnt <= LEARNT_AT_ONCE + 1500 / 20 + 1
    assert sum(len(head.bodies) for head in reader._shapes._heads) <= SHAPES_MAX


def test_a_line_that_its_own_patterns_do_not_match_is_not_kept() -> None:
    reader = EmfReader()
    reader.read(GOOD.replace("12.5", "1234567890123456"))
    assert not any(head.bodies for head in reader._shapes._heads)


def test_a_line_of_unusual_length_is_not_learnt() -> None:
    line = json.dumps(document(note="x" * LINE_CHARACTERS_LEARNT_MAX))
    reader = EmfReader()
    reader.read(line)
    assert not recognised(reader, line)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(mutated_lines(), nearly_documents.map(json.dumps)), min_size=1, max_size=3))
def test_each_line_is_read_as_if_alone_after_any_other_lines(lines: list[str]) -> None:
    reader = reader_with_shapes()
    for line in lines:
        assert_read_as_alone(reader, line)


def wide(number: int, prefix: str = "m") -> Json:
    """A document with 100 metrics and a unique dimension value, like a request id that is a dimension by mistake."""
    names = [f"{prefix}{index}" for index in range(100)]
    return document(
        directive(Metrics=[{"Name": name} for name in names]), **dict.fromkeys(names, 1), Service=f"{number}"
    )


METRICS_KEPT_MAX = 100 * (METADATA_KEPT_MAX + SHAPES_MAX)


@pytest.mark.parametrize(
    ("prefix", "kept_max"), [("m", STREAMS_KEPT_MAX), ("m{}.", METRICS_KEPT_MAX)], ids=["dimensions", "metrics"]
)
def test_the_cache_of_a_reader_is_bounded(prefix: str, kept_max: int) -> None:
    reader = EmfReader()
    before = metrics_in_memory()
    for number in range(150):
        assert len(reader.read(json.dumps(wide(number, prefix.format(number))))) == 100
    assert metrics_in_memory() - before <= kept_max


def metrics_in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, MetricId) for each in gc.get_objects())


def test_metadata_of_unusual_size_are_not_cached() -> None:
    line = json.dumps(document(*[directive(Namespace=f"{index}") for index in range(1000)]))
    reader = EmfReader()
    reader.read(line)
    assert reader.read(line)[0].metric is not reader.read(line)[0].metric


@settings(deadline=None, max_examples=300)
@given(st.one_of(nearly_documents.map(json.dumps), json_values.map(json.dumps), any_text))
def test_any_line_is_either_read_or_refused(line: str) -> None:
    try:
        points = read_document(line)
    except EmfViolation as error:
        assert str(error)
        return
    assert all(abs(value) <= VALUE_MAX for point in points for value in point.values)


ascii_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
dimension_names = ascii_text.filter(lambda name: not name.startswith(":")).map("d".__add__)
metric_names = ascii_text.map("m".__add__)
values = st.floats(min_value=-VALUE_MAX, max_value=VALUE_MAX) | st.integers(-(2**360), 2**360)
measurements = st.tuples(st.lists(values, min_size=1, max_size=120), st.sampled_from([unit.value for unit in Unit]))


@settings(deadline=None)
@given(
    namespace=ascii_text.map("n".__add__),
    dimension_sets=st.lists(st.dictionaries(dimension_names, ascii_text, max_size=5), min_size=1, max_size=3),
    metrics=st.dictionaries(metric_names, measurements, max_size=5),
    properties=st.dictionaries(st.text(max_size=10).map("p".__add__), st.text() | st.integers() | st.none()),
)
def test_the_output_of_the_library_of_aws_is_read(
    namespace: str,
    dimension_sets: list[dict[str, str]],
    metrics: dict[str, tuple[list[float], str]],
    properties: dict[str, Any],
) -> None:
    context = MetricsContext(namespace=namespace, properties=properties)
    for dimensions in dimension_sets:
        context.put_dimensions(dimensions)
    for name, (measured, unit) in metrics.items():
        for value in measured:
            context.put_metric(name, value, unit)
    points = list(read_lines(LogSerializer.serialize(context)))
    sets = len(context.get_dimensions())
    assert len({point.dimensions for point in points}) == (sets if metrics else 0)
    for name, (measured, unit) in metrics.items():
        read_back = [value for point in points if point.name == name for value in point.values]
        assert sorted(read_back) == sorted(map(float, measured * sets))
        assert {point.unit for point in points if point.name == name} == {unit}
