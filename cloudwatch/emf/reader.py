"""Reads EMF documents: log lines in, datapoints out.

CloudWatch makes no metric from a document that breaks a rule, and reports no error. So this reader also refuses the
whole document, and gives the reason. There are two ways to read:

- **strictly** (``read_document``, ``read_lines``), for the output of this project. Each line must be one document that
  follows the specification. Any other line raises EmfViolation, and so does a remark.
- **as CloudWatch does** (``EmfReader.scan``), for any log. It accepts the documents that CloudWatch accepts, unwraps
  them from their transport, and counts all other lines in ``findings``. It also leaves out documents that CloudWatch
  drops because of their time.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cloudwatch.emf.arrival import Neighbourhood, why_dropped
from cloudwatch.emf.findings import Findings, LineKind
from cloudwatch.emf.line_shapes import LineShapes
from cloudwatch.emf.metadata import Datapoint, Metadata, Record, datapoints
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX, EmfViolation, member, timestamp
from cloudwatch.emf.transports import unwrap

METADATA_KEPT_MAX = 32
METADATA_CHARACTERS_KEPT_MAX = 16_384
WRAPPINGS_MAX = 3  # an event of CloudWatch Logs, in it a line of a container runtime, in it a prefix

_SPACES = " \t\r\n"  # the white space of JSON


def read_lines(lines: Iterable[str], bytes_max: int = DOCUMENT_BYTES_MAX) -> Iterator[Datapoint]:
    """The datapoints of lines that are all documents, in order.

    Raises EmfViolation with the number of the line (from 1).
    """
    reader = EmfReader(bytes_max)
    for number, line in enumerate(lines, start=1):
        try:
            points = reader.read(line)
        except EmfViolation as error:
            raise EmfViolation(error.reason, number) from error
        yield from points


def read_document(line: str, bytes_max: int = DOCUMENT_BYTES_MAX) -> list[Datapoint]:
    """The datapoints of one line: one for each metric and dimension set. Raises EmfViolation."""
    return datapoints(_without_remark(*_DocumentParser(bytes_max).parse(line)[:2]))


class EmfReader:
    """Reads the lines of one or more logs. It must not be used by several threads at once.

    ``documents`` counts the lines of which CloudWatch makes metrics.
    """

    def __init__(self, bytes_max: int = DOCUMENT_BYTES_MAX) -> None:
        self.documents = 0
        self.findings = Findings()
        self._parser = _DocumentParser(bytes_max)
        self._shapes = LineShapes(bytes_max)

    def read(self, line: str) -> list[Datapoint]:
        """The datapoints of a line that is a document without a remark. Raises EmfViolation."""
        return datapoints(_without_remark(*self._read(line)))

    def scan_datapoints(self, lines: Iterable[str], log: str = "") -> Iterator[Datapoint]:
        """The datapoints of any log, like ``scan``."""
        for record in self.scan(lines, log):
            yield from datapoints(record)

    def scan(self, lines: Iterable[str], log: str = "") -> Iterator[Record]:
        """The documents of any log of which CloudWatch makes metrics. All other lines are counted in ``findings``.

        ``log`` is the name of the log, for the places of findings. CloudWatch looks for metrics only in JSON objects
        with a member ``_aws``. An incomplete object counts as a bad document, because its ``_aws`` may be in the
        missing part.
        """
        recognise = self._shapes.recognise
        around = Neighbourhood(self.findings)
        for number, line in enumerate(lines, start=1):
            record = recognise(line)
            if record is None or record[0].remarks:
                place = f"{log}:{number}" if log else f"line {number}"
                found = self._look_closely(line, place)
                if found is None:
                    continue
                record, arrival_is_known = found
                if arrival_is_known:
                    self.documents += 1
                    yield record
                    continue
            if around.low_ms <= record[1] <= around.high_ms:
                self.documents += 1
                yield record
            else:
                place = f"{log}:{number}" if log else f"line {number}"
                yield from self._counted(around.judge(record, place, line))
        yield from self._counted(around.finish())

    def _counted(self, records: list[Record]) -> list[Record]:
        self.documents += len(records)
        return records

    def _look_closely(self, line: str, place: str) -> tuple[Record, bool] | None:
        """The document in the line, which may be wrapped, and whether the moment of its arrival is known.

        None if CloudWatch makes no metrics of the line.
        """
        text, arrived_ms = line, None
        for _ in range(WRAPPINGS_MAX):
            carried = unwrap(text)
            if carried is None:
                break
            text, arrived_ms = carried.text, arrived_ms or carried.arrived_ms  # the outermost wrapping was added last
        try:
            record, remarks = self._read(text)
        except EmfViolation as error:
            meant = _is_meant_as_document(text)
            kind, reason = (LineKind.VIOLATION, error.reason) if meant else (LineKind.OTHER, _kind_of(line))
            self.findings.note(kind, reason, place, line)
            return None
        if reason := why_dropped(record[1], arrived_ms):
            self.findings.note(LineKind.DROPPED, reason, place, line)
            return None
        for remark in remarks:
            self.findings.note(LineKind.REMARK, remark, place, line)
        return record, arrived_ms is not None

    def _read(self, line: str) -> tuple[Record, tuple[str, ...]]:
        """The document in the line and its remarks. Raises EmfViolation."""
        record = self._shapes.recognise(line)
        if record is not None:
            return record, record[0].remarks
        record, remarks, metadata = self._parser.parse(line)
        self._shapes.learn(line, metadata, record)
        return record, remarks


class _DocumentParser:
    """Parses whole documents. It caches validated metadata, because a program writes few different ones."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._known: dict[str, Metadata] = {}

    def parse(self, line: str) -> tuple[Record, tuple[str, ...], Metadata]:
        """The document in the line, its remarks and its metadata. Raises EmfViolation."""
        try:
            root = _json(line, self._bytes_max)
            aws = member(root, "_aws", dict)
            timestamp_ms = timestamp(aws.get("Timestamp"))
            metadata = self._metadata(member(aws, "CloudWatchMetrics", list))
            return *metadata.record(root, timestamp_ms), metadata
        except RecursionError:
            raise EmfViolation("nested too deeply") from None

    def _metadata(self, directives: list[Any]) -> Metadata:
        key = repr(directives)  # the texts of 1, 1.0 and True differ
        metadata = self._known.get(key)
        if metadata is None:
            metadata = Metadata(directives)
            if len(key) <= METADATA_CHARACTERS_KEPT_MAX:
                if len(self._known) >= METADATA_KEPT_MAX:
                    self._known.clear()
                self._known[key] = metadata
        return metadata


def _without_remark(record: Record, remarks: tuple[str, ...]) -> Record:
    if remarks:
        raise EmfViolation(remarks[0])
    return record


def _is_meant_as_document(line: str) -> bool:
    """Whether CloudWatch would look for metrics in this line. The line is not a valid document."""
    if not line.lstrip(_SPACES).startswith("{"):
        return '"_aws"' in line
    try:
        return "_aws" in json.loads(line)
    except (ValueError, RecursionError):
        return True


def _kind_of(line: str) -> str:
    """The kind of a line that is not meant as a document."""
    text = line.strip(_SPACES)
    if not text:
        return "empty line"
    return "JSON object without _aws" if text.startswith("{") else "text that is no JSON object"


def _json(line: str, bytes_max: int) -> Any:
    try:
        if _fits(line, bytes_max):
            return _DECODER.decode(line)
    except ValueError as error:
        raise EmfViolation(f"not JSON: {_why_not_json(error)}") from error
    raise EmfViolation(f"larger than {bytes_max} bytes")


def _why_not_json(error: ValueError) -> str:
    """The kind of the mistake, without its place, so that lines with the same mistake are counted together."""
    if isinstance(error, json.JSONDecodeError):
        return error.msg.removesuffix(" starting at")
    if isinstance(error, UnicodeEncodeError):
        return "not UTF-8"
    return str(error) if isinstance(error, _NotJson) else "a number has thousands of digits"


class _NotJson(ValueError):
    """A text that Python's parser accepts, but that is not JSON."""


def _fits(line: str, bytes_max: int) -> bool:
    """True if the line has at most ``bytes_max`` bytes, its line end not counted.

    Raises ValueError if the line cannot be encoded as UTF-8.
    """
    size = len(line) if line.isascii() else len(line.encode())
    return size <= bytes_max or size - len(line) + len(line.removesuffix("\n").removesuffix("\r")) <= bytes_max


def _refuse_constant(name: str) -> None:
    raise _NotJson(f"{name} is not a number of JSON")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) < len(members):
        raise _NotJson("an object has a member twice")  # readers differ in which one they use
    return result


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object)
