"""CloudWatch Embedded Metric Format: a log line in, datapoints out, held against the specification."""

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
