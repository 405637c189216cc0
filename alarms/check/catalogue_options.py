"""The options that name a catalogue of metrics, for the commands that check definitions."""

import argparse
from pathlib import Path

from alarms.check.metric_catalogue import MetricCatalogue, read_catalogue
from alarms.definition_files import DefinitionError
from cloudwatch.notice import Notice


def add_catalogue_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--catalogue`` and ``--catalogue-from``."""
    parser.add_argument(
        "--catalogue",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="with --definitions: the metrics that exist, in the form of `aws cloudwatch list-metrics`",
    )
    parser.add_argument(
        "--catalogue-from",
        nargs="+",
        type=Path,
        default=[],
        metavar="LOG",
        help="with --definitions: the metrics of recorded EMF logs exist, too",
    )


def read_asked_catalogue(asked: argparse.Namespace) -> tuple[MetricCatalogue, list[Notice]]:
    """The metrics of all files and logs, and remarks about the logs; nothing without these options.

    Raises DefinitionError, NothingRecorded, OSError.
    """
    if (asked.catalogue or asked.catalogue_from) and not asked.definitions:
        text = "a catalogue is for --definitions PATH…: the metrics of this project are in telemetry/catalogue.py"
        raise DefinitionError([text])
    return read_catalogue(asked.catalogue, asked.catalogue_from)
