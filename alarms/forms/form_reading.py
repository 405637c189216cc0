"""Reads the files and folders of ``--definitions``, in whatever form each file is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alarms.definition_files import Definition, DefinitionError, Variables, in_order_of_application
from alarms.definition_reading import read_document
from alarms.forms.api_form import read_api_form
from alarms.forms.described_form import read_described_form
from alarms.forms.documents import ENDINGS, is_meant_as_template, read_any_document
from alarms.forms.template.template_form import is_template, read_template, resource_types

# The forms other than that of this project and of templates, in the order in which they are tried.
FORMS: tuple[Callable[[Any, str], list[Definition]], ...] = (read_described_form, read_api_form)


@dataclass(frozen=True, slots=True)
class Reading:
    """``notes`` name the resources of templates that are left out, because the stack would not have them."""

    definitions: list[Definition]
    notes: list[str]


def read_paths(paths: Iterable[Path], variables: Variables) -> list[Definition]:
    """The definitions of ``read_paths_with_notes``. Raises DefinitionError."""
    return read_paths_with_notes(paths, variables).definitions


def read_paths_with_notes(paths: Iterable[Path], variables: Variables) -> Reading:
    """The definitions in all files, and in the files of all folders (ENDINGS), in the order of application.

    ``variables`` are filled in where a file is in the form of this project, or is a CloudFormation template. In a
    folder, files without a definition are skipped. Raises DefinitionError for a file that cannot be read or has no
    definition, and for a folder without any.
    """
    found: list[Definition] = []
    notes: list[str] = []
    problems: list[str] = []
    for path in paths:
        try:
            readings = list(_read_folder(path, variables)) if path.is_dir() else [_read_named_file(path, variables)]
        except DefinitionError as error:
            problems += error.problems
            continue
        if not any(reading.definitions or reading.notes for reading in readings):
            problems.append(f"{path}: has no alarm, dashboard or scaling policy in a known form")
        for reading in readings:
            found += reading.definitions
            notes += reading.notes
    if problems or not found:
        raise DefinitionError(problems or notes)
    return Reading(in_order_of_application(found), notes)


def _read_folder(folder: Path, variables: Variables) -> Iterator[Reading]:
    """A folder may have YAML files of other kinds. An unreadable one is an error if it looks like a template."""
    for path in sorted(each for each in folder.rglob("*") if each.suffix in ENDINGS and each.is_file()):
        try:
            document = read_any_document(path)
        except DefinitionError:
            if path.suffix == ".json" or is_meant_as_template(path):
                raise
            continue
        yield _read(document, path, variables)


def _read_named_file(path: Path, variables: Variables) -> Reading:
    document = read_any_document(path)
    reading = _read(document, path, variables)
    if is_template(document) and not (reading.definitions or reading.notes):
        text = "is a CloudFormation template without an alarm, a dashboard or a scaling policy; its resources: "
        raise DefinitionError([f"{path}: {text}{', '.join(resource_types(document)) or 'none'}"])
    return reading


def _read(document: Any, path: Path, variables: Variables) -> Reading:
    if is_template(document):
        try:
            template = read_template(document, str(path), variables)
        except RecursionError as error:
            raise DefinitionError([f"{path}: an expression is nested too deeply"]) from error
        return Reading(list(template.definitions), list(template.notes))
    if isinstance(document, dict) and (ours := read_document(document, str(path), variables)):
        return Reading([replace(definition, is_ours=False) for definition in ours], [])
    readings = (read(document, str(path)) for read in FORMS)
    return Reading(next((found for found in readings if found), []), [])
