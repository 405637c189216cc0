"""Computes the capacity that a scaling policy proposes. Capacity is a number of instances, without weights.

Sources: "Step and simple scaling policies" and "Target tracking scaling policies" in the EC2 Auto Scaling user guide.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class AdjustmentType(StrEnum):
    CHANGE = "ChangeInCapacity"
    EXACT = "ExactCapacity"
    PERCENT = "PercentChangeInCapacity"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of the capacity by ``amount`` instances or percent, or a capacity of ``amount`` instances.

    ``minimum_magnitude`` is MinAdjustmentMagnitude: the fewest instances that a percentage adds or removes.
    """

    type: AdjustmentType
    amount: int
    minimum_magnitude: int = 0

    def applied_to(self, capacity: int) -> int:
        """The capacity after the adjustment of ``capacity``; the bounds of the group are not applied.

        A percentage is rounded towards zero, but to at least one instance.
        """
        if self.type is AdjustmentType.EXACT:
            return self.amount
        if self.type is AdjustmentType.CHANGE:
            return capacity + self.amount
        hundredths = capacity * self.amount
        if not hundredths:
            return capacity
        instances = max(abs(hundredths) // 100, 1, self.minimum_magnitude)
        return capacity + (instances if hundredths > 0 else -instances)


@dataclass(frozen=True, slots=True)
class Step:
    """An adjustment for a range of the metric. The bounds are relative to the threshold of the alarm.

    A bound is infinite if the call leaves it out.
    """

    lower: float
    upper: float
    amount: int

    def holds(self, difference: float, *, above: bool) -> bool:
        """True if ``difference`` (metric minus threshold) is in the step.

        The lower bound belongs to a step above the threshold, and the upper bound to a step below it.
        """
        if above:
            return self.lower <= difference < self.upper
        return self.lower < difference <= self.upper


def step_problems(steps: Sequence[Step]) -> list[str]:
    """The reasons why PutScalingPolicy would refuse this combination of ``steps``."""
    problems = []
    ordered = sorted(steps, key=lambda step: (step.lower, step.upper))
    if any(step.lower >= step.upper for step in steps):
        problems.append("the lower bound of a step must be less than the upper one")
    if any(math.isinf(step.lower) and math.isinf(step.upper) for step in steps):
        problems.append("a step needs at least one bound")
    if any(one.upper != other.lower for one, other in pairwise(ordered)):
        problems.append("the steps overlap, or leave a gap")
    if ordered and ordered[0].lower < 0 and not math.isinf(ordered[0].lower):
        problems.append("if a step has a negative lower bound, one step must have no lower bound")
    if ordered and ordered[-1].upper > 0 and not math.isinf(ordered[-1].upper):
        problems.append("if a step has a positive upper bound, one step must have no upper bound")
    return problems


def proportional_capacity(capacity: int, value: float, target: float) -> int:
    """The fewest instances that bring ``value`` to ``target``, if ``value`` is inversely proportional to their number.

    The number is rounded up, for scaling out and for scaling in. AWS does not document the number for a capacity of 0;
    here it is 1.
    """
    if not capacity:
        return 1 if value > target else 0
    return math.ceil(round(capacity * value / target, 6))
