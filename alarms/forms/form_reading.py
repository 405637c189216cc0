"""Reads the files and folders of ``--definitions``, in whatever form each file is."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from alarms.definition_files import Definition, DefinitionError, Variables, in_order_of_application, read_document
from alarms.forms.api_form import read_api_form
from alarms.forms.described_form import read_described_form

# The forms of other files than ours, in the order in which they are tried.
FORMS: tuple[Callable[[Any, str], list[Definition]], ...] = (read_described_form, read_api_form)


def read_paths(paths: Iterable[Path], variables: Variables) -> list[Definition]:
    """The definitions in all files, and in the JSON files of all folders, in the order of application.

    ``variables`` are filled in where a file is in the form of this project. Raises DefinitionError for a file that
    cannot be read or has no definition, and for a folder without any; in a folder, other files are passed over.
    """
    found: list[Definition] = []
    problems: list[str] = []
    for path in paths:
        try:
            below = list(_read_folder(path, variables)) if path.is_dir() else _read_file(path, variables)
        except DefinitionError as error:
            problems += error.problems
            continue
        if not below:
            problems.append(f"{path}: has no alarm, dashboard or scaling policy in a form that is known here")
        found += below
    if problems:
        raise DefinitionError(problems)
    return in_order_of_application(found)


def _read_folder(folder: Path, variables: Variables) -> Iterator[Definition]:
    for path in sorted(folder.rglob("*.json")):
        yield from _read_file(path, variables)


def _read_file(path: Path, variables: Variables) -> list[Definition]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise DefinitionError([f"{path}: {error}"]) from error
    if isinstance(document, dict) and (ours := read_document(document, str(path), variables)):
        return [replace(ours, is_ours=False)]
    readings = (read(document, str(path)) for read in FORMS)
    return next((found for found in readings if found), [])
