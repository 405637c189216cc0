"""Multi-window multi-burn-rate alerting: how fast an error budget may be spent before somebody must act.

An objective promises that a share of all events is good, for example 99.5 % in 28 days. The rest, 0.5 %, is the error
budget. The burn rate is the share of bad events in a window divided by the budget: at a burn rate of 1 the budget lasts
exactly 28 days. Source: "Alerting on SLOs" in The Site Reliability Workbook, chapter 5, whose factors are those of 30
days. Each pair of windows fires at the burn rate that spends a fixed part of the budget within the long window. The
short window, a twelfth of it, ends the alarm soon after the cause has ended.
"""

from dataclasses import dataclass
from fractions import Fraction

OBJECTIVE_DAYS = 28
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """A time over which the share of bad events is computed.

    The long window of a pair decides whether the alarm fires. The short one ends it.
    """

    seconds: int
    is_long: bool

    @property
    def minutes(self) -> int:
        return self.seconds // MINUTE

    @property
    def minutes_between_evaluations(self) -> int:
        """CloudWatch evaluates an alarm over more than a day once an hour."""
        return 60 if self.seconds > DAY else 1

    @property
    def text(self) -> str:
        """``5m``, ``6h`` or ``3d``."""
        unit, letter = next((u, a) for u, a in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")) if self.seconds % u == 0)
        return f"{self.seconds // unit}{letter}"


@dataclass(frozen=True, slots=True)
class BurnRate:
    """A pair of windows, and the part of the budget that is spent within the long one when the alarm fires."""

    name: str
    long: Window
    short: Window
    budget_part: Fraction
    pages: bool

    @property
    def windows(self) -> tuple[Window, Window]:
        return self.long, self.short

    @property
    def factor(self) -> Fraction:
        """The burn rate from which on both windows fire: 13.44 for the fast pair."""
        return self.budget_part * OBJECTIVE_DAYS * DAY / self.long.seconds


def _pair(name: str, long: int, percent: int, *, pages: bool) -> BurnRate:
    return BurnRate(name, Window(long, is_long=True), Window(long // 12, is_long=False), Fraction(percent, 100), pages)


FAST = _pair("fast", HOUR, 2, pages=True)
MEDIUM = _pair("medium", 6 * HOUR, 5, pages=True)
SLOW = _pair("slow", 3 * DAY, 10, pages=False)
BURN_RATES = (FAST, MEDIUM, SLOW)
