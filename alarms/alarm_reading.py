"""The alarms of definitions: those that are played, and those that CloudWatch accepts and nobody can play offline."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from alarms.definition_files import Definition, DefinitionError, DefinitionKind
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, read_composite_alarm
from cloudwatch.mute.mute_rule import MuteRule, read_mute_rule
from cloudwatch.parameters import ParametersRefused

T = TypeVar("T")


def alarm_of(definition: Definition) -> MetricAlarm | UnplayedAlarm:
    """The alarm of a metric alarm's definition. Raises DefinitionError, with file and key, if AWS would refuse it."""
    return _read(definition, DefinitionKind.METRIC_ALARM, read_metric_alarm)


def composite_of(definition: Definition) -> CompositeAlarm | UnplayedAlarm:
    """The alarm of a composite's definition. Raises DefinitionError, with file and key, if AWS would refuse it."""
    return _read(definition, DefinitionKind.COMPOSITE_ALARM, read_composite_alarm)


def mute_rules_of(definitions: Iterable[Definition]) -> list[MuteRule]:
    """The mute rules among the definitions. Raises DefinitionError, with file and key, if AWS would refuse one."""
    kind = DefinitionKind.MUTE_RULE
    return [_read(definition, kind, read_mute_rule) for definition in definitions if definition.kind is kind]


def _read(definition: Definition, kind: DefinitionKind, read: Callable[[Mapping[str, Any]], T]) -> T:
    assert definition.kind is kind  # noqa: S101 - the caller chooses by the kind
    try:
        return read(definition.parameters)
    except ParametersRefused as error:
        raise refused(definition, error) from error


def refused(definition: Definition, error: ParametersRefused) -> DefinitionError:
    """The refusal of a call as a problem of the definition that has it."""
    problems = [
        f"{definition.file}: {definition.place_of(problem.field)}: {problem.text}" for problem in error.problems
    ]
    return DefinitionError(problems)
