"""Plays the unit tests of definitions against their mutants, and finds the mutants that no test notices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alarms.alarm_reading import mute_rules_of
from alarms.definition_files import Definition, DefinitionKind
from alarms.test.cases import Case, Play, play_of
from alarms.test.mutants.change import ParameterChange
from alarms.test.mutants.mutant import Mutant, mutants_of
from alarms.test.policy_cases import PolicyCase
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.mute.mute_rule import MuteRule
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy

AnyCase = Case | PolicyCase


@dataclass(frozen=True, slots=True)
class MutationResult:
    """The mutants of one definition: ``killed`` is the number that its tests notice, ``survivors`` are the others.

    ``equivalent`` are survivors that the definition, or the file of its cases, declares to make no difference.
    ``wrong`` are sentences about declarations that are not true. ``untested``: there is no case at all.
    """

    definition: Definition
    killed: int
    survivors: tuple[ParameterChange, ...]
    equivalent: tuple[Mutant, ...]
    wrong: tuple[str, ...]
    untested: bool = False

    @property
    def mutants(self) -> int:
        return self.killed + len(self.survivors) + len(self.equivalent)


def play_mutants(
    definitions: Iterable[Definition], cases: Iterable[AnyCase], stems: Sequence[str] = ()
) -> list[MutationResult]:
    """The result of each definition that has mutants, or of those that ``stems`` names.

    The cases must hold: one that does not would notice everything. Raises DefinitionError.
    """
    known, tests = list(definitions), _Tests(cases)
    mutes = mute_rules_of(known)
    chosen = (each for each in known if not stems or each.stem in stems)
    mutated = ((definition, mutants_of(definition, known)) for definition in chosen)
    return [_result(definition, mutants, tests, mutes) for definition, mutants in mutated if mutants]


class _Tests:
    """The cases, ready to be played. Those of an alarm that is not played are left out."""

    def __init__(self, cases: Iterable[AnyCase]) -> None:
        plays = ((case, play_of(case)) for case in cases)
        self._plays = [(case, play) for case, play in plays if not isinstance(play, UnplayedAlarm | UnplayedPolicy)]

    def of(self, definition: Definition) -> list[tuple[AnyCase, Play]]:
        """The cases of a definition. A mute rule has those of its alarms."""
        if definition.kind is not DefinitionKind.MUTE_RULE:
            return [(case, play) for case, play in self._plays if case.definition == definition]
        muted = {name for rule in mute_rules_of([definition]) for name in rule.alarms}
        return [(case, play) for case, play in self._plays if case.definition.name in muted]


def _result(
    definition: Definition, mutants: Sequence[Mutant], tests: _Tests, mutes: Sequence[MuteRule]
) -> MutationResult:
    plays = tests.of(definition)
    declared: dict[str, str] = {**definition.equivalent}
    for case, _ in plays:
        declared |= case.equivalent if case.definition == definition else {}  # cases of a mute rule are its alarms'
    killers = _Killers([play for _, play in plays], mutes)
    killed = 0
    survivors: list[Mutant] = []
    equivalent: list[Mutant] = []
    wrong: list[str] = []
    for mutant in mutants:
        killer = killers.first(mutant)
        is_declared = str(mutant.change) in declared
        if killer is None:
            (equivalent if is_declared else survivors).append(mutant)
            continue
        killed += 1
        if is_declared:
            wrong.append(f"{mutant.change}: is declared equivalent, and is noticed by: {killer}")
    changes = {str(mutant.change) for mutant in mutants}
    wrong += [f"{text}: is declared equivalent, and is no mutant" for text in declared if text not in changes]
    remaining = tuple(mutant.change for mutant in survivors)
    return MutationResult(definition, killed, remaining, tuple(equivalent), tuple(wrong), untested=not plays)


class _Killers:
    """The plays of a definition. The one that noticed the last mutant is played first: the next one is similar."""

    def __init__(self, plays: Sequence[Play], mutes: Sequence[MuteRule]) -> None:
        self._plays = list(plays)
        self._mutes = mutes

    def first(self, mutant: Mutant) -> str | None:
        """The name of a case that notices the mutant, or None."""
        for index, play in enumerate(self._plays):
            if self._notices(play, mutant):
                self._plays.insert(0, self._plays.pop(index))
                return play.case.name
        return None

    def _notices(self, play: Play, mutant: Mutant) -> bool:
        tested, mutes = mutant.read, self._mutes
        if isinstance(mutant.read, MuteRule):
            tested, mutes = play.tested, [rule for rule in mutes if rule.name != mutant.read.name] + [mutant.read]
        try:
            return bool(play.problems(tested, mutes))
        except ValueError:
            return True  # a value that an expression does not take, where the definition itself has a result
