"""The recorder writes only valid EMF of the catalogue. An invalid record is dropped without an error."""

import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudwatch.emf import read_document
from telemetry.catalogue import (
    API_REQUEST,
    JOB,
    RECORD_KINDS,
    ROUTE,
    SERVICE,
    TELEMETRY,
    WORKER_HEARTBEAT,
    Metric,
    RecordKind,
    Unit,
)
from telemetry.destinations import FileDestination
from telemetry.recorder import (
    PROPERTY_CHARACTERS_MAX,
    RECORD_BYTES_MAX,
    VALUE_MAX,
    InvalidRecord,
    Property,
    Recorder,
    RecordFormat,
    open_recorder,
)
from telemetry.sink import Sink
from tests.telemetry.receivers import MemoryDestination, wait_until

CLOCK_STEP_MS = 20


def dimensions_of(kind: RecordKind) -> dict[str, str]:
    return {name: f"a {name}" for names in kind.dimension_sets for name in names if name != SERVICE}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def let_time_pass() -> None:
    begun = now_ms()
    wait_until(lambda: now_ms() >= begun + CLOCK_STEP_MS, "a step of the clock")


@pytest.mark.parametrize("kind", RECORD_KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_record_gives_valid_emf_with_its_declared_units_and_dimensions(
    kind: RecordKind, record_format: RecordFormat
) -> None:
    metrics = {metric.name: 1.5 for metric in kind.metrics}
    points = read_document(record_format.line(kind, metrics, dimensions_of(kind)))
    assert {(point.name, point.unit) for point in points} == {(metric.name, metric.unit) for metric in kind.metrics}
    assert {tuple(name for name, _ in point.dimensions) for point in points} == {
        tuple(sorted(names)) for names in kind.dimension_sets
    }
    assert len(points) == len(kind.metrics) * len(kind.dimension_sets)
    assert all(point.namespace == "Test" and point.values == (1.5,) for point in points)


def test_a_record_contains_its_kind_its_log_group_and_its_properties(record_format: RecordFormat) -> None:
    properties: dict[str, Property] = {"request_id": "ñandú-1", "attempt": 2, "reason": False, "error": None}
    line = record_format.line(JOB, {"Jobs": 1}, properties=properties)
    document = json.loads(line)
    assert {name: document[name] for name in properties} == properties
    assert document["Record"] == "Job"
    assert document["_aws"]["LogGroupName"] == "test-group"
    assert line.isascii()
    assert "\n" not in line


def test_a_long_property_is_cut_and_one_that_json_cannot_express_becomes_text(record_format: RecordFormat) -> None:
    properties: dict[str, Any] = {"reason": "x" * 5000, "attempt": math.nan, "error": Path("/clip.mp4")}
    document = json.loads(record_format.line(JOB, {"Jobs": 1}, properties=properties))
    assert document["reason"] == "x" * PROPERTY_CHARACTERS_MAX
    assert (document["attempt"], document["error"]) == ("nan", "/clip.mp4")


WIDE = replace(JOB, properties=tuple(f"p{n}" for n in range(250)))
TOO_MANY = RecordKind("TooMany", ("api",), ((SERVICE,),), tuple(Metric(f"M{n}", Unit.COUNT, "") for n in range(101)))
TOO_WIDE = RecordKind("TooWide", ("api",), (tuple(f"D{n}" for n in range(31)),), (Metric("M", Unit.COUNT, ""),))

INVALID: dict[str, tuple[RecordKind, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    "a metric that the kind does not declare": (JOB, {"Requests": 1}, {}, {}),
    "a dimension without a value": (API_REQUEST, {"Requests": 1}, {}, {}),
    "a blank dimension": (API_REQUEST, {"Requests": 1}, {ROUTE: " "}, {}),
    "a dimension that is not ASCII": (API_REQUEST, {"Requests": 1}, {ROUTE: "GET /ñ"}, {}),
    "a dimension that is too long": (API_REQUEST, {"Requests": 1}, {ROUTE: "X" * 1025}, {}),
    "a dimension that is not text": (API_REQUEST, {"Requests": 1}, {ROUTE: 5}, {}),
    "not a number": (JOB, {"Jobs": math.nan}, {}, {}),
    "infinity": (JOB, {"Jobs": math.inf}, {}, {}),
    "minus infinity": (JOB, {"Jobs": -math.inf}, {}, {}),
    "a number beyond CloudWatch's range": (JOB, {"Jobs": VALUE_MAX * 2}, {}, {}),
    "a number beyond any float": (JOB, {"Jobs": 10**400}, {}, {}),
    "a truth value": (JOB, {"Jobs": True}, {}, {}),
    "text instead of a number": (JOB, {"Jobs": "1"}, {}, {}),
    "no value": (JOB, {"Jobs": None}, {}, {}),
    "a property with the name of a dimension": (JOB, {"Jobs": 1}, {}, {SERVICE: "x"}),
    "a property with the name of a metric": (JOB, {"Jobs": 1}, {}, {"Jobs": "x"}),
    "a property that the kind does not declare": (JOB, {"Jobs": 1}, {}, {"vido_id": "x"}),
    "a property that no JSON reader accepts": (JOB, {"Jobs": 1}, {}, {"attempt": 10**5000}),
    "a record that is too large": (WIDE, {"Jobs": 1}, {}, dict.fromkeys(WIDE.properties, "x" * 1024)),
    "more metrics than one document may have": (TOO_MANY, {m.name: 1 for m in TOO_MANY.metrics}, {}, {}),
    "more dimensions than a set may have": (TOO_WIDE, {"M": 1}, {f"D{n}": "x" for n in range(31)}, {}),
}


@pytest.mark.parametrize("what", INVALID)
def test_an_invalid_record_is_refused_with_the_name_of_its_kind(what: str, record_format: RecordFormat) -> None:
    kind, metrics, dimensions, properties = INVALID[what]
    with pytest.raises(InvalidRecord, match=kind.name):
        record_format.line(kind, metrics, dimensions, properties)


@pytest.mark.parametrize("what", INVALID)
def test_an_invalid_record_raises_nothing_into_the_work_is_logged_and_counts_as_dropped(
    what: str, record_format: RecordFormat, caplog: pytest.LogCaptureFixture
) -> None:
    kind, metrics, dimensions, properties = INVALID[what]
    destination = MemoryDestination()
    recorder = Recorder(record_format, Sink(destination, records_max=10))
    recorder.record(kind, metrics, dimensions=dimensions, properties=properties)
    recorder.record(WORKER_HEARTBEAT, {"BusySlots": 7})
    recorder.close()
    assert (recorder.counts.emitted, recorder.counts.dropped) == (1, 1)
    assert [point.values for point in read_document(destination.lines[0])] == [(7,)]
    (entry,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert entry.message == "invalid telemetry record dropped"
    assert kind.name in str(entry.exc_info)


def test_a_record_of_the_largest_size_is_accepted_and_one_byte_more_is_not(record_format: RecordFormat) -> None:
    values = dict.fromkeys(WIDE.properties, "")
    for name in values:
        room = RECORD_BYTES_MAX - len(record_format.line(WIDE, {"Jobs": 1}, properties=values))
        values[name] = "x" * min(room, PROPERTY_CHARACTERS_MAX)
    largest = record_format.line(WIDE, {"Jobs": 1}, properties=values)
    assert len(largest) == RECORD_BYTES_MAX
    assert read_document(largest)
    with pytest.raises(InvalidRecord, match=f"{RECORD_BYTES_MAX + 1} bytes"):
        record_format.line(WIDE, {"Jobs": 1}, properties=values | {"p249": "x"})


def test_the_timestamp_of_a_record_is_the_end_of_its_own_work(tmp_path: Path) -> None:
    path = tmp_path / "emf.log"
    recorder = open_recorder(FileDestination(path), namespace="Test", service="test", log_group="test", records_max=10)
    between: list[tuple[int, int]] = []
    for _ in range(2):
        let_time_pass()
        before = now_ms()
        recorder.record(WORKER_HEARTBEAT, {"BusySlots": 1})
        between.append((before, now_ms()))
    recorder.close()
    times = [points[0].timestamp_ms for points in map(read_document, path.read_text().splitlines()[:2])]
    for timestamp_ms, (before, after) in zip(times, between, strict=True):
        assert before <= timestamp_ms <= after + 1  # the library rounds
    assert times[1] - times[0] >= CLOCK_STEP_MS


def test_the_close_writes_a_report_of_written_and_dropped_records(tmp_path: Path) -> None:
    path = tmp_path / "emf.log"
    recorder = open_recorder(FileDestination(path), namespace="Test", service="test", log_group="test", records_max=10)
    for number in range(3):
        recorder.record(WORKER_HEARTBEAT, {"BusySlots": number})
    recorder.record(WORKER_HEARTBEAT, {"BusySlots": math.nan})
    recorder.close()
    report = read_document(path.read_text().splitlines()[-1])
    assert {point.name: point.values for point in report} == {"RecordsEmitted": (3,), "RecordsDropped": (1,)}
    assert {point.dimensions for point in report} == {((SERVICE, "test"),)}


def test_the_close_logs_how_many_records_were_written_and_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    recorder = open_recorder(
        FileDestination(tmp_path / "emf.log"), namespace="Test", service="test", log_group="test", records_max=10
    )
    recorder.record(WORKER_HEARTBEAT, {"WorkerHeartbeat": 1})
    recorder.record(WORKER_HEARTBEAT, {"Requests": 1})
    recorder.close()
    assert "telemetry closed: 2 records written, 1 dropped" in caplog.messages  # the second record is the report


names = st.one_of(
    st.sampled_from([metric.name for kind in RECORD_KINDS for metric in kind.metrics] + [SERVICE, ROUTE, "_aws"]),
    st.text(max_size=20),
)
numbers = st.one_of(st.floats(), st.integers(), st.booleans(), st.sampled_from([VALUE_MAX, -VALUE_MAX, 10**400, -0.0]))
property_values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@settings(deadline=None)
@given(
    kind=st.sampled_from(RECORD_KINDS),
    data=st.data(),
    dimensions=st.dictionaries(names, st.text(max_size=40)),
    properties=st.dictionaries(names, property_values, max_size=4),
)
def test_a_record_becomes_valid_emf_or_is_refused(
    kind: RecordKind, data: st.DataObject, dimensions: dict[str, str], properties: dict[str, Any]
) -> None:
    declared = st.sampled_from([metric.name for metric in kind.metrics])
    metrics = data.draw(st.dictionaries(st.one_of(declared, names), numbers, max_size=4))
    dimensions = dimensions_of(kind) | dimensions
    record_format = RecordFormat(namespace="Test", service="test", log_group="test")
    try:
        line = record_format.line(kind, metrics, dimensions, properties)
    except InvalidRecord:
        return
    points = read_document(line)
    assert len(points) == len(metrics) * len(kind.dimension_sets)
    assert {point.name: point.values for point in points} == {name: (value,) for name, value in metrics.items()}


def test_the_catalogue_names_each_metric_of_a_kind_once_and_none_like_a_dimension() -> None:
    for kind in RECORD_KINDS:
        metrics = [metric.name for metric in kind.metrics]
        dimensions = {name for names in kind.dimension_sets for name in names}
        assert len(set(metrics)) == len(metrics)
        assert not dimensions & set(metrics)
        assert all(metric.meaning for metric in kind.metrics)
    assert TELEMETRY in RECORD_KINDS


def test_no_metric_of_the_catalogue_is_written_by_two_kinds_of_records() -> None:
    names = [metric.name for kind in RECORD_KINDS for metric in kind.metrics]
    assert len(set(names)) == len(names)
