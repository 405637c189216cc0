"""Another version of the definitions: with one file replaced, or all of them from a git revision."""

import io
import subprocess
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

from alarms.definition_files import ROOT, Definition, DefinitionError, Variables, read_all_definitions, read_definition


def other_version(against: str, definitions: list[Definition], variables: Variables) -> list[Definition]:
    """``against`` is a file if there is one of that name, else a git revision. Raises DefinitionError."""
    path = Path(against)
    if not path.is_file():
        return _of_revision(against, variables)
    other = read_definition(path, variables)
    if not any(d.name == other.name for d in definitions):
        raise DefinitionError([f"{against}: there is no {other.name} to compare it with"])
    return [replace(other, file=d.file) if (d.kind, d.name) == (other.kind, other.name) else d for d in definitions]


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
