"""Random series of good and bad events, minute by minute, near the shares at which alarms fire.

A share of bad events over time (a shape) meets numbers of events over time (a traffic). Bad events come as evenly as
the share allows, so series often meet a threshold exactly.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

DAY = 24 * 60
# The shares of bad events, in percent of all, around which something happens, by the minutes of a long window.
THRESHOLDS = {60: (6.72, 13.44), 6 * 60: (2.8, 5.6), 3 * DAY: (7 / 15, 14 / 15)}
LEVELS = (0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 1.5, 2.0, 3.0)
EVENTS_A_MINUTE = (0.2, 0.9, 1.0, 2.0, 3.0)


@dataclass(frozen=True)
class ErrorSeries:
    """The numbers of valid and of bad events of each minute; the first is minute ``first_minute`` of a day.

    Alarms are compared after each minute from ``compared_from`` on; the minutes before are their past. ``shape`` and
    ``traffic`` say how the later minutes were made.
    """

    seed: int
    shape: str
    traffic: str
    first_minute: int
    compared_from: int
    valid: list[int]
    bad: list[int]

    def __str__(self) -> str:
        return f"the series of seed {self.seed} ({self.shape}; traffic {self.traffic})"

    @property
    def minutes_compared(self) -> int:
        return len(self.valid) - self.compared_from


Shares = list[float]
Shape = Callable[[random.Random, int, float, int], Shares]  # of minutes, a share, and a window in minutes
Traffic = Callable[[random.Random, int, float], list[int]]  # of minutes, and events a minute


def error_series(seed: int) -> ErrorSeries:
    """The series of a seed. Most are compared for an hour, one of 100 for some hours, one of 400 for days."""
    rng = random.Random(seed)
    minutes, rate = _length(rng), rng.choice(EVENTS_A_MINUTE)
    window = rng.choice(list(THRESHOLDS))
    threshold = rng.choice(THRESHOLDS[window]) / 100
    if rng.random() < 1 / 12:  # exactly the threshold
        shape, traffic, share, past = "steady", "a lot at once", threshold, 0
    else:
        shape, traffic = rng.choice(list(SHAPES)), rng.choice(list(TRAFFICS))
        share, past = min(1.0, threshold * rng.choice(LEVELS)), _past_minutes(rng, window)
    valid, bad = _past(rng, past, rate, share)
    now = TRAFFICS[traffic](rng, minutes, rate)
    bad += _bad(now, SHAPES[shape](rng, minutes, share, window))
    return ErrorSeries(seed, shape, traffic, rng.randrange(DAY), past, valid + now, bad)


def _past_minutes(rng: random.Random, window: int) -> int:
    """None, or about as long as the window. At least 6 hours: without them, the window of 6 hours fires first."""
    if rng.random() < (0.3 if window < DAY else 0.75):
        return 0
    return max(6 * 60, window) + rng.randint(-90, 90 if window < DAY else 2 * DAY)


def _past(rng: random.Random, minutes: int, rate: float, share: float) -> tuple[list[int], list[int]]:
    """The valid and the bad events before the first comparison. They come in about 40 of the minutes."""
    valid = [0] * minutes
    distance = max(10, minutes // 40)
    for minute in range(rng.randrange(distance), minutes, distance):
        valid[minute] = max(1, round(rate * distance))
    bad = _bad(valid, [rng.choice((0.0, 0.0, share))] * minutes)
    if minutes and rng.random() < 0.4:
        minute = rng.randrange(minutes)
        valid[minute] = bad[minute] = max(1, int(rate * minutes * share))
    return valid, bad


def _length(rng: random.Random) -> int:
    kind = rng.random()
    if kind < 1 / 400:
        return rng.randint(DAY, 4 * DAY)
    return rng.randint(4 * 60, 14 * 60) if kind < 1 / 100 else rng.randint(30, 90)


def _bad(valid: list[int], shares: Shares) -> list[int]:
    """The whole bad events of each minute: as soon as the shares of the events add up to one more."""
    due = [int(total + 1e-9) for total in accumulate(map(float.__mul__, shares, map(float, valid)), initial=0.0)]
    return [after - before for before, after in pairwise(due)]


def _steady(_: random.Random, minutes: int, share: float, __: int) -> Shares:
    return [share] * minutes


def _outage(rng: random.Random, minutes: int, share: float, window: int) -> Shares:
    begin = rng.randrange(minutes)
    return _all_bad(minutes, begin, begin + max(1, round(share * window)))


def _outage_at_the_start(_: random.Random, minutes: int, share: float, window: int) -> Shares:
    return _all_bad(minutes, 0, max(1, round(share * window)))


def _bursts(rng: random.Random, minutes: int, share: float, _: int) -> Shares:
    strength = rng.choice((0.25, 0.5, 1.0))
    return [strength if rng.random() < share / strength else 0.0 for _ in range(minutes)]


def _ramp(_: random.Random, minutes: int, share: float, __: int) -> Shares:
    return [min(1.0, 2 * share * minute / minutes) for minute in range(minutes)]


def _recovering(rng: random.Random, minutes: int, share: float, _: int) -> Shares:
    end = rng.randint(1, minutes)
    return [min(1.0, 2 * share)] * end + [0.0] * (minutes - end)


def _all_bad(minutes: int, begin: int, end: int) -> Shares:
    return [1.0 if begin <= minute < end else 0.0 for minute in range(minutes)]


def _even(_: random.Random, minutes: int, rate: float) -> list[int]:
    return [int(rate * (minute + 1)) - int(rate * minute) for minute in range(minutes)]


def _uneven(rng: random.Random, minutes: int, rate: float) -> list[int]:
    return [int(rng.random() * (2 * rate + 1)) for _ in range(minutes)]


def _low(rng: random.Random, minutes: int, _: float) -> list[int]:
    """About as many events as a long window needs to decide."""
    valid = [0] * minutes
    for _ in range(rng.choice((1, 3, 9, 10, 11, 49, 50, 51))):
        valid[rng.randrange(minutes)] += 1
    return valid


def _with_gaps(rng: random.Random, minutes: int, rate: float) -> list[int]:
    valid = _even(rng, minutes, rate)
    for _ in range(rng.randint(1, 3)):
        begin, length = rng.randrange(minutes), rng.randint(2, max(2, minutes // 3))
        valid[begin : begin + length] = [0] * len(valid[begin : begin + length])
    return valid


def _a_lot_at_once(rng: random.Random, minutes: int, _: float) -> list[int]:
    """Few minutes with many events: shares are exact there."""
    valid = [0] * minutes
    for _ in range(rng.randint(1, 4)):
        valid[rng.randrange(minutes)] = rng.choice((50, 125, 250, 500, 1500))
    return valid


SHAPES: Mapping[str, Shape] = {
    "steady": _steady,
    "outage": _outage,
    "outage at the start": _outage_at_the_start,
    "bursts": _bursts,
    "ramp": _ramp,
    "recovering": _recovering,
}
TRAFFICS: Mapping[str, Traffic] = {
    "even": _even,
    "uneven": _uneven,
    "low": _low,
    "with gaps": _with_gaps,
    "a lot at once": _a_lot_at_once,
}
