"""How many instances a scaling policy asks for. Capacity is counted in instances; weights are not known here.

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
    """``minimum_magnitude`` is MinAdjustmentMagnitude."""

    type: AdjustmentType
    amount: int
    minimum_magnitude: int = 0

    def applied_to(self, capacity: int) -> int:
        """The capacity that the adjustment makes of ``capacity``, regardless of the bounds of a group."""
        if self.type is AdjustmentType.EXACT:
            return self.amount
        if self.type is AdjustmentType.CHANGE:
            return capacity + self.amount
        return capacity + self._percent(capacity * self.amount)

    def _percent(self, hundredths: int) -> int:
        """Rounded towards zero, but away from it if less than one instance."""
        if not hundredths:
            return 0
        instances = max(abs(hundredths) // 100, 1, self.minimum_magnitude)
        return instances if hundredths > 0 else -instances


@dataclass(frozen=True, slots=True)
class Step:
    """Bounds of the metric relative to the threshold of the alarm; infinite if the call leaves them out."""

    lower: float
    upper: float
    amount: int

    def holds(self, difference: float, *, above: bool) -> bool:
        """Above the threshold the lower bound belongs to the step, below it the upper one."""
        if above:
            return self.lower <= difference < self.upper
        return self.lower < difference <= self.upper


def step_problems(steps: Sequence[Step]) -> list[str]:
    """What PutScalingPolicy would refuse about ``steps`` as a whole."""
    problems = []
    ordered = sorted(steps, key=lambda step: (step.lower, step.upper))
    if any(step.lower >= step.upper for step in steps):
        problems.append("the lower bound of a step must be less than the upper one")
    if any(math.isinf(step.lower) and math.isinf(step.upper) for step in steps):
        problems.append("a step needs at least one bound")
    if any(one.upper != other.lower for one, other in pairwise(ordered)):
        problems.append("the steps overlap, or leave a gap")
    if ordered and ordered[0].lower < 0 and not math.isinf(ordered[0].lower):
        problems.append("with a negative lower bound, one step must have none")
    if ordered and ordered[-1].upper > 0 and not math.isinf(ordered[-1].upper):
        problems.append("with a positive upper bound, one step must have none")
    return problems


def proportional_capacity(capacity: int, value: float, target: float) -> int:
    """The fewest instances that bring ``value`` down to ``target``, if it falls as they become more.

    Rounded up, on the way out as on the way in. From no instances AWS does not say how many; here it is one.
    """
    if not capacity:
        return 1 if value > target else 0
    return math.ceil(round(capacity * value / target, 6))
