"""Reads EMF documents: log lines in, datapoints out.

CloudWatch makes no metric from a document that breaks one rule, and reports nothing. So this reader refuses the whole
document too, and gives the reason. It does not check rules that depend on the time of ingestion: CloudWatch rejects
events that are more than 2 hours in the future or more than 14 days in the past.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cloudwatch.emf.metadata import Datapoint, Metadata
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX, EmfViolation, member, timestamp

METADATA_KEPT_MAX = 32
METADATA_CHARACTERS_KEPT_MAX = 16_384

_SPACES = " \t\r\n"  # the white space of JSON
_PLACEHOLDER = object()


def read_lines(lines: Iterable[str], bytes_max: int = DOCUMENT_BYTES_MAX) -> Iterator[Datapoint]:
    """The datapoints of many lines, in order. Raises EmfViolation with the number of the line (from 1)."""
    return EmfReader(bytes_max).read_lines(lines)


def read_document(line: str, bytes_max: int = DOCUMENT_BYTES_MAX) -> list[Datapoint]:
    """The datapoints of one line: one for each metric and dimension set. Raises EmfViolation."""
    try:
        root = _parse(line, bytes_max)
        aws = member(root, "_aws", dict)
        timestamp_ms = timestamp(aws.get("Timestamp"))
        return Metadata(member(aws, "CloudWatchMetrics", list)).datapoints(root, timestamp_ms)
    except RecursionError:
        raise EmfViolation("nested too deeply") from None


class EmfReader:
    """Reads the lines of one log and counts them. It must not be used by several threads at once.

    Most of a line is its metadata, and a program writes few different ones. So each is validated once and recognised
    by its text afterwards: in a copy of the line, NaN (which JSON does not have) replaces the metadata, and only this
    copy is parsed. If the parser finds exactly one NaN, in the place of the metadata, the result is the same as that
    of the whole line. In every other case the whole line is read, and only this full reading refuses a line.
    """

    def __init__(self, bytes_max: int = DOCUMENT_BYTES_MAX) -> None:
        self.documents = 0  # lines that were read as documents
        self.violations = 0  # lines for which scan_lines yielded an EmfViolation
        self.others = 0  # lines that scan_lines skipped, because they are not EMF
        self._bytes_max = bytes_max
        self._known: dict[str, Metadata] = {}
        self._constants = 0
        self._decoder = json.JSONDecoder(parse_constant=self._constant, object_pairs_hook=_object)

    def read_lines(self, lines: Iterable[str]) -> Iterator[Datapoint]:
        """The datapoints of lines that are all documents. Raises EmfViolation with the number of the line (from 1)."""
        for number, line in enumerate(lines, start=1):
            try:
                points = self.read(line)
            except EmfViolation as error:
                raise EmfViolation(error.reason, number) from error
            yield from points

    def scan_lines(self, lines: Iterable[str]) -> Iterator[Datapoint | EmfViolation]:
        """The datapoints of a log that also has other lines, and an EmfViolation for each bad document.

        CloudWatch looks for metrics only in JSON objects with a member ``_aws``; any other line is skipped and
        counted. An incomplete object counts as a bad document, because its ``_aws`` may be in the missing part.
        """
        for number, line in enumerate(lines, start=1):
            try:
                points = self.read(line)
            except EmfViolation as error:
                if _is_meant_as_document(line):
                    self.violations += 1
                    yield EmfViolation(error.reason, number)
                else:
                    self.others += 1
            else:
                yield from points

    def read(self, line: str) -> list[Datapoint]:
        """The datapoints of one document, as read_document gives them. Raises EmfViolation."""
        points = self._read_known(line)
        if points is None:
            points = read_document(line, self._bytes_max)
            self._learn(line)
        self.documents += 1
        return points

    def _read_known(self, line: str) -> list[Datapoint] | None:
        """The datapoints of a line with known metadata; None if the whole line must be read."""
        start = _start_of_metadata(line)
        for text, metadata in self._known.items():
            if line.startswith(text, start):
                rest = f"{line[:start]}NaN{line[start + len(text) :]}"
                try:
                    return self._read_rest(rest, metadata) if _fits(line, self._bytes_max) else None
                except (ValueError, LookupError, TypeError, RecursionError):
                    return None
        return None

    def _read_rest(self, rest: str, metadata: Metadata) -> list[Datapoint] | None:
        """The datapoints of ``rest``, a line with NaN in the place of ``metadata``; None if the NaN is elsewhere."""
        self._constants = 0
        root, end = self._decoder.raw_decode(rest)
        aws = root["_aws"]
        if self._constants != 1 or aws["CloudWatchMetrics"] is not _PLACEHOLDER or rest[end:].strip(_SPACES):
            return None
        return metadata.datapoints(root, timestamp(aws["Timestamp"]))

    def _constant(self, _: str) -> object:
        self._constants += 1
        return _PLACEHOLDER

    def _learn(self, line: str) -> None:
        """Keep the text where metadata usually stand. It may be something else: _read_rest checks the place."""
        start = _start_of_metadata(line)
        try:
            directives, end = _DECODER.raw_decode(line, start)
            metadata = Metadata(directives)
        except (ValueError, RecursionError):  # nothing there, or not metadata
            return
        if end - start <= METADATA_CHARACTERS_KEPT_MAX:
            if len(self._known) >= METADATA_KEPT_MAX:
                self._known.clear()
            self._known[line[start:end]] = metadata


def _start_of_metadata(line: str) -> int:
    return line.find("[", line.find('"CloudWatchMetrics"'))


def _is_meant_as_document(line: str) -> bool:
    """True if CloudWatch would look for metrics in this line, which is not a valid document."""
    if not line.lstrip(_SPACES).startswith("{"):
        return '"_aws"' in line
    try:
        return "_aws" in json.loads(line)
    except (ValueError, RecursionError):
        return True


def _parse(line: str, bytes_max: int) -> Any:
    try:
        if _fits(line, bytes_max):
            return _DECODER.decode(line)
    except ValueError as error:
        raise EmfViolation(f"not JSON: {error}") from error
    raise EmfViolation(f"larger than {bytes_max} bytes")


def _fits(line: str, bytes_max: int) -> bool:
    """True if the line has at most ``bytes_max`` bytes, its line end not counted.

    Raises ValueError if the line cannot be encoded as UTF-8.
    """
    size = len(line) if line.isascii() else len(line.encode())
    return size <= bytes_max or size - len(line) + len(line.removesuffix("\n").removesuffix("\r")) <= bytes_max


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) < len(members):
        raise ValueError("an object has a member twice")  # readers differ in which one they use
    return result


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object)
