"""A second reading of AWS's texts on alarms: each evaluation computes each of its periods from the single samples.

It shares with the code under test the syntax tree of expressions and nothing else.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from cloudwatch.metric_math import parse
from tests.cloudwatch.alarm.random_alarms import DAY, HOUR, MINUTE, Case
from tests.cloudwatch.alarm.test_missing_data import naive_state
from tests.cloudwatch.metric_math.naive_evaluator import NaiveEvaluator

Change = tuple[int, str]
Period = tuple[int, int]


def naive_changes(case: Case) -> Iterator[tuple[int, str, bool]]:
    """Time, new state, and whether a range of another size would have given another state."""
    state, warm = "INSUFFICIENT_DATA", case.warm_up is None
    interval = naive_interval(case)
    for now in range(case.start + 1, case.end + 1):
        if now % interval:
            continue
        until = (now - case.delay) // interval * interval
        if not warm:
            warm = is_warm(case, now, until)
            if not warm:
                continue
        verdict = verdict_of(case, until, case.size)
        if verdict not in ("keep", state) and not has_too_few_samples(case, until):
            state = verdict
            sizes = range(case.n, 2 * case.size + 1)
            yield now, state, any(verdict_of(case, until, size) != state for size in sizes)


def naive_interval(case: Case) -> int:
    if case.period < MINUTE:
        return 10
    return HOUR if case.n * case.period > DAY else MINUTE


def verdict_of(case: Case, until: int, size: int) -> str:
    marks = ["-" if value is None else "X" if value > case.threshold else "0" for value in points(case, until, size)]
    return naive_state("".join(marks), case.m, case.mode, case.n)


def points(case: Case, until: int, size: int) -> list[float | None]:
    """The values of the newest ``size`` periods that have ended by ``until``, the oldest first."""
    periods = naive_periods(case, until, size)
    if not case.expression:
        return [statistic(case, "m1", period) for period in periods]
    metrics = {
        name: {period[0]: value for period in periods if (value := statistic(case, name, period)) is not None}
        for name in case.samples
    }
    times = [start for start, _ in periods]
    result = NaiveEvaluator(times, metrics, case.period).of(parse(case.expression))
    return [result.get(time) for time in times]


def naive_periods(case: Case, until: int, size: int) -> list[Period]:
    if case.zone is None:
        ends = [until - age * case.period for age in range(size)]
        return [(end - case.period, end) for end in reversed(ends)]
    boundaries: list[int] = []
    at = until
    while len(boundaries) < size + 1:
        if begins_a_period(at, case.period, case.zone):
            boundaries.append(at)
        at -= at % (5 * MINUTE) or (5 * MINUTE if case.period > MINUTE else MINUTE)
        if case.period == MINUTE:
            at = until - len(boundaries) * MINUTE
    boundaries.reverse()
    return list(pairwise(boundaries))


@cache
def begins_a_period(at: int, period: int, zone: str) -> bool:
    """Whether the clock on the wall shows the beginning of a minute, five minutes, an hour, a day or a week."""
    wall = datetime.fromtimestamp(at, naive_zone(zone))
    if period < HOUR:
        return wall.second == 0 and wall.minute % (period // MINUTE) == 0
    if wall.minute or wall.second:
        return False
    return period == HOUR or (wall.hour == 0 and (period == DAY or wall.weekday() == 0))


def naive_zone(zone: str) -> tzinfo:
    return {
        "+05:30": timezone(timedelta(hours=5, minutes=30)),
        "UTC-03:35": timezone(-timedelta(hours=3, minutes=35)),
        "Z": UTC,
    }.get(zone) or ZoneInfo(zone)


def inside(case: Case, name: str, period: Period) -> list[float]:
    return [value for time, value in case.samples[name] if period[0] <= time < period[1]]


def statistic(case: Case, name: str, period: Period) -> float | None:
    values = inside(case, name, period)
    return _of(case.statistic, values) if values else None


def _of(name: str, values: Sequence[float]) -> float:
    if name.startswith("p"):
        return sorted(values)[max(math.ceil(int(name[1:]) * len(values) / 100), 1) - 1]
    return {
        "Average": sum(values) / len(values),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
        "SampleCount": float(len(values)),
    }[name]


def has_too_few_samples(case: Case, until: int) -> bool:
    if not case.ignores_low_samples:
        return False
    needed = {"p50": 20, "p90": 100, "p99": 1_000}[case.statistic]
    counts = [len(inside(case, "m1", period)) for period in naive_periods(case, until, case.size)]
    return any(count < needed for count in [count for count in counts if count][-case.n :])


def is_warm(case: Case, now: int, until: int) -> bool:
    """Whether the warm-up of an alarm that was created at the start has ended."""
    assert case.warm_up is not None
    minutes, whole = case.warm_up
    if now >= case.start + minutes * MINUTE:
        return True
    return not whole and is_full(case, until)


def is_full(case: Case, until: int) -> bool:
    """A datapoint for the newest period, and data that began when the evaluation periods began, or before.

    A result of metric math that depends on its range, and a period on the wall clock, is known by whole periods only.
    """
    seen = points(case, until, 2 * case.n)
    if seen[-1] is None:
        return False
    if case.zone is not None or depends_on_range(case):
        return any(value is not None for value in seen[: case.n + 1])
    step = math.gcd(naive_interval(case), case.period)
    latest = until - case.n * case.period + step
    ends = range(until - (2 * case.n - 1) * case.period, latest + 1, step)
    return any(points(case, end, 1)[0] is not None for end in ends)


def depends_on_range(case: Case) -> bool:
    names = ("AVG(m", "MIN(m", "MAX(m", "SUM(m", "STDDEV", "COUNT", "RUNNING", "LINEAR", "REPEAT", "DIFF", "RATE")
    return any(name in case.expression for name in (*names, "SORT", "REMOVE_EMPTY"))
