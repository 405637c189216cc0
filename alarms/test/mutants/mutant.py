"""The mutants of a definition."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alarms.alarm_reading import mute_rules_of, played_of, played_policy_of
from alarms.definition_files import Definition, DefinitionError, DefinitionKind
from alarms.test.mutants.alarm_changes import alarm_changes
from alarms.test.mutants.change import ParameterChange
from alarms.test.mutants.composite_changes import composite_changes
from alarms.test.mutants.mute_changes import mute_changes
from alarms.test.mutants.policy_changes import policy_changes
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy

MUTATED_KINDS = (
    DefinitionKind.METRIC_ALARM,
    DefinitionKind.COMPOSITE_ALARM,
    DefinitionKind.MUTE_RULE,
    DefinitionKind.SCALING_POLICY,
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A definition with one change. ``read`` is what the changed call makes: an alarm, a policy or a mute rule."""

    definition: Definition
    change: ParameterChange
    read: Any


def mutants_of(definition: Definition, definitions: Iterable[Definition]) -> list[Mutant]:
    """Every mutant that AWS accepts and that can be played. None, if the definition itself is not played.

    ``definitions`` are those in which a step policy finds the alarm that runs it. Raises DefinitionError if
    AWS would refuse the definition.
    """
    known = list(definitions)
    if definition.kind not in MUTATED_KINDS or _is_unplayed(read_definition(definition, known)):
        return []
    return list(_accepted(definition, known))


def read_definition(definition: Definition, definitions: Iterable[Definition]) -> Any:
    """What the call of a definition of MUTATED_KINDS makes. Raises DefinitionError."""
    match definition.kind:
        case DefinitionKind.MUTE_RULE:
            return next(iter(mute_rules_of([definition])), None)
        case DefinitionKind.SCALING_POLICY:
            return played_policy_of(definition, definitions)
        case _:
            return played_of(definition)


def _accepted(definition: Definition, known: Iterable[Definition]) -> Iterator[Mutant]:
    for change in _changes(definition):
        changed = replace(definition, parameters=change.parameters)
        try:
            read = read_definition(changed, known)
        except DefinitionError:
            continue
        if not _is_unplayed(read):
            yield Mutant(changed, change, read)


def _is_unplayed(read: Any) -> bool:
    return read is None or isinstance(read, UnplayedAlarm | UnplayedPolicy)


def _changes(definition: Definition) -> Iterable[ParameterChange]:
    parameters: Mapping[str, Any] = definition.parameters
    match definition.kind:
        case DefinitionKind.METRIC_ALARM:
            return alarm_changes(parameters, definition.assumes)
        case DefinitionKind.COMPOSITE_ALARM:
            return composite_changes(parameters)
        case DefinitionKind.MUTE_RULE:
            return mute_changes(parameters)
        case _:
            return policy_changes(parameters, definition.assumes)
