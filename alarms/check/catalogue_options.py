"""The options that name a catalogue of metrics, for the commands that check definitions."""

import argparse

from alarms.check.metric_catalogue import MetricCatalogue, read_catalogue
from alarms.definition_files import DefinitionError
from cli.command_parser import add_paths_option
from cloudwatch.notice import Notice


def add_catalogue_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--catalogue`` and ``--catalogue-from``."""
    listed = "with --definitions: the metrics that exist, in the form of `aws cloudwatch list-metrics`"
    recorded = "with --definitions: the metrics of recorded EMF logs exist, too"
    add_paths_option(parser, "--catalogue", "FILE", listed)
    add_paths_option(parser, "--catalogue-from", "LOG", recorded)


def read_asked_catalogue(asked: argparse.Namespace) -> tuple[MetricCatalogue, list[Notice]]:
    """The metrics of all files and logs, and remarks about the logs; nothing without these options.

    Raises DefinitionError, NothingRecorded, OSError.
    """
    if (asked.catalogue or asked.catalogue_from) and not asked.definitions:
        text = "a catalogue is for --definitions PATH…: the metrics of this project are in telemetry/catalogue.py"
        raise DefinitionError([text])
    return read_catalogue(asked.catalogue, asked.catalogue_from)
