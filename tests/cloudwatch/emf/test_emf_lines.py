"""Logs line by line: a bad line stops the strict reader, and the tolerant reader reports and counts it."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudwatch.emf import DOCUMENT_BYTES_MAX, EmfReader, EmfViolation, read_document, read_lines
from tests.cloudwatch.emf.emf_documents import GOOD, any_text, document, json_values, mutated_lines


def sized(size: int) -> str:
    """A valid document of ``size`` bytes."""
    line = json.dumps(document(note=""))
    return line.replace('""', f'"{"x" * (size - len(line))}"')


def test_the_longest_line_just_fits_into_a_batch_of_logs() -> None:
    assert DOCUMENT_BYTES_MAX + 26 == 1024 * 1024
    assert read_document(sized(DOCUMENT_BYTES_MAX))
    with pytest.raises(EmfViolation, match=f"larger than {DOCUMENT_BYTES_MAX} bytes"):
        read_document(sized(DOCUMENT_BYTES_MAX + 1))


def test_the_limit_of_a_document_can_be_set() -> None:
    assert read_document(sized(256 * 1024), bytes_max=256 * 1024)
    with pytest.raises(EmfViolation, match="larger than 262144 bytes"):
        read_document(sized(256 * 1024 + 1), bytes_max=256 * 1024)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_end_of_the_line_does_not_count(end: str) -> None:
    assert read_document(sized(1000) + end, bytes_max=1000)


def test_the_size_of_a_line_is_measured_in_utf_8() -> None:
    line = json.dumps(document(note="á" * 500), ensure_ascii=False)
    assert read_document(line, bytes_max=len(line) + 500)
    with pytest.raises(EmfViolation, match="larger"):
        read_document(line, bytes_max=len(line) + 499)


def test_a_broken_line_is_reported_with_its_number() -> None:
    assert len(list(read_lines([GOOD, GOOD]))) == 2
    with pytest.raises(EmfViolation, match=r"^line 2: not JSON") as caught:
        list(read_lines([GOOD, "{", GOOD]))
    assert caught.value.line == 2
    assert caught.value.reason.startswith("not JSON")


def test_the_lines_before_a_broken_one_are_read() -> None:
    points = read_lines([GOOD, "{"])
    assert next(points).name == "Latency"
    with pytest.raises(EmfViolation):
        next(points)


def test_lines_are_read_one_by_one() -> None:
    """A log may have any size, or may still be growing: the reader collects nothing first."""

    def endless() -> Iterator[str]:
        while True:
            yield GOOD

    points = EmfReader().scan_lines(endless())
    assert len([next(points) for _ in range(1000)]) == 1000


def test_the_limit_of_a_line_can_be_set_for_all() -> None:
    assert list(read_lines([GOOD], bytes_max=len(GOOD)))
    with pytest.raises(EmfViolation, match="line 1: larger"):
        list(read_lines([GOOD], bytes_max=len(GOOD) - 1))
    reader = EmfReader(bytes_max=len(GOOD))
    assert reader.read(GOOD)
    with pytest.raises(EmfViolation, match="larger"):
        reader.read(GOOD.replace("api", "worker"))  # its metadata are in the cache


TORN = GOOD[: GOOD.index("CloudWatchMetrics")]
INVALID = GOOD.replace("Milliseconds", "Lightyears")


def test_a_mixed_log_is_read_to_its_end() -> None:
    reader = EmfReader()
    items = list(reader.scan_lines([GOOD, INVALID, "INFO worker started", '{"level": "info"}', "", GOOD, TORN]))
    assert [item.values for item in items if not isinstance(item, EmfViolation)] == [(12.5,), (12.5,)]
    violations = [item for item in items if isinstance(item, EmfViolation)]
    assert [violation.line for violation in violations] == [2, 7]
    assert "does not exist" in violations[0].reason
    assert str(violations[1]).startswith("line 7: not JSON")
    assert (reader.documents, reader.violations, reader.others) == (2, 2, 3)


OTHERS = (
    *("", "\n", "INFO started", "5", "null", '"_aw"', "[1, 2]", "{}", '{"level": "info", "_AWS": 1}', '{"x": NaN}'),
    *(r'{"message": "no \"_aws\" here"}', '{"deep": {"_aws": {}}}', '{"x": 1, "x": 2}'),
)
MEANT = (
    *(TORN, INVALID, "{", '{"Service": "api", "Route": "GET /vid', f"2024-05-01 INFO {GOOD}", f"[{GOOD}]", f"{GOOD},"),
    *('{"_aws": 5}', r'{"\u005faws": 5}', "[" * 2000 + '"_aws"', '{"a":' * 2000),
)


@pytest.mark.parametrize("line", OTHERS)
def test_a_line_without_metadata_is_skipped_and_counted(line: str) -> None:
    reader = EmfReader()
    assert list(reader.scan_lines([line])) == []
    assert (reader.documents, reader.violations, reader.others) == (0, 0, 1)


@pytest.mark.parametrize("line", MEANT)
def test_a_line_that_was_meant_as_a_document_is_a_violation(line: str) -> None:
    reader = EmfReader()
    (violation,) = reader.scan_lines([line])
    assert isinstance(violation, EmfViolation)
    assert (violation.line, reader.documents, reader.violations, reader.others) == (1, 0, 1, 0)


@settings(deadline=None)
@given(st.lists(st.one_of(mutated_lines(), any_text, json_values.map(json.dumps)), max_size=8))
def test_scan_lines_classifies_each_line_once_and_agrees_with_the_strict_reader(lines: list[str]) -> None:
    reader = EmfReader()
    items = list(reader.scan_lines(lines))
    assert reader.documents + reader.violations + reader.others == len(lines)
    points = [item for item in items if not isinstance(item, EmfViolation)]
    assert points == [point for line in lines if accepted(line) for point in read_document(line)]


def accepted(line: str) -> bool:
    try:
        read_document(line)
    except EmfViolation:
        return False
    return True
