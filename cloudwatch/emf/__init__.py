"""Reads the CloudWatch Embedded Metric Format (EMF): log lines in, datapoints out, checked by its specification."""

from cloudwatch.emf.findings import Findings, LineFinding, LineKind
from cloudwatch.emf.log import log_lines, whole_lines
from cloudwatch.emf.metadata import Datapoint, Record, datapoints
from cloudwatch.emf.reader import EmfReader, read_document, read_lines
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX, UNITS, VALUE_MAX, EmfViolation

__all__ = [
    "DOCUMENT_BYTES_MAX",
    "UNITS",
    "VALUE_MAX",
    "Datapoint",
    "EmfReader",
    "EmfViolation",
    "Findings",
    "LineFinding",
    "LineKind",
    "Record",
    "datapoints",
    "log_lines",
    "read_document",
    "read_lines",
    "whole_lines",
]
