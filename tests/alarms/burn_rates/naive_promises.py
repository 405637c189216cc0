"""What the objectives promise, as plain numbers: when somebody must be paged or get a ticket, and how much was spent.

This module shares no code and no constant with ``alarms.burn_rates``. Its source is the sentence of the promise: so
many percent of all events are good, in 28 days; the rest is the budget. Somebody is paged when more than 2 % of the
budget are spent in one hour, or more than 5 % in six hours, and gets a ticket at more than 10 % in three days, as if
all 28 days had as many events as this time. Bad events must still go on: a twelfth of the time, the newest part, shows
the same speed. The longer time needs some events before it decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from tests.alarms.burn_rates.random_errors import ErrorSeries

HOUR, DAY = 60, 24 * 60  # in minutes
PROMISED = 28 * DAY
DECIMALS = 10_000  # the alarms know their thresholds to this part of a percent
# The percent of the budget, and the minutes in which so much of it may be spent.
PAGES = ((2, HOUR), (5, 6 * HOUR))
TICKETS = ((10, 3 * DAY),)

Verdict = bool | None  # None: the share is so near to the threshold that its rounding decides
Share = tuple[int, int]  # of a percentage: numerator and denominator


@dataclass(frozen=True)
class Promise:
    """``target`` percent of all events are good. Fewer than ``events_min`` events in a long time decide nothing."""

    target: Fraction
    events_min: int


PROMISES = {
    "api-availability": Promise(Fraction("99.5"), events_min=50),
    "api-latency": Promise(Fraction(99), events_min=50),
    "clips-processed": Promise(Fraction(99), events_min=10),
    "uploads-published": Promise(Fraction(99), events_min=10),
}


def spent_share(bad: int, valid_in_28_days: Fraction, target: Fraction) -> Fraction:
    """The part of the budget of 28 days that ``bad`` events use: 1 is all of it. ``target`` is in percent."""
    return bad / (valid_in_28_days * (100 - target) / 100)


def largest_share(promise: Promise, part: int, minutes: int) -> Fraction:
    """The percentage of bad events at which ``minutes`` spend exactly ``part`` percent of the budget."""
    return Fraction(part, 100) * PROMISED / minutes * (100 - promise.target)


def verdicts(promise: Promise, series: ErrorSeries) -> Iterator[tuple[Verdict, Verdict]]:
    """Whether the page, and whether the ticket must be in ALARM, after each compared minute of the series."""
    valid, bad = [[0, *accumulate(counts)] for counts in (series.valid, series.bad)]

    def pair(part: int, minutes: int) -> list[Verdict]:
        share = largest_share(promise, part, minutes).as_integer_ratio()
        return [
            both(
                fires(valid, bad, until(now, minutes, series.first_minute), minutes, promise.events_min, share),
                fires(valid, bad, now, minutes // 12, 1, share),
            )
            for now in range(series.compared_from + 1, len(valid))
        ]

    page = [either(*found) for found in zip(*(pair(*each) for each in PAGES), strict=True)]
    ticket = [either(*found) for found in zip(*(pair(*each) for each in TICKETS), strict=True)]
    return zip(page, ticket, strict=True)


def until(now: int, minutes: int, first_minute: int) -> int:
    """The end of the data that is known at ``now``: CloudWatch looks at more than a day once an hour only."""
    if minutes <= DAY:
        return now
    return max(0, (first_minute + now) // HOUR * HOUR - first_minute)


def fires(valid: Sequence[int], bad: Sequence[int], end: int, minutes: int, events_min: int, share: Share) -> Verdict:
    """Whether more than ``share`` of the events in the ``minutes`` before ``end`` are bad. The counts are sums."""
    begin = max(0, end - minutes)
    events, wrong = valid[end] - valid[begin], bad[end] - bad[begin]
    if events < events_min:
        return False
    distance, denominator = 100 * wrong * share[1] - share[0] * events, share[1]
    if DECIMALS % denominator and abs(distance) * DECIMALS <= denominator * events:
        return None
    return distance > 0


def both(first: Verdict, second: Verdict) -> Verdict:
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def either(*each: Verdict) -> Verdict:
    if True in each:
        return True
    return None if None in each else False
