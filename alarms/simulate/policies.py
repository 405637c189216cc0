"""The ways to scale that are compared: the definitions, two rules on the depth of the queue, and a fixed fleet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from alarms.alarm_reading import played_policy_of
from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.metric import MetricId
from cloudwatch.scaling.adjustment import Adjustment, AdjustmentType
from cloudwatch.scaling.policy import Policy, SimpleScaling
from cloudwatch.scaling.policy_parameters import CommonParameters
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy

DEFINED = "policies of the definitions"
DEPTH_RULES = "depth > 20: +1, < 5: -1"
FIXED = "fixed fleet of the maximum"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to scale.

    If ``careful``, instances are drained before they are terminated, and idle ones are terminated first. If ``fixed``,
    the fleet always has the maximum of instances.
    """

    name: str
    policies: Callable[[], list[Policy]]
    careful: bool = True
    fixed: bool = False


def contenders(definitions: Iterable[Definition], namespace: str) -> list[Contender]:
    """The policies of the definitions, two rules on the depth of the queue, and a fixed fleet.

    ``namespace`` is the namespace of the metrics.
    """
    known = list(definitions)
    return [
        Contender(DEFINED, lambda: defined_policies(known)),
        Contender(DEPTH_RULES, lambda: depth_policies(namespace), careful=False),
        Contender(FIXED, list, fixed=True),
    ]


def defined_policies(definitions: Iterable[Definition]) -> list[Policy]:
    """The policies of the definitions, each step policy with the alarm that has it as an action.

    Policies that cannot be simulated (``skipped_policies``) are left out. Raises DefinitionError for a call that AWS
    would refuse.
    """
    known = list(definitions)
    read = (played_policy_of(definition, known) for definition in _policies_of(known))
    return [policy for policy in read if not isinstance(policy, UnplayedPolicy)]


def skipped_policies(definitions: Iterable[Definition]) -> list[str]:
    """A sentence for each policy of the definitions that cannot be simulated. Raises DefinitionError."""
    known = list(definitions)
    read = (played_policy_of(definition, known) for definition in _policies_of(known))
    return [f"{each.name} is not simulated: {each.reason}" for each in read if isinstance(each, UnplayedPolicy)]


def _policies_of(definitions: Iterable[Definition]) -> list[Definition]:
    return [definition for definition in definitions if definition.kind is DefinitionKind.SCALING_POLICY]


def depth_policies(namespace: str) -> list[Policy]:
    """More than 20 waiting messages add a worker, fewer than 5 remove one."""
    return [
        _depth_policy(namespace, "up", 1, Comparison.GREATER, 20),
        _depth_policy(namespace, "down", -1, Comparison.LESS, 5),
    ]


def _depth_policy(
    namespace: str, name: str, adjustment: int, comparison: Comparison, threshold: float
) -> SimpleScaling:
    depth = MetricId.of(namespace, "QueueDepth", {"Service": "worker"})
    alarm = MetricAlarm(
        name=f"depth-{name}",
        watched=WatchedMetric(depth, "Average", 60),
        comparison=comparison,
        threshold=threshold,
        evaluation_periods=2,
        datapoints_to_alarm=2,
    )
    common = CommonParameters(name=name, group="depth")
    return SimpleScaling(common=common, alarm=alarm, adjustment=Adjustment(AdjustmentType.CHANGE, adjustment))
