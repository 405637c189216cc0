"""A composite alarm, with the parameters of PutCompositeAlarm, and the order in which composites are evaluated.

Sources: the API reference of PutCompositeAlarm; "Create a composite alarm" in the CloudWatch user guide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, Self

from cloudwatch.alarm.actions import PARAMETERS as ACTION_PARAMETERS
from cloudwatch.alarm.actions import Actions
from cloudwatch.alarm.metric_alarm import DESCRIPTION_CHARACTERS_MAX, TAGS_MAX, read_name
from cloudwatch.composite.rule import Rule, RuleRefused, alarm_name, parse_rule
from cloudwatch.parameters import Parameters

CALL = "PutCompositeAlarm"
ARN_CHARACTERS_MAX = 1600
PERIODS = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")

_PARAMETERS = frozenset(
    ("AlarmName", "AlarmDescription", "AlarmRule", "ActionsSuppressor", "Tags", *PERIODS, *ACTION_PARAMETERS)
)
_NO_RULE = Rule("FALSE", (False,))


class CompositeCycle(ValueError):
    """Composites watch each other, so CloudWatch stops evaluating them. ``names`` are the cycle, in order."""

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

    @classmethod
    def from_api(cls, values: Mapping[str, Any]) -> Self:
        """The alarm of a PutCompositeAlarm call. Raises ParametersRefused with every problem."""
        parameters = Parameters(values)
        parameters.allow_only(_PARAMETERS)
        alarm = cls(
            name=read_name(parameters),
            rule=_read_rule(parameters),
            suppressor=_read_suppressor(parameters),
            actions=Actions.read(parameters),
            description=parameters.text("AlarmDescription", longest=DESCRIPTION_CHARACTERS_MAX, default=""),
        )
        if alarm.actions.ec2_actions or alarm.actions.auto_scaling_actions:
            parameters.refuse("AlarmActions", "a composite alarm cannot have EC2 or Auto Scaling actions")
        if len(parameters.objects("Tags")) > TAGS_MAX:
            parameters.refuse("Tags", f"more than {TAGS_MAX}")
        parameters.raise_problems(CALL)
        return alarm


def _read_rule(parameters: Parameters) -> Rule:
    text = parameters.values.get("AlarmRule")
    if not isinstance(text, str):
        parameters.refuse("AlarmRule", "is missing, or has the wrong type")
        return _NO_RULE
    try:
        return parse_rule(text)
    except RuleRefused as error:
        parameters.refuse("AlarmRule", str(error))
        return _NO_RULE


def _read_suppressor(parameters: Parameters) -> Suppressor | None:
    if "ActionsSuppressor" in parameters:
        name = alarm_name(parameters.text("ActionsSuppressor", longest=ARN_CHARACTERS_MAX))
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
