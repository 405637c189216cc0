"""The unit tests of scaling policies: each case gives series, and expects the capacity of a group in time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from alarms.alarm_reading import played_policy_of
from alarms.definition_files import Definition
from alarms.recording import watched_values
from alarms.test.given_series import BEGIN, MINUTE, emitted_unit, given_store
from cloudwatch.mute.mute_rule import MuteRule
from cloudwatch.scaling.group_machine import GroupMachine
from cloudwatch.scaling.policy import Policy
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy
from cloudwatch.scaling.scaling_group import ScalingGroup
from cloudwatch.store import MetricStore

GROUP_BOUNDS = ("minimum", "maximum")
GROUP_MEMBERS = (*GROUP_BOUNDS, "desired", "default_warmup", "default_cooldown", "launch_seconds")


@dataclass(frozen=True, slots=True)
class CapacityExpectation:
    """The expected number of instances ``after`` a number of minutes."""

    after: float
    capacity: int


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One test of a policy, which ``alarm`` runs unless it is target tracking.

    ``group`` has the arguments of ScalingGroup by name: its bounds, and the capacity with which it begins.
    """

    file: str
    policy: Definition
    alarm: Definition | None
    name: str
    given: Mapping[str, str]
    group: Mapping[str, int]
    then: tuple[CapacityExpectation, ...]
    begins: int = BEGIN
    seconds_each: int | None = None
    equivalent: Mapping[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        return self.policy

    @property
    def ends(self) -> int:
        """The time of the last expectation, in seconds since the epoch."""
        return self.begins + round(MINUTE * max(expected.after for expected in self.then))


@dataclass(frozen=True)
class PolicyPlay:
    """A case of the policy ``tested``. The keys of its series are metrics of that policy's alarms."""

    case: PolicyCase
    tested: Policy

    @cached_property
    def _store(self) -> MetricStore:
        case = self.case
        assumes = {**(case.alarm.assumes if case.alarm else {}), **case.policy.assumes}
        units = {w.metric: emitted_unit(w, assumes) for alarm in self.tested.alarms for w in watched_values(alarm)}
        return given_store(case.given, units, case.begins, case.seconds_each or MINUTE)

    def problems(self, policy: Policy, _mutes: Iterable[MuteRule]) -> list[str]:
        """How the capacity under ``policy`` differs from what the case expects. Mute rules of its alarm do not count.

        Raises NotationError, and ValueError for a group that cannot be.
        """
        case = self.case
        group = ScalingGroup([policy], **case.group)
        machine = GroupMachine([policy], group, self._store)
        capacities = {case.begins: group.desired}
        for now in range(case.begins + MINUTE, case.ends + 1, MINUTE):
            machine.step(now)
            capacities[now] = group.desired
        found = ((e, capacities[case.begins + int(e.after) * MINUTE]) for e in case.then)
        return [
            f"after {expected.after} min: expected {expected.capacity} instances, are {capacity}"
            for expected, capacity in found
            if capacity != expected.capacity
        ]


def play_of_policy(case: PolicyCase) -> PolicyPlay | UnplayedPolicy:
    """The case, ready to be played. Raises DefinitionError if AWS would refuse its definition."""
    policy = played_policy_of(case.policy, [case.alarm] if case.alarm else [])
    return policy if isinstance(policy, UnplayedPolicy) else PolicyPlay(case, policy)
