"""Times of uploads: seconds from the beginning of the simulation, rising."""

import math
import random
from collections.abc import Iterator

DAY = 86_400.0
DAILY_SWING = 0.9  # the rate varies between 1 - 0.9 and 1 + 0.9 times its mean
BURST_UPLOADS = 200
BURST_EVERY_SECONDS = 4 * 3600.0


def poisson(per_minute: float, chance: random.Random) -> Iterator[float]:
    """Independent uploads at a steady rate."""
    now = 0.0
    while True:
        now += chance.expovariate(per_minute / 60)
        yield now


def diurnal(per_minute: float, chance: random.Random) -> Iterator[float]:
    """The same rate every day, with the mean ``per_minute``: lowest at midnight, highest at noon.

    The times are those of a faster Poisson process from which uploads are removed at random (thinning).
    """
    highest = 1 + DAILY_SWING
    for now in poisson(per_minute * highest, chance):
        if chance.random() * highest < 1 - DAILY_SWING * math.cos(2 * math.pi * now / DAY):
            yield now


def bursts(per_minute: float, chance: random.Random) -> Iterator[float]:
    """A Poisson process at a tenth of the rate, and every BURST_EVERY_SECONDS a minute with BURST_UPLOADS more."""
    quiet = poisson(per_minute / 10, chance)
    upload, burst_at = next(quiet), BURST_EVERY_SECONDS / 2
    while True:
        if upload < burst_at:
            yield upload
            upload = next(quiet)
            continue
        times = sorted(burst_at + 60 * chance.random() for _ in range(BURST_UPLOADS))
        for time in times:
            while upload < time:
                yield upload
                upload = next(quiet)
            yield time
        burst_at += BURST_EVERY_SECONDS
