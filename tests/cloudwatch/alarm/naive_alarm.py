"""A second, simple implementation of AWS's texts on alarms.

Each evaluation computes each of its periods from the single samples. Only the syntax tree of expressions is shared with
the code under test.
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
    contributors: dict[str, str] = {}
    interval = naive_interval(case)
    for now in range(case.start + 1, case.end + 1):
        if now % interval:
            continue
        until = (now - case.delay) // interval * interval
        before, contributors = contributors, contributors_after(case, until, case.size, contributors)
        if not warm:
            warm = is_warm(case, now, until)
            if not warm:
                continue
        verdict = verdict_of(case, until, case.size, before)
        if verdict not in ("keep", state) and not has_too_few_samples(case, until):
            state = verdict
            sizes = range(case.n, 2 * case.size + 1)
            yield now, state, any(verdict_of(case, until, size, before) != state for size in sizes)


def naive_interval(case: Case) -> int:
    if case.period < MINUTE:
        return 10
    return HOUR if case.n * case.period > DAY else MINUTE


def verdict_of(case: Case, until: int, size: int, contributors: dict[str, str]) -> str:
    if "GROUP BY" in case.expression:
        states = set(contributors_after(case, until, size, contributors).values())
        if not states:
            return naive_state("-" * size, case.m, case.mode, case.n)
        return next((state for state in ("ALARM", "OK") if state in states), "INSUFFICIENT_DATA")
    marks = ["-" if value is None else "X" if value > case.threshold else "0" for value in points(case, until, size)]
    return naive_state("".join(marks), case.m, case.mode, case.n)


def points(case: Case, until: int, size: int) -> list[float | None]:
    """The values of the newest ``size`` periods that have ended by ``until``, the oldest first."""
    periods = naive_periods(case, until, size)
    if case.is_query:
        return [aggregate(case, selected(case), period) for period in periods]
    if not case.expression:
        return [statistic(case, "m1", period) for period in periods]
    metrics = {
        name: {period[0]: value for period in periods if (value := statistic(case, name, period)) is not None}
        for name in case.samples
    }
    times = [start for start, _ in periods]
    result = NaiveEvaluator(times, metrics, case.period).of(parse(case.expression))
    return [result.get(time) for time in times]


def contributors_after(case: Case, until: int, size: int, before: dict[str, str]) -> dict[str, str]:
    """The states of the groups with data after an evaluation, in the order of the query, up to its limit."""
    if "GROUP BY" not in case.expression:
        return {}
    periods = naive_periods(case, until, size)
    windows = {group: [aggregate(case, names, period) for period in periods] for group, names in groups(case).items()}
    ranked = [
        (rank(case, [v for v in values if v is not None]), group)
        for group, values in windows.items()
        if any_data(values)
    ]
    ranked.sort(key=lambda pair: (-pair[0] if "DESC" in case.expression else pair[0], pair[1]))
    limit = int(case.expression.split("LIMIT ")[1]) if "LIMIT" in case.expression else None
    found = {}
    for _, group in ranked[:limit]:
        marks = ["-" if value is None else "X" if value > case.threshold else "0" for value in windows[group]]
        verdict = naive_state("".join(marks), case.m, case.mode, case.n)
        found[group] = before.get(group, "INSUFFICIENT_DATA") if verdict == "keep" else verdict
    return found


def groups(case: Case) -> dict[str, list[str]]:
    labels = case.expression.split("GROUP BY ")[1].split(" ORDER")[0].split(", ")
    found: dict[str, list[str]] = {}
    for name in selected(case):
        found.setdefault("/".join(label_of(name, label) for label in labels), []).append(name)
    return found


def any_data(values: Sequence[float | None]) -> bool:
    return any(value is not None for value in values)


def label_of(name: str, label: str) -> str:
    return name.split("/")[0 if label == "Host" else 1]


def selected(case: Case) -> list[str]:
    if "WHERE Zone" in case.expression:
        return [name for name in case.samples if label_of(name, "Zone") == "x"]
    if "WHERE Host" in case.expression:
        return [name for name in case.samples if label_of(name, "Host") != "a"]
    return list(case.samples)


def rank(case: Case, values: list[float]) -> float:
    function = case.expression.split("ORDER BY ")[1].split("(")[0]
    return _function(function, values)


def aggregate(case: Case, names: Sequence[str], period: Period) -> float | None:
    values = [value for name in names for value in inside(case, name, period)]
    return _function(case.expression.split("(")[0].removeprefix("SELECT "), values) if values else None


def _function(name: str, values: Sequence[float]) -> float:
    if name == "AVG":
        return sum(values) / len(values)
    return {"COUNT": len(values), "MAX": max(values), "MIN": min(values), "SUM": sum(values)}[name]


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
    """Whether a period of a minute, five minutes, an hour, a day or a week begins at that time on the wall clock."""
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
    """Whether the newest period has a datapoint, and the data began no later than the evaluation periods.

    For metric math that depends on its range, and for periods on the wall clock, only whole periods are compared.
    """
    if "GROUP BY" in case.expression:
        return is_full_of_groups(case, until)
    seen = points(case, until, 2 * case.n)
    if seen[-1] is None:
        return False
    if case.zone is not None or depends_on_range(case):
        return any(value is not None for value in seen[: case.n + 1])
    step = math.gcd(naive_interval(case), case.period)
    latest = until - case.n * case.period + step
    ends = range(until - (2 * case.n - 1) * case.period, latest + 1, step)
    return any(points(case, end, 1)[0] is not None for end in ends)


def is_full_of_groups(case: Case, until: int) -> bool:
    """Whether the periods of any time series of a query are full. Only whole periods are compared."""
    for names in groups(case).values():
        seen = [aggregate(case, names, period) for period in naive_periods(case, until, 2 * case.n)]
        if seen[-1] is not None and any_data(seen[: case.n + 1]):
            return True
    return False


def depends_on_range(case: Case) -> bool:
    names = ("AVG(m", "MIN(m", "MAX(m", "SUM(m", "STDDEV", "COUNT", "RUNNING", "LINEAR", "REPEAT", "DIFF", "RATE")
    return not case.is_query and any(name in case.expression for name in (*names, "SORT", "REMOVE_EMPTY"))
