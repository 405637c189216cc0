"""A composite alarm, with the parameters of PutCompositeAlarm, and the order in which composites are evaluated.

Sources: the API reference of PutCompositeAlarm; "Create a composite alarm" in the CloudWatch user guide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cloudwatch.alarm.actions import PARAMETERS as ACTION_PARAMETERS
from cloudwatch.alarm.actions import Actions
from cloudwatch.alarm.put_metric_alarm import check_tags, read_name
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm, unknown_parameters
from cloudwatch.composite.rule import Rule, RuleRefused, alarm_name, parse_rule
from cloudwatch.parameters import Parameters

CALL = "PutCompositeAlarm"
PERIODS = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")

PARAMETERS = frozenset(
    (
        *("AlarmName", "AlarmDescription", "AlarmRule", "ActionsSuppressor", "ActionConfiguration", "Tags"),
        *(*PERIODS, *ACTION_PARAMETERS),
    )
)
_NO_RULE = Rule("FALSE", (False,))


class CompositeCycle(ValueError):
    """Composites watch each other in a cycle, so CloudWatch stops evaluating them. ``names`` is the cycle, in order."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"composite alarms watch each other: {' -> '.join(self.names)}")


@dataclass(frozen=True, slots=True)
class Suppressor:
    """While ``alarm`` is in ALARM, no action of the composite runs. Both periods are in seconds."""

    alarm: str
    wait_period: int
    extension_period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeAlarm:
    """An alarm that is in ALARM while its rule holds, else in OK."""

    name: str
    rule: Rule
    suppressor: Suppressor | None = None
    actions: Actions = field(default_factory=Actions)
    description: str = ""

    @property
    def watches(self) -> tuple[str, ...]:
        """The names of the alarms in its rule, and of its suppressor."""
        return (*self.rule.children, self.suppressor.alarm) if self.suppressor else self.rule.children


def read_composite_alarm(values: Mapping[str, Any]) -> CompositeAlarm | UnplayedAlarm:
    """The alarm of a PutCompositeAlarm call. Raises ParametersRefused with every problem."""
    parameters = Parameters.of_call("cloudwatch", CALL, values)
    alarm = CompositeAlarm(
        name=read_name(parameters),
        rule=_read_rule(parameters),
        suppressor=_read_suppressor(parameters),
        actions=Actions.read(parameters),
        description=parameters.text("AlarmDescription"),
    )
    if alarm.actions.ec2_actions or alarm.actions.auto_scaling_actions:
        parameters.refuse("AlarmActions", "a composite alarm cannot have EC2 or Auto Scaling actions")
    check_tags(parameters)
    parameters.raise_problems(CALL)
    if unknown := unknown_parameters(CALL, values, PARAMETERS):
        return UnplayedAlarm(name=alarm.name, reason=unknown)
    return alarm


def _read_rule(parameters: Parameters) -> Rule:
    if parameters.is_refused("AlarmRule"):
        return _NO_RULE
    try:
        return parse_rule(parameters.text("AlarmRule"))
    except RuleRefused as error:
        parameters.refuse("AlarmRule", error.reason, error.position)
        return _NO_RULE


def _read_suppressor(parameters: Parameters) -> Suppressor | None:
    if "ActionsSuppressor" in parameters:
        name = alarm_name(parameters.text("ActionsSuppressor"))
        wait_period, extension_period = (parameters.integer(period, least=0) for period in PERIODS)
        return Suppressor(name, wait_period, extension_period)
    for period in PERIODS:
        if period in parameters:
            parameters.refuse(period, "has no effect without ActionsSuppressor")
    return None


def children_first(composites: Iterable[CompositeAlarm]) -> list[CompositeAlarm]:
    """The composites, each one after the composites that its rule watches. Raises CompositeCycle."""
    named = {alarm.name: alarm for alarm in composites}
    watched = {name: [child for child in alarm.rule.children if child in named] for name, alarm in named.items()}
    try:
        return [named[name] for name in TopologicalSorter(watched).static_order()]
    except CycleError as error:
        names: list[str] = error.args[1]
        raise CompositeCycle(reversed(names)) from error
