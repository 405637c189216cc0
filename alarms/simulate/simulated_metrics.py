"""The metrics that a simulated system publishes: one value a minute."""

from collections.abc import Iterable, Mapping

from cloudwatch.metric import MetricId
from cloudwatch.series import Series

MINUTE = 60


class SimulatedMetrics:
    """A MetricSource that grows minute by minute. Each statistic of one value is the value, except its count."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._values: dict[str, list[float]] = {}

    def publish(self, values: Mapping[str, float]) -> None:
        """Add the values of the next minute. Each call must have the same metrics."""
        for name, value in values.items():
            self._values.setdefault(name, []).append(value)

    def series(
        self, metric: MetricId, statistic: str, period: int, start: int, end: int, unit: str | None = None
    ) -> Series:
        """See MetricSource. Raises ValueError for any period but a minute."""
        if period != MINUTE:
            raise ValueError(f"a simulation publishes by the minute, not every {period} s")
        known = self._values.get(metric.name, []) if metric.namespace == self._namespace else []
        first, last = start // MINUTE, end // MINUTE
        values: list[float | None] = [None] * max(0, min(0, last) - first)
        values += known[max(0, first) : max(0, last)]
        values += [None] * (last - first - len(values))
        if statistic == "SampleCount":
            values = [None if value is None else 1.0 for value in values]
        return Series(start, period, tuple(values))

    def metrics(self) -> Iterable[MetricId]:
        return [MetricId.of(self._namespace, name, {"Service": "worker"}) for name in self._values]

    def column(self, name: str) -> list[float]:
        """All values of one metric, minute by minute."""
        return self._values.get(name, [])
