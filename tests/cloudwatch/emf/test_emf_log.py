"""The lines of real log files: compressed, incomplete, damaged, and with lines of any length."""

import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from cloudwatch.emf import EmfReader, LineKind, log_lines, read_lines, whole_lines
from tests.cloudwatch.emf.emf_documents import document

GOOD = json.dumps(document())


def refusal(log: Path) -> tuple[str, str]:
    """The place and the reason of the finding. One of the three lines is not a document."""
    reader = EmfReader()
    first, second = reader.scan_datapoints(log_lines(log))
    assert first == second
    (found,) = reader.findings
    assert (found.kind, found.lines) == (LineKind.VIOLATION, 1)
    return found.place, found.reason


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "metrics.log"


def test_a_plain_log_is_read(log: Path) -> None:
    log.write_text(f"{GOOD}\n{GOOD}\n")
    assert len(list(read_lines(log_lines(log)))) == 2


def test_a_compressed_log_is_read_under_any_name(log: Path) -> None:
    log.write_bytes(gzip.compress(f"{GOOD}\n{GOOD}\n".encode()))
    assert len(list(read_lines(log_lines(log)))) == 2


def test_a_compressed_log_may_have_been_appended_to(log: Path) -> None:
    log.write_bytes(gzip.compress(f"{GOOD}\n".encode()) + gzip.compress(f"{GOOD}\n".encode()))
    assert len(list(read_lines(log_lines(log)))) == 2


@pytest.mark.parametrize("content", ["", "\n", GOOD, f"{GOOD}\r\n", f"\n\n{GOOD}"])
def test_the_lines_are_those_of_the_file(log: Path, content: str) -> None:
    log.write_bytes(content.encode())
    assert list(log_lines(log)) == content.splitlines(keepends=True)


def test_only_a_line_feed_ends_a_line(log: Path) -> None:
    """A document may contain the other line ends of str.splitlines and of text files."""
    line = json.dumps(document(note="\u2028\x85\x1c"), ensure_ascii=False)
    log.write_text(line, encoding="utf-8")
    assert list(log_lines(log)) == [line]


@pytest.mark.parametrize("cut", [1, 8, 20, 100])
def test_incomplete_compressed_data_are_an_error_after_the_complete_lines(log: Path, cut: int) -> None:
    lines = f"{GOOD}\n{os.urandom(200_000).hex()}\n".encode()  # so that the cut is far from the first line
    log.write_bytes(gzip.compress(lines)[:-cut])
    reading = log_lines(log)
    assert next(reading) == f"{GOOD}\n"
    with pytest.raises(gzip.BadGzipFile, match=r"metrics.log: "):
        list(reading)


@pytest.mark.parametrize("damaged", [slice(10, 20), slice(-8, -4)], ids=["data", "checksum"])
def test_damaged_compressed_data_are_an_error(log: Path, damaged: slice) -> None:
    data = bytearray(gzip.compress(f"{GOOD}\n".encode() * 100))
    data[damaged] = b"\xff" * len(data[damaged])
    log.write_bytes(data)
    with pytest.raises(gzip.BadGzipFile):
        list(log_lines(log))


def test_a_line_that_is_not_utf_8_is_refused_and_the_others_are_read(log: Path) -> None:
    log.write_bytes(
        f"{GOOD}\n".encode() + f'{GOOD[:-1]}, "note": "caf\xe9"}}\n'.encode("latin-1") + f"{GOOD}\n".encode()
    )
    assert refusal(log) == ("line 2", "not JSON: not UTF-8")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_line_that_is_too_long_is_refused_and_takes_no_memory(log: Path, compressed: bool) -> None:
    content = f"{GOOD}\n{GOOD[:-1]}{' ' * 20_000_000}}}\n{GOOD}\n".encode()
    log.write_bytes(gzip.compress(content, 1) if compressed else content)
    del content
    tracemalloc.start()
    try:
        found = refusal(log)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == ("line 2", "larger than 1048550 bytes")
    assert peak < 10_000_000
    assert sum(1 for _ in log_lines(log)) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize("beyond", [0, 1, 2, 3])
def test_a_line_of_the_longest_length_is_read_whole(log: Path, end: str, beyond: int) -> None:
    log.write_bytes((GOOD + end + GOOD + end).encode() if end else GOOD.encode())
    reader = EmfReader(len(GOOD) - beyond)
    points = list(reader.scan_datapoints(log_lines(log, len(GOOD) - beyond)))
    assert (len(points), reader.findings.lines(LineKind.VIOLATION)) == (
        (0, 2 if end else 1) if beyond else (2 if end else 1, 0)
    )


def test_a_missing_log_is_an_error(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(log_lines(log))


def test_a_line_that_is_still_being_written_is_no_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "emf.log"
    path.write_text(f"{GOOD}\n{GOOD}\n{GOOD[:50]}")
    assert list(whole_lines(path)) == [f"{GOOD}\n"] * 2
