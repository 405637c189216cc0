"""Random alarms of every kind that is played, with random data around their evaluations. A seed fixes a case."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cloudwatch.emf import Datapoint
from cloudwatch.metric import MetricId
from cloudwatch.store import MetricStore
from tests.cloudwatch.alarm.test_missing_data import MODES

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
METRICS = {name: MetricId.of("Shop", name, {"Service": "api"}) for name in ("m1", "m2")}
SIMPLE = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
EXTENDED = ("p50", "p90", "p99")
# Metrics Insights: the metrics "Wait" of hosts and zones, as (Host, Zone).
HOSTS = (("a", "x"), ("a", "y"), ("b", "x"), ("c", "y"))
WAITS = {"/".join(pair): MetricId.of("Shop", "Wait", dict(zip(("Host", "Zone"), pair, strict=True))) for pair in HOSTS}
QUERIES = tuple(
    f"SELECT {function}(Wait) FROM Shop{where}{tail}"  # noqa: S608 - no database reads this
    for function in ("AVG", "COUNT", "MAX", "MIN", "SUM")
    for where in ("", " WHERE Zone = 'x'", " WHERE Host != 'a'")
    for tail in (
        "",
        " GROUP BY Host ORDER BY AVG() DESC",
        " GROUP BY Host ORDER BY MAX() ASC LIMIT 1",
        " GROUP BY Host, Zone ORDER BY SUM() DESC LIMIT 2",
        " GROUP BY Zone ORDER BY COUNT() DESC",
    )
)
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "America/Bogota", "+05:30", "UTC-03:35", "Z")
# Times near changes of clocks, and one other time.
NEAR = ("2026-03-08T05:00", "2026-11-01T04:00", "2026-03-29T00:00", "2026-10-25T00:00", "2026-06-16T18:30")
EXPRESSIONS = (
    *("m1 / m2", "m1 - m2", "100 * m1 / (m1 + m2)", "IF(m1 > 2 * AVG(m1), 1, 0)", "m1 - MIN(m1)", "RUNNING_SUM(m1)"),
    *("FILL(m1, LINEAR)", "FILL(m1, REPEAT) + m2", "DIFF(m1)", "RATE(m1) * PERIOD(m1)", "DIFF_TIME(m1) / 60"),
    *("IF(MAX(m1) > 5, m1, m2)", "SUM([m1, m2])", "MAX(METRICS())", "HOUR(m1) + MINUTE(m1)", "FILL(m1, 0)"),
    *("IF(DATAPOINT_COUNT(m1) > 1, m2, m1)", "m1 / STDDEV(m1)", "FIRST(SORT(METRICS(), SUM, DESC))", "EPOCH(m1) % 7"),
    *("LAST(REMOVE_EMPTY(METRICS()))", "IF(m1 > m2, m1)", "TIME_SERIES(SUM(m1))", "FIRST(SLICE(METRICS(), 1))"),
    *("m1 > AVG(m1) AND m2 < MAX(m2)", "DAY(m1)", "-m1 + 6", "AVG([m1, m2])", "FILL(m1, m2)", "TIME_SERIES(AVG(m2))"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """An alarm, its data ({name: [(time, value)]}), and the times between which it is evaluated.

    ``zone`` None means that its periods slide. ``expression`` "" means the single metric m1; it may be a query (SELECT
    …).
    """

    seed: int
    period: int
    n: int
    m: int
    mode: str
    threshold: float
    statistic: str
    expression: str
    zone: str | None
    warm_up: tuple[int, bool] | None
    ignores_low_samples: bool
    samples: Mapping[str, list[tuple[int, float]]]
    start: int
    end: int
    size: int
    delay: int

    def parameters(self) -> dict[str, Any]:
        """The PutMetricAlarm call."""
        values: dict[str, Any] = {
            "AlarmName": f"case {self.seed}",
            "EvaluationPeriods": self.n,
            "DatapointsToAlarm": self.m,
            "Threshold": self.threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": self.mode,
        }
        if self.zone is not None:
            values["EvaluationWindow"] = {"WallClockWindow": {"Timezone": self.zone}}
        if self.warm_up:
            minutes, whole = self.warm_up
            values["WarmUpConfiguration"] = {
                "WarmUpPeriodDurationInMinutes": minutes,
                "OnlyStartEvaluatingAfterWarmUpPeriodEnds": whole,
            }
        if self.is_query:
            return values | {"Metrics": [{"Id": "q1", "Expression": self.expression, "Period": self.period}]}
        if self.expression:
            metrics = [self._metric(name) for name in METRICS]
            return values | {"Metrics": [*metrics, {"Id": "e1", "Expression": self.expression}]}
        if self.ignores_low_samples:
            values["EvaluateLowSampleCountPercentile"] = "ignore"
        kind = "Statistic" if self.statistic in SIMPLE else "ExtendedStatistic"
        return values | self._identity("m1") | {kind: self.statistic, "Period": self.period}

    @property
    def is_query(self) -> bool:
        return self.expression.startswith("SELECT")

    def _metric(self, name: str) -> dict[str, Any]:
        stat = {"Metric": self._identity(name), "Period": self.period, "Stat": self.statistic}
        return {"Id": name, "MetricStat": stat, "ReturnData": False}

    def _identity(self, name: str) -> dict[str, Any]:
        dimensions = [{"Name": "Service", "Value": "api"}]
        return {"Namespace": "Shop", "MetricName": name, "Dimensions": dimensions}

    def store(self, before: int | None = None) -> MetricStore:
        """The data, or only those before a time."""
        keeps_sets = self.statistic in SIMPLE and self.seed % 2
        store = MetricStore(distributions=() if keeps_sets else None)
        resolution = MINUTE if self.period >= MINUTE else 1
        for name, samples in self.samples.items():
            for time, value in samples:
                if before is None or time < before:
                    store.add(Datapoint((METRICS | WAITS)[name], "None", time * 1000, (value,), resolution))
        return store


def random_case(seed: int) -> Case:
    chance = random.Random(seed)
    period, n, zone, interval = _shape(chance)
    start = _start(chance, period, zone, interval)
    evaluations = chance.randint(1, 12 if interval == HOUR else 25)
    end = start + evaluations * interval
    expression = chance.choice(EXPRESSIONS) if chance.random() < 0.45 else ""
    may_be_query = period >= MINUTE and (n + (zone is not None)) * period <= 3 * HOUR
    if may_be_query and chance.random() < 0.25:
        expression = chance.choice(QUERIES)
    is_query = expression.startswith("SELECT")
    statistic = chance.choice(SIMPLE if is_query or chance.random() < 0.6 else EXTENDED)
    return Case(
        seed=seed,
        period=period,
        n=n,
        m=chance.randint(1, n),
        mode=chance.choice(MODES),
        threshold=chance.choice((0.5, 1.0, 2.0, 5.0)),
        statistic=statistic,
        expression=expression,
        zone=zone,
        warm_up=_warm_up(chance, interval, evaluations),
        ignores_low_samples=not expression and statistic in EXTENDED and chance.random() < 0.4,
        samples={name: _samples(chance, period, n, start, end) for name in (WAITS if is_query else METRICS)},
        start=start,
        end=end,
        size=n + chance.randint(0, 3),
        delay=chance.choice((0, 0, 0, 5, 60, 90)),
    )


def _shape(chance: random.Random) -> tuple[int, int, str | None, int]:
    """Period, evaluation periods, time zone, and the seconds between two evaluations."""
    match chance.randrange(10):
        case 0:
            return chance.choice((10, 20, 30)), chance.randint(1, 4), None, 10
        case 1 | 2 | 3:
            return chance.choice((60, 60, 120, 180, 300, 420)), chance.randint(1, 4), None, MINUTE
        case 4:
            return chance.choice((600, HOUR, 5_400)), chance.randint(1, 3), None, MINUTE
        case 5 | 6:  # more than a day: once an hour
            period = chance.choice((HOUR, 5_400, 21_600, 43_260, DAY))
            return period, DAY // period + chance.randint(1, 2), None, HOUR
        case 7:
            return chance.choice((60, 300)), chance.randint(1, 3), chance.choice(ZONES), MINUTE
        case 8:
            period = chance.choice((HOUR, DAY))
            return period, 1 if period == DAY else chance.randint(1, 3), chance.choice(ZONES), MINUTE
        case _:
            period = chance.choice((DAY, WEEK))
            return period, 1 if period == WEEK else chance.randint(2, 3), chance.choice(ZONES), HOUR


def _start(chance: random.Random, period: int, zone: str | None, interval: int) -> int:
    near = datetime.fromisoformat(chance.choice(NEAR)).replace(tzinfo=ZoneInfo("UTC"))
    at = int(near.timestamp()) + chance.randint(-2 * DAY, 2 * DAY) // interval * interval
    if zone is not None and period == DAY and interval == MINUTE:  # so that a midnight lies among the evaluations
        at += chance.choice((0, 3, 4, 5, 23, 18, 22)) * HOUR - at % HOUR - 10 * MINUTE
    return at // interval * interval


def _warm_up(chance: random.Random, interval: int, evaluations: int) -> tuple[int, bool] | None:
    if chance.random() < 0.75:
        return None
    minutes = max(1, chance.randint(1, evaluations) * interval // MINUTE)
    return min(minutes, 2_880), chance.random() < 0.5


def _samples(chance: random.Random, period: int, n: int, start: int, end: int) -> list[tuple[int, float]]:
    step = MINUTE if period >= MINUTE else 1
    oldest = start - (2 * n + 4) * period
    count = chance.choice((0, 1, 3, 10, 40, 120))
    clusters = [chance.randrange(oldest, end + 2 * step) for _ in range(3)]
    found = []
    for _ in range(count):
        at = chance.randrange(oldest, end + 2 * step) if chance.random() < 0.5 else chance.choice(clusters)
        found.append((at // step * step, float(chance.choice((0, 1, 1, 2, 3, 6, 20)))))
    return found
