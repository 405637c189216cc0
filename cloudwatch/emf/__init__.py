"""Reads the CloudWatch Embedded Metric Format (EMF): log lines in, datapoints out, checked by its specification."""

from cloudwatch.emf.log import log_lines
from cloudwatch.emf.metadata import Datapoint
from cloudwatch.emf.reader import EmfReader, read_document, read_lines
from cloudwatch.emf.rules import DOCUMENT_BYTES_MAX, UNITS, VALUE_MAX, EmfViolation

__all__ = [
    "DOCUMENT_BYTES_MAX",
    "UNITS",
    "VALUE_MAX",
    "Datapoint",
    "EmfReader",
    "EmfViolation",
    "log_lines",
    "read_document",
    "read_lines",
]
