"""Scaling policies of EC2 Auto Scaling, and the capacity that each proposes.

Source: the pages on target tracking, step and simple scaling policies in the EC2 Auto Scaling user guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from cloudwatch.alarm.metric_alarm import Comparison, MetricAlarm
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.watched import Watched
from cloudwatch.scaling.adjustment import Adjustment, AdjustmentType, Step, proportional_capacity
from cloudwatch.scaling.policy_parameters import CommonParameters

States = Mapping[str, AlarmState]


@dataclass(frozen=True, slots=True)
class Capacity:
    """The number of instances. ``desired`` includes instances that launch or warm up, ``current`` does not."""

    desired: int
    current: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """The capacity that a policy proposes.

    It is more than the desired capacity to scale out. It is equal or less if the policy is ready to scale in.
    """

    policy: str
    capacity: int
    reason: str


class Policy(Protocol):
    @property
    def common(self) -> CommonParameters: ...
    @property
    def alarms(self) -> tuple[MetricAlarm, ...]: ...
    def propose(self, capacity: Capacity, states: States, value: float | None) -> Proposal | None:
        """The capacity that the policy proposes now, or None.

        ``states`` are those of its alarms by name. ``value`` is the newest value of its metric, None if there is none.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTracking:
    """Keeps a metric at a target with two alarms of its own. ``low`` is None if scaling in is disabled."""

    common: CommonParameters
    target: float
    high: MetricAlarm
    low: MetricAlarm | None

    @classmethod
    def of(
        cls,
        common: CommonParameters,
        watched: Watched,
        target: float,
        *,
        scales_in: bool = True,
        high_periods: int = 3,
        low_periods: int = 15,
        scale_in_margin: float = 0.1,
    ) -> Self:
        """The policy with its alarms.

        The high alarm fires when all ``high_periods`` are above the target. The low alarm fires when all
        ``low_periods`` are below the target by ``scale_in_margin``, a share of the target (0 to 1). AWS does not
        document these figures; the defaults are those that users observed. Since November 2024 Auto Scaling tunes these
        alarms to the metric and to the speed of its changes, so the real alarms may be faster.
        """
        low = _tracking_alarm(common, watched, Comparison.LESS, target * (1 - scale_in_margin), low_periods)
        high = _tracking_alarm(common, watched, Comparison.GREATER, target, high_periods)
        return cls(common=common, target=target, high=high, low=low if scales_in else None)

    @property
    def alarms(self) -> tuple[MetricAlarm, ...]:
        return (self.high, self.low) if self.low else (self.high,)

    def propose(self, capacity: Capacity, states: States, value: float | None) -> Proposal | None:
        if value is None:
            return None
        needed = proportional_capacity(capacity.current, value, self.target)
        reason = f"{value} against a target of {self.target} needs {needed} instances"
        proposal = Proposal(self.common.name, needed, reason)
        if states.get(self.high.name) is AlarmState.ALARM:
            return proposal if needed > capacity.desired else None
        ready = self.low is not None and states.get(self.low.name) is AlarmState.ALARM
        return proposal if ready and needed <= capacity.desired else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScaling:
    """Adjusts the capacity while its alarm is in ALARM. The size of the breach selects the step.

    ``alarm`` has this policy as an action. None: no alarm has, so the policy never acts.
    """

    common: CommonParameters
    alarm: MetricAlarm | None
    type: AdjustmentType
    steps: tuple[Step, ...]
    minimum_magnitude: int = 0

    @property
    def alarms(self) -> tuple[MetricAlarm, ...]:
        return (self.alarm,) if self.alarm else ()

    def propose(self, capacity: Capacity, states: States, value: float | None) -> Proposal | None:
        if value is None or not self.alarm or states.get(self.alarm.name) is not AlarmState.ALARM:
            return None
        difference = value - self.alarm.threshold
        above = difference > 0 or (difference == 0 and self.alarm.comparison.upward)
        step = next((step for step in self.steps if step.holds(difference, above=above)), None)
        if step is None:
            return None
        adjustment = Adjustment(self.type, step.amount, self.minimum_magnitude)
        cause = f"{value} against a threshold of {self.alarm.threshold}"
        return _adjusted(self.common.name, adjustment, capacity, cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleScaling:
    """One adjustment while its alarm is in ALARM, then a pause of ``cooldown`` seconds (None: that of the group).

    ``alarm`` has this policy as an action. If it is None, no alarm has it, so the policy never acts.
    """

    common: CommonParameters
    alarm: MetricAlarm | None
    adjustment: Adjustment
    cooldown: int | None = None

    @property
    def alarms(self) -> tuple[MetricAlarm, ...]:
        return (self.alarm,) if self.alarm else ()

    def propose(self, capacity: Capacity, states: States, value: float | None) -> Proposal | None:
        """The proposal does not depend on ``value``, because the size of the breach does not matter."""
        if not self.alarm or states.get(self.alarm.name) is not AlarmState.ALARM:
            return None
        return _adjusted(self.common.name, self.adjustment, Capacity(capacity.desired, capacity.desired), "its alarm")


def _tracking_alarm(
    common: CommonParameters, watched: Watched, comparison: Comparison, threshold: float, periods: int
) -> MetricAlarm:
    kind = "AlarmHigh" if comparison.upward else "AlarmLow"
    return MetricAlarm(
        name=f"TargetTracking-{common.group}-{kind}-{common.name}",
        watched=watched,
        comparison=comparison,
        threshold=threshold,
        evaluation_periods=periods,
        datapoints_to_alarm=periods,
    )


def _adjusted(name: str, adjustment: Adjustment, capacity: Capacity, cause: str) -> Proposal | None:
    """The proposal of an adjustment, or None if the desired capacity stays.

    Scaling out starts from the current capacity, so that instances that still warm up are not added again. Scaling in
    starts from the desired capacity.
    """
    outwards = adjustment.applied_to(capacity.current)
    inwards = adjustment.applied_to(capacity.desired)
    proposed = outwards if outwards > capacity.desired else min(inwards, capacity.desired)
    reason = f"{cause}: {adjustment.type} {adjustment.amount} gives {proposed} instances"
    return Proposal(name, proposed, reason) if proposed != capacity.desired else None
