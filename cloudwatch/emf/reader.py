"""Reads EMF documents: log lines in, datapoints out.

CloudWatch makes no metric of a document that breaks one rule, and tells nobody; hence a whole document is
refused here too, with the reason. What depends on the moment of ingestion is not checked: CloudWatch rejects
events of more than 2 hours in the future and of more than 14 days in the past.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cloudwatch.emf.metadata import Datapoint, Metadata
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX, EmfViolation, member, timestamp

METADATA_KEPT_MAX = 32
METADATA_CHARACTERS_KEPT_MAX = 16_384

_SPACES = " \t\r\n"  # of JSON
_PLACEHOLDER = object()


def read_lines(lines: Iterable[str], bytes_max: int = DOCUMENT_BYTES_MAX) -> Iterator[Datapoint]:
    """The datapoints of many lines, as they come. Raises EmfViolation that names the line (from 1)."""
    return EmfReader(bytes_max).read_lines(lines)


def read_document(line: str, bytes_max: int = DOCUMENT_BYTES_MAX) -> list[Datapoint]:
    """The datapoints of one line: one for each metric and dimension set. Raises EmfViolation."""
    try:
        return _read_root(_parse(line, bytes_max))
    except RecursionError:
        raise EmfViolation("nested too deeply") from None


class EmfReader:
    """Reads the lines of one log, and counts them. Not for several threads at once.

    The metadata are most of a line, and a program has few different ones. So they are validated once and found
    again by their text: in a copy of the line NaN, which JSON does not have, takes their place, and only that is
    parsed. If the parser meets one NaN, and where the metadata belong, this gives what the whole line would give.
    In every other case the whole line is read; only that refuses one.
    """

    def __init__(self, bytes_max: int = DOCUMENT_BYTES_MAX) -> None:
        self.documents = 0  # lines that were read
        self.violations = 0  # lines that scan_lines yielded as such
        self.others = 0  # lines that scan_lines passed over, because they are no EMF
        self._bytes_max = bytes_max
        self._known: dict[str, Metadata] = {}
        self._constants = 0
        self._decoder = json.JSONDecoder(parse_constant=self._constant, object_pairs_hook=_object)

    def read_lines(self, lines: Iterable[str]) -> Iterator[Datapoint]:
        """The datapoints of lines that all are documents. Raises EmfViolation that names the line (from 1)."""
        for number, line in enumerate(lines, start=1):
            try:
                points = self.read(line)
            except EmfViolation as error:
                raise EmfViolation(error.reason, number) from error
            yield from points

    def scan_lines(self, lines: Iterable[str]) -> Iterator[Datapoint | EmfViolation]:
        """The datapoints of a log that holds more than good documents, and what is wrong with the bad ones.

        CloudWatch looks for metrics in JSON objects with a member ``_aws`` only; any other line is passed over
        and counted. An object that breaks off counts as a bad document: its ``_aws`` may be what is missing.
        """
        for number, line in enumerate(lines, start=1):
            try:
                points = self.read(line)
            except EmfViolation as error:
                if self._counts_as_violation(line):
                    yield EmfViolation(error.reason, number)
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

    def _counts_as_violation(self, line: str) -> bool:
        violation = _is_meant_as_document(line)
        self.violations += violation
        self.others += not violation
        return violation

    def _read_known(self, line: str) -> list[Datapoint] | None:
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
        """Keep what stands where metadata stand. It need not be them: _read_rest looks where it is found again."""
        start = _start_of_metadata(line)
        try:
            directives, end = _DECODER.raw_decode(line, start)
            metadata = Metadata(directives)
        except (ValueError, RecursionError):  # nothing there, or no metadata
            return
        if end - start <= METADATA_CHARACTERS_KEPT_MAX:
            if len(self._known) >= METADATA_KEPT_MAX:
                self._known.clear()
            self._known[line[start:end]] = metadata


def _start_of_metadata(line: str) -> int:
    return line.find("[", line.find('"CloudWatchMetrics"'))


def _is_meant_as_document(line: str) -> bool:
    """Of a line that is no valid document: whether CloudWatch would have taken it for one."""
    if not line.lstrip(_SPACES).startswith("{"):
        return '"_aws"' in line
    try:
        return "_aws" in json.loads(line)
    except (ValueError, RecursionError):
        return True


def _read_root(root: Any) -> list[Datapoint]:
    aws = member(root, "_aws", dict)
    timestamp_ms = timestamp(aws.get("Timestamp"))
    return Metadata(member(aws, "CloudWatchMetrics", list)).datapoints(root, timestamp_ms)


def _parse(line: str, bytes_max: int) -> Any:
    try:
        if _fits(line, bytes_max):
            return _DECODER.decode(line)
    except ValueError as error:
        raise EmfViolation(f"not JSON: {error}") from error
    raise EmfViolation(f"larger than {bytes_max} bytes")


def _line_end(line: str) -> str:
    return line[len(line.removesuffix("\n").removesuffix("\r")) :]


def _fits(line: str, bytes_max: int) -> bool:
    """Raises ValueError for what cannot be UTF-8."""
    size = len(line) if line.isascii() else len(line.encode())
    return size <= bytes_max or size - len(_line_end(line)) <= bytes_max


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) < len(members):
        raise ValueError("an object has a member twice")  # readers differ in which of them counts
    return result


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object)
