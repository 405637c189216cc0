"""The options that all commands of the alarms have, and the definitions and variables that they name."""

import argparse
from pathlib import Path

from alarms.definition_files import ROOT, Definition, Variables, read_definitions, read_variables
from alarms.forms.form_reading import read_paths_with_notes
from cli.command_parser import add_paths_option
from cli.screen import Screen

VARIABLES = ROOT / "alarms/variables.json"
EXAMPLE = ROOT / "alarms/variables.example.json"


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--definitions``, ``--variables`` and ``--json``."""
    meaning = (
        "files or folders instead of this project's: in its form, as API calls, as describe-alarms prints them, "
        "or CloudFormation templates"
    )
    add_paths_option(parser, "--definitions", "PATH", meaning)
    parser.add_argument(
        "--variables",
        metavar="FILE",
        type=Path,
        help="the values of this environment, as JSON (default: alarms/variables.json, else the example beside it; "
        "with --definitions: none)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document, for machines")


def read_asked_definitions(asked: argparse.Namespace, screen: Screen) -> tuple[list[Definition], Variables]:
    """The definitions, filled in with the variables that the command line names. Raises DefinitionError."""
    if asked.definitions:
        variables = read_variables(asked.variables) if asked.variables else {}
        reading = read_paths_with_notes(asked.definitions, variables)
        for note in reading.notes:
            screen.remark(note)
        return reading.definitions, variables
    path = asked.variables or (VARIABLES if VARIABLES.exists() else EXAMPLE)
    if not asked.variables and path == EXAMPLE:
        screen.line(f"Variables: {path.relative_to(ROOT)} (there is no alarms/variables.json)", "dim")
    variables = read_variables(path)
    return read_definitions(variables), variables
