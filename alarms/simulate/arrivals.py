"""When uploads come: times in seconds from the beginning, rising."""

import math
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from cloudwatch.emf import EmfReader, EmfViolation, log_lines

DAY = 86_400.0


def poisson(per_minute: float, chance: random.Random) -> Iterator[float]:
    """Independent of each other, at a steady rate."""
    now = 0.0
    while True:
        now += chance.expovariate(per_minute / 60)
        yield now


def diurnal(per_minute: float, chance: random.Random, swing: float = 0.9) -> Iterator[float]:
    """A steady day after day: ``per_minute`` is the mean; between 1 - ``swing`` and 1 + ``swing`` of it, from night
    to evening. By thinning a faster Poisson process."""
    highest = 1 + swing
    for now in poisson(per_minute * highest, chance):
        if chance.random() * highest < 1 - swing * math.cos(2 * math.pi * now / DAY):
            yield now


def bursts(per_minute: float, chance: random.Random, *, size: int = 200, every: float = 4 * 3600.0) -> Iterator[float]:
    """A Poisson process at a tenth of the rate, and ``size`` uploads within a minute ``every`` so many seconds."""
    quiet = poisson(per_minute / 10, chance)
    upload, burst_at = next(quiet), every / 2
    while True:
        if upload < burst_at:
            yield upload
            upload = next(quiet)
            continue
        times = sorted(burst_at + 60 * chance.random() for _ in range(size))
        for time in times:
            while upload < time:
                yield upload
                upload = next(quiet)
            yield time
        burst_at += every


def recorded(paths: Iterable[Path], repeats: int = 1) -> Iterator[float]:
    """The accepted uploads of recorded EMF logs of the API, ``repeats`` times one after the other."""
    times = sorted(_upload_times(paths))
    if not times:
        raise ValueError("these logs have no accepted upload (metric UploadBytes)")
    length = times[-1] - times[0] + 60
    for turn in range(repeats):
        yield from (turn * length + time - times[0] for time in times)


def _upload_times(paths: Iterable[Path]) -> Iterator[float]:
    for path in paths:
        for point in EmfReader().scan_lines(log_lines(path)):
            if not isinstance(point, EmfViolation) and point.name == "UploadBytes" and len(point.dimensions) == 1:
                yield point.timestamp_ms / 1000
