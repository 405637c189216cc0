"""The unit tests of our definitions notice every change of a single place of them."""

import pytest

from alarms.definition_files import read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from alarms.test import __main__ as command
from alarms.test.case_files import read_all_cases
from alarms.test.mutants.equivalents import SERIES, disagreements
from alarms.test.mutants.mutant import MUTATED_KINDS, Mutant, mutants_of, read_definition
from alarms.test.mutants.mutation_run import MutationResult, play_mutants
from alarms.test.mutants.report import declared_too_much

DEFINITIONS = read_definitions(read_variables(EXAMPLE))
BY_HAND = [definition for definition in DEFINITIONS if not definition.objective]
SERIES_FOR_POWER = 40
SERIES_OF_LONG_WINDOWS = 500  # 10,000 of them take two minutes of CPU for each alarm


@pytest.fixture(scope="module")
def results() -> list[MutationResult]:
    return play_mutants(DEFINITIONS, read_all_cases(DEFINITIONS))


def test_no_mutant_survives_and_every_declaration_is_true(results: list[MutationResult]) -> None:
    assert [(r.definition.file, r.survivors, r.wrong) for r in results if r.survivors or r.wrong] == []
    assert declared_too_much(results) == ""


def test_every_alarm_and_policy_has_mutants(results: list[MutationResult]) -> None:
    assert [r.definition for r in results] == [d for d in DEFINITIONS if d.kind in MUTATED_KINDS]


# One generator declares the equivalents of all alarms of objectives, so one of them is enough here.
@pytest.mark.parametrize("stem", [*(each.stem for each in BY_HAND if each.equivalent), "api-latency-fast-5m"])
def test_each_declared_equivalent_agrees_over_random_series(stem: str, results: list[MutationResult]) -> None:
    assert_that_equivalents_agree(stem, results, SERIES)


@pytest.mark.campaign("thousands of random series, each of them as long as two windows of up to three days")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stem", [each.stem for each in DEFINITIONS if each.objective and each.equivalent])
def test_the_equivalents_of_objectives_agree_over_random_series(stem: str, results: list[MutationResult]) -> None:
    is_long = stem.endswith(("-6h", "-3d"))
    assert_that_equivalents_agree(stem, results, SERIES_OF_LONG_WINDOWS if is_long else SERIES)


def assert_that_equivalents_agree(stem: str, results: list[MutationResult], series: int) -> None:
    result = next(each for each in results if each.equivalent and each.definition.stem == stem)
    assert len(result.equivalent) == len(result.definition.equivalent)
    assert disagreements(read_definition(result.definition, DEFINITIONS), result.equivalent, series) == {}


def test_the_random_series_tell_nearly_all_other_mutants_from_their_definition() -> None:
    found = told_apart = 0
    for definition in BY_HAND:
        others: list[Mutant] = [
            mutant for mutant in mutants_of(definition, DEFINITIONS) if str(mutant.change) not in definition.equivalent
        ]
        if others:
            found += len(others)
            told_apart += len(disagreements(read_definition(definition, DEFINITIONS), others, SERIES_FOR_POWER))
    assert told_apart / found > 0.9


def test_the_command_ends_with_0_and_prints_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--mutants", "--variables", str(EXAMPLE)]) == 0
    assert " declared equivalent, 0 survived" in capsys.readouterr().out
