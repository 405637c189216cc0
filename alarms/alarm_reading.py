"""The alarms of definitions: those that are played, and those that CloudWatch accepts and nobody can play offline."""

from collections.abc import Iterable

from alarms.definition_files import Definition, DefinitionError, DefinitionKind
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, read_composite_alarm
from cloudwatch.mute.mute_rule import MuteRule, read_mute_rule
from cloudwatch.parameters import ParametersRefused


def alarm_of(definition: Definition) -> MetricAlarm | UnplayedAlarm:
    """The alarm of a metric alarm's definition. Raises DefinitionError, with file and key, if AWS would refuse it."""
    assert definition.kind is DefinitionKind.METRIC_ALARM  # noqa: S101 - the caller chooses by the kind
    try:
        return read_metric_alarm(definition.parameters)
    except ParametersRefused as error:
        raise refused(definition, error) from error


def composite_of(definition: Definition) -> CompositeAlarm | UnplayedAlarm:
    """The alarm of a composite's definition. Raises DefinitionError, with file and key, if AWS would refuse it."""
    assert definition.kind is DefinitionKind.COMPOSITE_ALARM  # noqa: S101 - likewise
    try:
        return read_composite_alarm(definition.parameters)
    except ParametersRefused as error:
        raise refused(definition, error) from error


def mute_rules_of(definitions: Iterable[Definition]) -> list[MuteRule]:
    """The mute rules among the definitions. Raises DefinitionError, with file and key, if AWS would refuse one."""
    rules = []
    for definition in definitions:
        if definition.kind is DefinitionKind.MUTE_RULE:
            try:
                rules.append(read_mute_rule(definition.parameters))
            except ParametersRefused as error:
                raise refused(definition, error) from error
    return rules


def refused(definition: Definition, error: ParametersRefused) -> DefinitionError:
    """The refusal of a call as a problem of the definition that has it."""
    problems = [
        f"{definition.file}: {definition.place_of(problem.field)}: {problem.text}" for problem in error.problems
    ]
    return DefinitionError(problems)
