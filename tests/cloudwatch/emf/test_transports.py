"""A document is found in its transport: after a prefix, in a line of docker, or in an event of CloudWatch Logs."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudwatch.emf import EmfReader, LineKind, log_lines
from cloudwatch.emf.event_pages import CHUNK_CHARACTERS
from tests.cloudwatch.emf.emf_documents import GOOD, TIMESTAMP_MS, document

UPLOADED = json.dumps(document(note='say "hi" \\ {"_aws": {}} é\n', Latency=[1, 2]))
PLAIN = "worker started"
MESSAGES = [GOOD, PLAIN, UPLOADED, GOOD]
POINTS = [(12.5,), (1, 2), (12.5,)]
TIME = "2023-11-14T22:13:20"  # TIMESTAMP_MS


def event(message: str, **members: Any) -> dict[str, Any]:
    return {
        "logStreamName": "i-1",
        "timestamp": TIMESTAMP_MS,
        "message": message,
        "ingestionTime": TIMESTAMP_MS + 900,
    } | members


def subscription(*messages: str) -> str:
    events = [{"id": "3", "timestamp": TIMESTAMP_MS, "message": message} for message in messages]
    head = {
        "messageType": "DATA_MESSAGE",
        "owner": "1",
        "logGroup": "g",
        "logStream": "s",
        "subscriptionFilters": ["f"],
    }
    return json.dumps({**head, "logEvents": events})


def page(messages: list[str], indent: int | None = 4, **more: Any) -> str:
    return json.dumps({"events": [event(m) for m in messages], "searchedLogStreams": [], **more}, indent=indent)


def lines(wrap: Callable[[str], str]) -> bytes:
    return "".join(f"{wrap(message)}\n" for message in MESSAGES).encode()


FILES = {
    "export to S3": lines(lambda m: f"{TIME}.000Z {m}"),
    "Lambda": lines(lambda m: f"{TIME}.000Z\t8a7b\tINFO\t{m}"),
    "aws logs tail": lines(lambda m: f"{TIME}.000000+00:00 i-1 {m}"),
    "Kubernetes": lines(lambda m: f"{TIME}.123456789Z stdout F {m}"),
    "a prefix with braces": lines(lambda m: f"{TIME}-05:00 {{pod}} {m}".replace("T22", "T17")),
    "syslog": lines(lambda m: f"Nov 14 22:13:20 host api[7]: {m}"),
    "docker": lines(lambda m: json.dumps({"log": m + "\n", "stream": "stdout", "time": f"{TIME}.123456789Z"})),
    "docker, of a container with prefixes": lines(
        lambda m: json.dumps({"log": f"INFO {m}\n", "stream": "stdout", "time": f"{TIME}.123456789Z"})
    ),
    "events, one a line": lines(lambda m: json.dumps(event(m))),
    "filter-log-events": page(MESSAGES).encode(),
    "get-log-events": page(MESSAGES, nextForwardToken="f/1", nextBackwardToken="b/1").encode(),
    "another order of members": json.dumps({"nextToken": "x", "events": [event(m) for m in MESSAGES]}).encode(),
    "only the events": json.dumps([event(m) for m in MESSAGES], indent=2).encode(),
    "pages behind each other": f"{page(MESSAGES[:1])}{page([])}{page(MESSAGES[1:], indent=None)}\n".encode(),
    "a page a line": f"{page(MESSAGES[:2], indent=None)}\n{page(MESSAGES[2:], indent=None)}\n".encode(),
    "Lambda in events": page([f"{TIME}.000Z\t8a7b\tINFO\t{m}" for m in MESSAGES]).encode(),
    "subscription": f"{subscription(*MESSAGES[:2])}{subscription(*MESSAGES[2:])}".encode(),
    "Firehose": gzip.compress(
        gzip.compress(subscription(*MESSAGES[:2]).encode()) + gzip.compress(subscription(*MESSAGES[2:]).encode())
    ),
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], EmfReader]:
    """A function that reads a file with the given content, and returns the reader with the values as ``points``."""

    def read(content: bytes) -> EmfReader:
        log, reader = tmp_path / "log", EmfReader()
        log.write_bytes(content)
        reader.points = [point.values for point in reader.scan_datapoints(log_lines(log))]  # type: ignore[attr-defined]
        return reader

    return read


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_every_document_is_found_and_the_plain_line_is_counted(
    read: Callable[[bytes], Any], name: str, compressed: bool
) -> None:
    reader = read(gzip.compress(FILES[name]) if compressed else FILES[name])
    assert reader.points == POINTS
    assert [(found.kind, found.place, found.lines) for found in reader.findings] == [(LineKind.OTHER, "line 2", 1)]


def test_a_page_of_any_size_is_read_in_parts(read: Callable[[bytes], Any]) -> None:
    messages = [json.dumps(document(note="é" * length)) for length in range(0, 3000, 7)]
    content = page(messages) + page(messages, indent=None)
    assert len(content) > 10 * CHUNK_CHARACTERS
    reader = read(content.encode())
    assert reader.documents == 2 * len(messages)
    assert list(reader.findings) == []


@pytest.mark.parametrize("whole", [0, 1, 49])
def test_a_torn_page_is_read_up_to_the_tear(read: Callable[[bytes], Any], whole: int) -> None:
    before, message, _ = page([GOOD] * whole + ["torn"]).partition('"torn"')
    reader = read((before + message[:3]).encode())
    assert reader.documents == whole
    (torn,) = reader.findings
    assert (torn.kind, torn.place) == (LineKind.VIOLATION, f"line {whole + 1}")


@pytest.mark.parametrize("content", ['{"events": []}', "[]", page([]), "{}", '{"events": 5}'])
def test_a_document_without_events_has_no_metrics(read: Callable[[bytes], Any], content: str) -> None:
    assert read(content.encode()).points == []


def test_a_document_that_quotes_another_one_is_read_as_the_outer_document(read: Callable[[bytes], Any]) -> None:
    quoting = json.dumps(document(Latency=1, log=GOOD, time=f"{TIME}Z", message=GOOD, timestamp=5))
    assert read(quoting.encode()).points == [(1,)]


def test_a_member_that_only_looks_like_a_log_is_no_transport(read: Callable[[bytes], Any]) -> None:
    """CloudWatch makes no metrics of a document within a string."""
    reader = read(
        "\n".join(json.dumps({"msg": GOOD, "level": "INFO", **more}) for more in ({}, {"time": "x"})).encode()
    )
    assert (reader.points, reader.findings.lines(LineKind.OTHER)) == ([], 2)


def test_a_bad_document_in_a_transport_is_a_violation(read: Callable[[bytes], Any]) -> None:
    reader = read(page([GOOD.replace("Milliseconds", "ms"), GOOD]).encode())
    (bad,) = reader.findings
    assert (bad.kind, reader.points) == (LineKind.VIOLATION, [(12.5,)])
