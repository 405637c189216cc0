"""Another version of the definitions: with those of one file replaced, or all of them from a git revision."""

import io
import subprocess
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

from alarms.alarm_reading import played_of
from alarms.definition_files import PLAYED_KINDS, ROOT, Definition, DefinitionError, Variables
from alarms.definition_reading import read_all_definitions
from alarms.forms.form_reading import read_paths


def other_version(against: str, definitions: list[Definition], variables: Variables) -> list[Definition]:
    """``against`` is a file in any form if there is one of that name, else a git revision of this project.

    Raises DefinitionError.
    """
    path = Path(against)
    if path.is_file():
        return _with_file(path, definitions, variables)
    if not all(definition.is_ours for definition in definitions):
        raise DefinitionError([f"{against} is no file; a git revision has only the definitions of this project"])
    return _of_revision(against, variables)


def _with_file(path: Path, definitions: list[Definition], variables: Variables) -> list[Definition]:
    others = {(other.kind, other.name): other for other in read_paths([path], variables)}
    known = {(definition.kind, definition.name) for definition in definitions}
    if unknown := [name for kind, name in others if (kind, name) not in known]:
        raise DefinitionError([f"{path}: there is no {name} to compare it with" for name in unknown])
    for other in others.values():  # what AWS would refuse is said of this file
        if other.kind in PLAYED_KINDS:
            played_of(other)
    return [replace(others.get((d.kind, d.name), d), file=d.file) for d in definitions]


def _of_revision(revision: str, variables: Variables) -> list[Definition]:
    if revision.startswith("-"):  # git would read it as an option
        raise DefinitionError([f"{revision} is neither a file nor a git revision"])
    command = ["git", "archive", "--format=tar", revision, "--", "alarms", "dashboards"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if result.returncode:
        reason = result.stderr.decode(errors="replace").strip()
        raise DefinitionError([f"{revision} is neither a file nor a git revision with definitions: {reason}"])
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        archive.extractall(folder, filter="data")
        definitions = read_all_definitions(variables, Path(folder))
    if not definitions:
        raise DefinitionError([f"{revision} has no definitions below alarms or dashboards"])
    return definitions
