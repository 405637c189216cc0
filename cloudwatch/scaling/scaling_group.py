"""An Auto Scaling group over time: states and metrics of its policies in, changes of its desired capacity out.

Sources, all of the EC2 Auto Scaling user guide: "How multiple scaling policies work together", "Scaling cooldowns",
"Set the default instance warmup", "Target tracking scaling policies", "Step and simple scaling policies".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.scaling.policy import Capacity, Policy, Proposal, SimpleScaling, States, TargetTracking

DEFAULT_COOLDOWN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of the desired capacity at ``at`` (seconds since the epoch)."""

    at: int
    old: int
    new: int
    policy: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Launch:
    instances: int
    in_service_at: int
    warm_at: int


class ScalingGroup:
    """A group of ``desired`` instances (by default ``minimum``) that stays within its bounds.

    A new instance is in service after ``launch_seconds`` (on AWS this depends on the instance). It counts as current
    capacity after its warmup: that of its policy, else ``default_warmup``, else ``default_cooldown`` (0 for a simple
    policy). All times are in seconds. Raises ValueError for bounds that contradict each other, and for two policies
    with the same name.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        *,
        minimum: int,
        maximum: int,
        desired: int | None = None,
        default_warmup: int | None = None,
        default_cooldown: int = DEFAULT_COOLDOWN_SECONDS,
        launch_seconds: int = 0,
    ) -> None:
        self.desired = minimum if desired is None else desired
        if not 0 <= minimum <= self.desired <= maximum:
            raise ValueError(f"{self.desired} instances are not between {minimum} and {maximum}")
        self._policies = _enabled_by_name(policies)
        self._bounds = minimum, maximum
        self._default_warmup = default_warmup
        self._default_cooldown = default_cooldown
        self._launch_seconds = launch_seconds
        self._launches: list[_Launch] = []
        self._cooling_until = 0

    @property
    def alarms(self) -> tuple[MetricAlarm, ...]:
        """The alarms whose states ``step`` needs."""
        return tuple(alarm for policy in self._policies.values() for alarm in policy.alarms)

    def in_service(self, now: int) -> int:
        """The number of instances in service, warmed up or not: GroupInServiceInstances."""
        return self.desired - sum(each.instances for each in self._launches if each.in_service_at > now)

    def current(self, now: int) -> int:
        """The number of instances that have warmed up. They count in the metrics of the group."""
        return self.desired - sum(each.instances for each in self._launches if each.warm_at > now)

    def step(self, now: int, states: States, values: Mapping[str, float | None]) -> Decision | None:
        """The decision of the policies at ``now``, if they change the desired capacity.

        Call it every minute, because alarms repeat their scaling actions every minute. ``states`` are those of
        ``alarms`` by name; ``values`` are the newest values of the policies' metrics, by the name of the policy.
        """
        self._launches = [launch for launch in self._launches if launch.warm_at > now]
        capacity = Capacity(self.desired, self.current(now))
        proposals = {
            name: proposal
            for name, policy in self._policies.items()
            if self._may_act(policy, now) and (proposal := policy.propose(capacity, states, values.get(name)))
        }
        outwards = [proposal for proposal in proposals.values() if proposal.capacity > self.desired]
        if outwards:
            return self._resize(now, _largest(outwards))
        # Scaling in waits until all instances have warmed up.
        inwards = self._agreed(proposals) if capacity.current == self.desired else []
        return self._resize(now, _largest(inwards)) if inwards else None

    def _may_act(self, policy: Policy, now: int) -> bool:
        """False if the policy is a simple one that waits for the end of its cooldown or of a launch."""
        ready = now >= self._cooling_until and self.in_service(now) == self.desired
        return ready or not isinstance(policy, SimpleScaling)

    def _agreed(self, proposals: Mapping[str, Proposal]) -> list[Proposal]:
        """The proposals that are allowed to scale in.

        Target tracking policies scale in only if all of them that may scale in are ready. Other policies need no
        agreement.
        """
        tracking = {
            name for name, policy in self._policies.items() if isinstance(policy, TargetTracking) and policy.low
        }
        agreed = tracking <= proposals.keys()
        return [proposal for name, proposal in proposals.items() if agreed or name not in tracking]

    def _resize(self, now: int, proposal: Proposal) -> Decision | None:
        """Set the desired capacity to the proposal, within the bounds of the group."""
        minimum, maximum = self._bounds
        old, self.desired = self.desired, min(max(proposal.capacity, minimum), maximum)
        if self.desired == old:
            return None
        policy = self._policies[proposal.policy]
        in_service_at = now
        if self.desired > old:
            in_service_at += self._launch_seconds
            launch = _Launch(self.desired - old, in_service_at, in_service_at + self._warmup(policy))
            self._launches.append(launch)
        if isinstance(policy, SimpleScaling):
            cooldown = self._default_cooldown if policy.cooldown is None else policy.cooldown
            self._cooling_until = in_service_at + cooldown
        limit = "" if self.desired == proposal.capacity else f", the bounds of the group allow {self.desired}"
        return Decision(now, old, self.desired, proposal.policy, f"{proposal.reason}{limit}")

    def _warmup(self, policy: Policy) -> int:
        candidates: Sequence[int | None] = (policy.common.warmup, self._default_warmup)
        otherwise = 0 if isinstance(policy, SimpleScaling) else self._default_cooldown
        return next((seconds for seconds in candidates if seconds is not None), otherwise)


def _enabled_by_name(policies: Iterable[Policy]) -> dict[str, Policy]:
    named: dict[str, Policy] = {}
    for policy in policies:
        if policy.common.name in named:
            raise ValueError(f"two policies are named {policy.common.name}")
        named[policy.common.name] = policy
    return {name: policy for name, policy in named.items() if policy.common.enabled}


def _largest(proposals: Sequence[Proposal]) -> Proposal:
    return max(proposals, key=lambda proposal: proposal.capacity)
