"""The files of objectives: ``alarms/definitions/objectives/NAME.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarms.burn_rates.objective import Objective, read_objective
from alarms.definition_files import DefinitionError, Variables, fill

FOLDER = "alarms/definitions/objectives"
MEMBER = "objective"


@dataclass(frozen=True, slots=True)
class ObjectiveFile:
    """An objective with its variables filled in. ``assumes`` are the units of the metrics of this project."""

    file: str
    objective: Objective
    assumes: Mapping[str, str]

    @property
    def stem(self) -> str:
        """The name of the file without its ending: the first part of the names of its alarms."""
        return Path(self.file).stem


def read_objective_file(document: Mapping[str, Any], file: str, variables: Variables) -> ObjectiveFile:
    """The objective in a document. Raises DefinitionError, with file and key."""
    if MEMBER not in document:
        raise DefinitionError([f'{file}: needs a member "{MEMBER}"'])
    problems: list[str] = []
    filled = fill(document[MEMBER], variables, f"{file}: {MEMBER}", problems)
    assumes = document.get("assumes", {})
    if not isinstance(assumes, dict):
        problems.append(f"{file}: assumes: is not a JSON object")
    if problems:
        raise DefinitionError(problems)
    try:
        objective = read_objective(filled)
    except ValueError as error:
        raise DefinitionError([f"{file}: {line}" for line in str(error).splitlines()]) from error
    return ObjectiveFile(file, objective, assumes)
