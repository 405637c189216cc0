"""The options that all commands of the alarms have, and the definitions and variables that they name."""

import argparse
from pathlib import Path

from alarms.definition_files import ROOT, Definition, Variables, read_variables
from alarms.definition_reading import read_definitions
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
    add_variables_option(parser, "; with --definitions: none")
    parser.add_argument("--json", action="store_true", help="print one JSON document, for machines")


def add_variables_option(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    """Add ``--variables``. ``otherwise`` is added to what its help says of the default."""
    parser.add_argument(
        "--variables",
        metavar="FILE",
        type=Path,
        help="the values of this environment, as JSON (default: alarms/variables.json, else the example beside it"
        f"{otherwise})",
    )


def read_asked_definitions(asked: argparse.Namespace, screen: Screen) -> tuple[list[Definition], Variables]:
    """The definitions, filled in with the variables that the command line names. Raises DefinitionError."""
    if asked.definitions:
        variables = read_variables(asked.variables) if asked.variables else {}
        reading = read_paths_with_notes(asked.definitions, variables)
        for note in reading.notes:
            screen.remark(note)
        return reading.definitions, variables
    variables = read_asked_variables(asked, screen)
    return read_definitions(variables), variables


def read_asked_variables(asked: argparse.Namespace, screen: Screen) -> Variables:
    """The variables that the command line names, else those of this project. Raises DefinitionError."""
    path = asked.variables or (VARIABLES if VARIABLES.exists() else EXAMPLE)
    if not asked.variables and path == EXAMPLE:
        screen.line(f"Variables: {path.relative_to(ROOT)} (there is no alarms/variables.json)", "dim")
    return read_variables(path)
