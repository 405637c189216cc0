"""No misspelt name goes unnoticed: the check reports each renaming in the catalogue or in a definition."""

from collections.abc import Iterable

import pytest

import alarms.check.contract
from alarms.check.definition_checks import check_definitions
from alarms.definition_files import Definition, Variables, read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from telemetry.catalogue import RecordKind
from tests.alarms.check.renaming import Renaming, catalogue_renamings, definition_renamings

VARIABLES = read_variables(EXAMPLE)
# The alarms of an objective name the same metrics, so one of them and the composites are enough.
DEFINITIONS = [d for d in read_definitions(VARIABLES) if not d.objective or d.stem.endswith(("-fast-1h", "-page"))]


def renamings(definition: Definition) -> list[Renaming]:
    return list(definition_renamings(definition, str(VARIABLES["NAMESPACE"])))


def test_the_definitions_as_they_are_have_no_problem(definitions: list[Definition], variables: Variables) -> None:
    assert errors(definitions, variables) == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.stem)
def test_no_name_in_a_definition_can_be_changed_unnoticed(
    definition: Definition, definitions: list[Definition], variables: Variables
) -> None:
    renamed = renamings(definition)
    assert renamed
    unnoticed = [each.place for each in renamed if not names(definition.file, problems(each, definitions, variables))]
    assert unnoticed == []


def errors(definitions: list[Definition], variables: Variables) -> list[str]:
    return [str(notice) for notice in check_definitions(definitions, variables) if notice.is_error]


def problems(renaming: Renaming, definitions: list[Definition], variables: Variables) -> list[str]:
    renamed = renaming.definition
    place = (renamed.file, renamed.stem)
    return errors([renamed if (each.file, each.stem) == place else each for each in definitions], variables)


def names(file: str, found: Iterable[str]) -> bool:
    """Whether one of the problems names this file and a key."""
    return any(problem.startswith(f"{file}: ") and problem.count(": ") >= 2 for problem in found)


@pytest.mark.parametrize(
    ("place", "kinds"), list(catalogue_renamings()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_name_in_the_catalogue_can_be_changed_unnoticed(
    place: str,
    kinds: tuple[RecordKind, ...],
    definitions: list[Definition],
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alarms.check.contract, "RECORD_KINDS", kinds)
    found = errors(definitions, variables)
    assert found, place
    assert all(": " in problem and (".json: " in problem or "catalogue.py: " in problem) for problem in found)
