"""What the mutants show, for people and for machines."""

from collections.abc import Mapping, Sequence
from typing import Any

from alarms.test.mutants.mutation_run import MutationResult
from cli.screen import Screen

DECLARED_SHARE_MAX = 0.05  # more declared equivalents than that would hide what the tests lack


def print_mutants(results: Sequence[MutationResult], screen: Screen) -> None:
    """Survivors and wrong declarations by file and key, then a summary in one line."""
    for result in results:
        place = result.definition.place_of("")
        for change in result.survivors if not result.untested else ():
            screen.line(f"{result.definition.file}: {_joined(place, str(change))}: survives", "red")
        for sentence in result.wrong:
            screen.line(f"{result.definition.file}: {_joined(place, sentence)}", "red")
        if result.untested:
            text = f"{result.definition.name} has no cases, so all {result.mutants} mutants survive"
            screen.line(f"{result.definition.file}: {text}", "red")
    screen.line(summary(results), "red" if problems_of(results) else "green")


def summary(results: Sequence[MutationResult]) -> str:
    """The numbers of all mutants, in one line."""
    killed = sum(result.killed for result in results)
    declared = sum(len(result.equivalent) for result in results)
    survived = sum(len(result.survivors) for result in results)
    total = killed + declared + survived
    return f"{total} mutants: {killed} killed, {declared} declared equivalent, {survived} survived"


def problems_of(results: Sequence[MutationResult]) -> bool:
    """Whether a mutant survived, or a declaration is wrong."""
    return any(result.survivors or result.wrong for result in results)


def declared_too_much(results: Sequence[MutationResult]) -> str:
    """A sentence if more mutants of this project are declared equivalent than may be; else an empty text."""
    own = [result for result in results if result.definition.is_ours]
    declared, mutants = sum(len(result.equivalent) for result in own), sum(result.mutants for result in own)
    if declared <= DECLARED_SHARE_MAX * mutants:
        return ""
    return f"{declared} of {mutants} mutants are declared equivalent, more than {DECLARED_SHARE_MAX:.0%}"


def mutants_document(results: Sequence[MutationResult]) -> list[Mapping[str, Any]]:
    """One entry for each definition."""
    return [
        {
            "file": result.definition.file,
            "name": result.definition.name,
            "mutants": result.mutants,
            "killed": result.killed,
            "equivalent": [{"key": m.change.key, "change": m.change.text} for m in result.equivalent],
            "survivors": [{"key": change.key, "change": change.text} for change in result.survivors],
            "wrong": list(result.wrong),
        }
        for result in results
    ]


def _joined(place: str, text: str) -> str:
    return f"{place}.{text}" if place else text
