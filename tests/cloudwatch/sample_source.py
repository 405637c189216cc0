"""A metric source for tests. It computes every statistic from single samples, slowly and simply."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cloudwatch.metric import MetricId

LATENCY = MetricId.of("Shop", "Latency", {"Service": "api"})
ERRORS = MetricId.of("Shop", "Errors", {"Service": "api"})

STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "SampleCount": lambda samples: float(len(samples)),
    "Sum": lambda samples: float(sum(samples)),
    "Average": lambda samples: sum(samples) / len(samples),
    "Minimum": min,
    "Maximum": max,
    "p90": lambda samples: sorted(samples)[int(0.9 * len(samples))],
}


@dataclass
class SampleSource:
    """``samples`` are the (time, value) pairs of each metric. ``queries`` counts the calls of ``values``."""

    samples: Mapping[MetricId, Sequence[tuple[int, float]]]
    queries: int = field(default=0)

    def values(
        self, metric: MetricId, statistic: str, spans: Sequence[tuple[int, int]], unit: str | None = None
    ) -> list[float | None]:
        self.queries += 1
        if unit is not None:
            return [None] * len(spans)
        return [self.value(metric, statistic, start, end) for start, end in spans]

    def value(self, metric: MetricId, statistic: str, start: int, end: int) -> float | None:
        """The statistic of any window, aligned or not."""
        inside = [value for time, value in self.samples.get(metric, ()) if start <= time < end]
        return STATISTICS[statistic](inside) if inside else None

    def metrics(self) -> Iterable[MetricId]:
        return [metric for metric, samples in self.samples.items() if samples]


def minutes(
    values: Sequence[float | None], metric: MetricId = LATENCY, *, start: int = 0, period: int = 60
) -> SampleSource:
    """A source with one sample at the start of each period; None is a period without a sample."""
    samples = [(start + index * period, value) for index, value in enumerate(values) if value is not None]
    return SampleSource({metric: samples})
