"""Reads the alarms of definitions: some are played (evaluated offline), others only CloudWatch can evaluate."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from alarms.definition_files import APPLICATION_SCALING, Definition, DefinitionError, DefinitionKind
from alarms.open_values import blocking_text, certain_problems
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, read_composite_alarm
from cloudwatch.mute.mute_rule import MuteRule, read_mute_rule
from cloudwatch.parameters import Parameters, ParametersRefused
from cloudwatch.scaling.policy import Policy
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy, read_scaling_policy

T = TypeVar("T")


def alarm_of(definition: Definition) -> MetricAlarm | UnplayedAlarm:
    """The alarm of a metric alarm's definition. It is not played if its open values decide whether AWS would refuse it.

    Raises DefinitionError, with file and key, if AWS would refuse it.
    """
    return _read(definition, DefinitionKind.METRIC_ALARM, read_metric_alarm)


def composite_of(definition: Definition) -> CompositeAlarm | UnplayedAlarm:
    """The alarm of a composite's definition. Raises DefinitionError, with file and key, if AWS would refuse it."""
    return _read(definition, DefinitionKind.COMPOSITE_ALARM, read_composite_alarm)


def played_of(definition: Definition) -> MetricAlarm | CompositeAlarm | UnplayedAlarm:
    """The alarm of a definition of one of PLAYED_KINDS. Raises DefinitionError like the functions for each kind."""
    return alarm_of(definition) if definition.kind is DefinitionKind.METRIC_ALARM else composite_of(definition)


def mute_rules_of(definitions: Iterable[Definition]) -> list[MuteRule]:
    """The mute rules among the definitions. Raises DefinitionError, with file and key, if AWS would refuse one."""
    kind = DefinitionKind.MUTE_RULE
    read = (_read(definition, kind, read_mute_rule) for definition in definitions if definition.kind is kind)
    return [rule for rule in read if isinstance(rule, MuteRule)]


def alarms_that_run(policy: Definition, definitions: Iterable[Definition]) -> list[Definition]:
    """The metric alarms that have the policy as an action."""
    alarms = [definition for definition in definitions if definition.kind is DefinitionKind.METRIC_ALARM]
    actions = [(alarm, alarm.parameters.get("AlarmActions")) for alarm in alarms]
    return [alarm for alarm, own in actions if isinstance(own, list) and f"${{policy:{policy.stem}}}" in own]


def policy_of(definition: Definition, alarm: MetricAlarm | UnplayedAlarm | None) -> Policy | UnplayedPolicy:
    """The policy of a definition. ``alarm`` is the alarm that has it as an action. Raises ParametersRefused."""
    if definition.call != APPLICATION_SCALING:
        return read_scaling_policy(definition.parameters, alarm if isinstance(alarm, MetricAlarm) else None)
    service, operation = definition.call
    Parameters.of_call(service, operation, definition.parameters).raise_problems(operation)
    return UnplayedPolicy(definition.name, "it is a policy of Application Auto Scaling")


def played_policy_of(definition: Definition, definitions: Iterable[Definition]) -> Policy | UnplayedPolicy:
    """The policy of a definition, with the alarm among ``definitions`` that has it as an action.

    Raises DefinitionError, with file and key, if AWS would refuse the policy or its alarm.
    """
    alarm = next(map(alarm_of, alarms_that_run(definition, definitions)), None)
    try:
        policy = policy_of(definition, alarm)
    except ParametersRefused as error:
        return UnplayedPolicy(definition.name, why_not_judged(definition, error))
    if isinstance(policy, UnplayedPolicy):
        return policy
    if isinstance(alarm, UnplayedAlarm):
        reason = f"its alarm {alarm.name} cannot be evaluated offline: {alarm.reason}"
        return UnplayedPolicy(definition.name, reason)
    return policy if policy.alarms else UnplayedPolicy(definition.name, "no alarm has it as an action")


def _read(definition: Definition, kind: DefinitionKind, read: Callable[[Mapping[str, Any]], T]) -> T | UnplayedAlarm:
    assert definition.kind is kind  # noqa: S101 - the caller has checked the kind
    try:
        return read(definition.parameters)
    except ParametersRefused as error:
        return UnplayedAlarm(name=definition.name, reason=why_not_judged(definition, error))


def why_not_judged(definition: Definition, error: ParametersRefused) -> str:
    """The open values because of which it is not known whether AWS would refuse a call, as text.

    Raises DefinitionError, with file and key, if AWS would refuse it for any of their values.
    """
    problems = [
        f"{definition.file}: {definition.place_of(problem.field)}: {problem.text}"
        for problem in certain_problems(error, definition.open_values, definition.parameters, definition.call)
    ]
    if problems:
        raise DefinitionError(problems) from error
    return blocking_text(error, definition.open_values)
