"""Reads the definitions of this project: those that were written by hand, and those that follow from objectives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarms.burn_rates.generated_alarms import generated_alarms
from alarms.burn_rates.objective_files import FOLDER, MEMBER, ObjectiveFile, read_objective_file
from alarms.burn_rates.objective_widgets import names_objectives, with_widgets
from alarms.definition_files import (
    FOLDERS,
    ROOT,
    Definition,
    DefinitionError,
    DefinitionKind,
    Variables,
    in_order_of_application,
    read_definition,
    read_json_object,
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file that is still to be read. ``name`` is its path for messages.

    Its folder may hold one ``kind`` only, or objectives only.
    """

    path: Path
    name: str
    kind: DefinitionKind | None = None
    is_objective: bool = False


def read_definitions(variables: Variables, root: Path = ROOT) -> list[Definition]:
    """All definitions below ``root``, in the order of application. Raises DefinitionError."""
    folders = [(kind, root / folder) for kind, folder in FOLDERS.items()]
    files = [_File(path, _name(path, root), kind) for kind, folder in folders for path in sorted(folder.glob("*.json"))]
    return _read_files([*files, *_objective_files(root)], variables)


def read_objectives(variables: Variables, root: Path = ROOT) -> list[ObjectiveFile]:
    """All objectives below ``root``, in the order of their names. Raises DefinitionError."""
    files = _objective_files(root)
    return [read_objective_file(read_json_object(each.path, each.name), each.name, variables) for each in files]


def read_all_definitions(variables: Variables, root: Path) -> list[Definition]:
    """All definitions in any folder below ``root``, in the order of application. Raises DefinitionError.

    The folder may be any, because earlier versions had their definitions in other folders. A file without a call is
    skipped.
    """
    return _read_files([_File(path, _name(path, root)) for path in sorted(root.rglob("*.json"))], variables)


def read_document(document: Mapping[str, Any], file: str, variables: Variables) -> list[Definition]:
    """The definitions in one document in the form of this project; none if it has none. Raises DefinitionError.

    A dashboard that is read alone may show the objectives of this project.
    """
    found, _ = _read(document, file, variables)
    shows_objectives = any(map(names_objectives, found))
    return with_widgets(found, read_objectives(variables) if shows_objectives else [], variables)


def _objective_files(root: Path) -> list[_File]:
    return [_File(path, _name(path, root), is_objective=True) for path in sorted((root / FOLDER).glob("*.json"))]


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _read_files(files: Iterable[_File], variables: Variables) -> list[Definition]:
    """Raises DefinitionError with the problems of all files."""
    definitions: list[Definition] = []
    objectives: list[ObjectiveFile] = []
    problems: list[str] = []
    for file in files:
        try:
            document = read_json_object(file.path, file.name)
            found, objective = _read(document, file.name, variables, file.kind, is_objective=file.is_objective)
        except DefinitionError as error:
            problems += error.problems
            continue
        definitions += found
        objectives += [objective] if objective else []
    if problems:
        raise DefinitionError(problems)
    return in_order_of_application(with_widgets(definitions, objectives, variables))


def _read(
    document: Mapping[str, Any],
    file: str,
    variables: Variables,
    kind: DefinitionKind | None = None,
    *,
    is_objective: bool = False,
) -> tuple[list[Definition], ObjectiveFile | None]:
    """The definition in a document, or those of the objective in it, and this objective.

    The document must hold the ``kind`` if it is given, and an objective if ``is_objective``.
    """
    if not is_objective and (kind := kind or next((kind for kind in DefinitionKind if kind in document), None)):
        return [read_definition(kind, document, file, variables)], None
    if not is_objective and MEMBER not in document:
        return [], None
    objective = read_objective_file(document, file, variables)
    return list(generated_alarms(objective, variables)), objective
