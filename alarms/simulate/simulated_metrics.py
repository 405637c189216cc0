"""The metrics that a simulated system publishes: one value a minute."""

from collections.abc import Iterable, Mapping, Sequence

from cloudwatch.metric import MetricId
from cloudwatch.spans import SlidingSpans, Span
from cloudwatch.statistics import parse_statistic

MINUTE = 60


class SimulatedMetrics:
    """A MetricSource that grows minute by minute."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._values: dict[str, list[float]] = {}

    def publish(self, values: Mapping[str, float]) -> None:
        """Add the values of the next minute. Each call must have the same metrics."""
        for name, value in values.items():
            self._values.setdefault(name, []).append(value)

    def values(
        self, metric: MetricId, statistic: str, spans: Sequence[Span], unit: str | None = None
    ) -> list[float | None]:
        """See MetricSource. The value of a minute has the time of its beginning."""
        known = self._values.get(metric.name, []) if metric.namespace == self._namespace else []
        if isinstance(spans, SlidingSpans) and spans.length == spans.step == MINUTE and statistic != "SampleCount":
            return _minutes(
                known, spans.start // MINUTE, spans.number
            )  # there is one value in a minute, so every other statistic is that value
        of = parse_statistic(statistic).of
        return [of(known[max(0, -(-start // MINUTE)) : max(0, -(-end // MINUTE))]) for start, end in spans]

    def metrics(self) -> Iterable[MetricId]:
        return [MetricId.of(self._namespace, name, {"Service": "worker"}) for name in self._values]

    def column(self, name: str) -> list[float]:
        """All values of one metric, minute by minute."""
        return self._values.get(name, [])


def _minutes(known: Sequence[float], first: int, number: int) -> list[float | None]:
    """The values of ``number`` minutes from ``first`` on. Minutes outside the published ones have no value."""
    before = min(max(0, -first), number)
    found = known[max(0, first) : max(0, first + number)]
    return [*[None] * before, *found, *[None] * (number - before - len(found))]
