"""An Auto Scaling group over time: from the alarms and metrics of its policies to each change of its desired capacity.

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
    """The desired capacity changed ``at`` (seconds since the epoch)."""

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

    A new instance is in service after ``launch_seconds`` (for AWS that is up to the instance), and counts as current
    capacity when it has warmed up: for the time of its policy, else the ``default_warmup`` of the group, else its
    ``default_cooldown``. All times in seconds. Raises ValueError for bounds that contradict each other, and for two
    policies of one name.
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
        self._policies = _by_name(policies)
        self._bounds = minimum, maximum
        self._default_warmup = default_warmup
        self._default_cooldown = default_cooldown
        self._launch_seconds = launch_seconds
        self._launches: list[_Launch] = []
        self._cooling_until = 0

    @property
    def alarms(self) -> tuple[MetricAlarm, ...]:
        """Those whose states ``step`` needs."""
        return tuple(alarm for policy in self._policies.values() for alarm in policy.alarms)

    def in_service(self, now: int) -> int:
        """Instances that work, warmed up or not: GroupInServiceInstances."""
        return self.desired - sum(each.instances for each in self._launches if each.in_service_at > now)

    def current(self, now: int) -> int:
        """Instances that have warmed up, so that they count in the metrics of the group."""
        return self.desired - sum(each.instances for each in self._launches if each.warm_at > now)

    def step(self, now: int, states: States, values: Mapping[str, float | None]) -> Decision | None:
        """What the policies decide at ``now``, to be asked every minute as their alarms repeat their actions.

        ``states`` are those of ``alarms`` by name, ``values`` the newest of each policy's metric, by its name.
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
        # Scaling in waits until nothing warms up any more.
        inwards = self._agreed(proposals) if capacity.current == self.desired else []
        return self._resize(now, _largest(inwards)) if inwards else None

    def _may_act(self, policy: Policy, now: int) -> bool:
        """A simple policy waits for the end of its cooldown, and of any launch."""
        ready = now >= self._cooling_until and self.in_service(now) == self.desired
        return ready or not isinstance(policy, SimpleScaling)

    def _agreed(self, proposals: Mapping[str, Proposal]) -> list[Proposal]:
        """Target tracking scales in only if all such policies that may scale in are ready to. Others stand alone."""
        tracking = {
            name for name, policy in self._policies.items() if isinstance(policy, TargetTracking) and policy.low
        }
        agreed = tracking <= proposals.keys()
        return [proposal for name, proposal in proposals.items() if agreed or name not in tracking]

    def _resize(self, now: int, proposal: Proposal) -> Decision | None:
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
            self._cooling_until = in_service_at + self._cooldown(policy)
        return Decision(now, old, self.desired, proposal.policy, _within(proposal, self.desired))

    def _cooldown(self, policy: SimpleScaling) -> int:
        return self._default_cooldown if policy.cooldown is None else policy.cooldown

    def _warmup(self, policy: Policy) -> int:
        candidates: Sequence[int | None] = (policy.common.warmup, self._default_warmup)
        otherwise = 0 if isinstance(policy, SimpleScaling) else self._default_cooldown
        return next((seconds for seconds in candidates if seconds is not None), otherwise)


def _by_name(policies: Iterable[Policy]) -> dict[str, Policy]:
    named: dict[str, Policy] = {}
    for policy in policies:
        if policy.common.name in named:
            raise ValueError(f"two policies are named {policy.common.name}")
        named[policy.common.name] = policy
    return {name: policy for name, policy in named.items() if policy.common.enabled}


def _largest(proposals: Sequence[Proposal]) -> Proposal:
    return max(proposals, key=lambda proposal: proposal.capacity)


def _within(proposal: Proposal, new: int) -> str:
    return proposal.reason if new == proposal.capacity else f"{proposal.reason}, the bounds of the group allow {new}"
