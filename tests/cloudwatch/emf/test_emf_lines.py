"""Logs line by line: a bad line stops the strict reader; the reader of any log counts it, with its first place."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudwatch.emf import DOCUMENT_BYTES_MAX, EmfReader, EmfViolation, LineKind, read_document, read_lines
from cloudwatch.emf.findings import EXCERPT_CHARACTERS_MAX, KINDS_MAX
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
    """A log may be large, or may still grow. So the reader yields the first lines before it reads the others."""

    def endless() -> Iterator[str]:
        while True:
            yield GOOD

    records = EmfReader().scan(endless())
    assert len([next(records) for _ in range(1000)]) == 1000


def test_the_limit_of_a_line_can_be_set_for_all() -> None:
    assert list(read_lines([GOOD], bytes_max=len(GOOD)))
    with pytest.raises(EmfViolation, match="line 1: larger"):
        list(read_lines([GOOD], bytes_max=len(GOOD) - 1))
    reader = EmfReader(bytes_max=len(GOOD))
    assert reader.read(GOOD)
    with pytest.raises(EmfViolation, match="larger"):
        reader.read(GOOD.replace("api", "worker"))  # its shape is known


TORN = GOOD[: GOOD.index("CloudWatchMetrics")]
INVALID = GOOD.replace("Milliseconds", "Lightyears")


def kinds(reader: EmfReader) -> list[tuple[LineKind, str, int]]:
    return [(found.kind, found.place, found.lines) for found in reader.findings]


def test_a_mixed_log_is_read_to_its_end() -> None:
    reader = EmfReader()
    lines = [GOOD, INVALID, "INFO worker started", '{"level": "info"}', "", GOOD, TORN, "INFO worker stopped"]
    assert [point.values for point in reader.scan_datapoints(lines)] == [(12.5,), (12.5,)]
    assert reader.documents == 2
    assert kinds(reader) == [
        (LineKind.VIOLATION, "line 2", 1),
        (LineKind.OTHER, "line 3", 2),
        (LineKind.OTHER, "line 4", 1),
        (LineKind.OTHER, "line 5", 1),
        (LineKind.VIOLATION, "line 7", 1),
    ]
    texts = [str(found) for found in reader.findings]
    assert "unit 'Lightyears' does not exist" in texts[0]
    assert texts[1:4] == [
        "line 3: text that is no JSON object (2 such lines): INFO worker started",
        'line 4: JSON object without _aws: {"level": "info"}',
        "line 5: empty line: ",
    ]
    assert texts[4].startswith("line 7: not JSON: Unterminated string")


def test_a_finding_of_a_named_log_has_file_and_line() -> None:
    reader = EmfReader()
    for log in ("a.log", "b.log"):
        assert list(reader.scan([GOOD, INVALID], log))
    assert kinds(reader) == [(LineKind.VIOLATION, "a.log:2", 2)]


def test_kinds_of_findings_are_limited_and_every_line_is_counted() -> None:
    reader = EmfReader()
    list(reader.scan(GOOD.replace("Milliseconds", f"u{number}") for number in range(2 * KINDS_MAX)))
    assert len(kinds(reader)) == KINDS_MAX + 1
    assert reader.findings.lines(LineKind.VIOLATION) == 2 * KINDS_MAX


def test_an_excerpt_can_be_printed_and_is_short() -> None:
    reader = EmfReader()
    list(reader.scan(["\x1b[31mred\ud800\n" + "x" * 1000]))
    (found,) = reader.findings
    assert found.excerpt.startswith("\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER} xxx")
    assert len(found.excerpt) == EXCERPT_CHARACTERS_MAX


OTHERS = (
    *("", "\n", "INFO started", "5", "null", '"_aw"', "[1, 2]", "{}", '{"level": "info", "_AWS": 1}', '{"x": NaN}'),
    *(r'{"message": "no \"_aws\" here"}', '{"deep": {"_aws": {}}}', '{"x": 1, "x": 2}'),
)
MEANT = (
    *(TORN, INVALID, "{", '{"Service": "api", "Route": "GET /vid', f"2024-05-01 INFO {TORN}", f"[{GOOD}]", f"{GOOD},"),
    *('{"_aws": 5}', r'{"\u005faws": 5}', "[" * 2000 + '"_aws"', '{"a":' * 2000),
)


@pytest.mark.parametrize("line", OTHERS)
def test_a_line_without_metadata_is_no_violation_and_is_counted(line: str) -> None:
    reader = EmfReader()
    assert list(reader.scan([line])) == []
    assert kinds(reader) == [(LineKind.OTHER, "line 1", 1)]


@pytest.mark.parametrize("line", MEANT)
def test_a_line_that_was_meant_as_a_document_is_a_violation(line: str) -> None:
    reader = EmfReader()
    assert list(reader.scan([line])) == []
    assert kinds(reader) == [(LineKind.VIOLATION, "line 1", 1)]


@settings(deadline=None)
@given(st.lists(st.one_of(mutated_lines(), any_text, json_values.map(json.dumps)), max_size=8))
def test_every_line_is_counted_once_and_the_strict_reader_takes_no_line_that_is_not_read(lines: list[str]) -> None:
    reader = EmfReader()
    points = list(reader.scan_datapoints(lines))
    refused = reader.findings.lines(LineKind.VIOLATION, LineKind.DROPPED, LineKind.OTHER)
    assert reader.documents + refused == len(lines)
    strictly = [point for line in lines if accepted(line) for point in read_document(line)]
    dropped = reader.findings.lines(LineKind.DROPPED)
    assert dropped or all(point in points for point in strictly)


def accepted(line: str) -> bool:
    try:
        read_document(line)
    except EmfViolation:
        return False
    return True
