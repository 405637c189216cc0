"""The time series of a Metrics Insights query, over the metrics that a source has.

Sources: "Create a CloudWatch alarm based on a Metrics Insights query" and "Metrics Insights query components and
syntax" in the CloudWatch user guide. The function of the query aggregates all values of all metrics of a group in a
period. Its ORDER BY compares one value of each series over the whole range of the query, here over the evaluation
range.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId, MetricSource
from cloudwatch.spans import Span

Group = tuple[str, ...]  # the values of the labels of GROUP BY
Values = Sequence[float | None]

RANGE_MAX = 3 * 3_600  # "Only the latest 3 hours of data can be used"
_ORDERS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "COUNT": len,
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


@dataclass(frozen=True, slots=True)
class WatchedQuery:
    """The time series of ``query``: one, or one for each group. ``period`` is in seconds."""

    query: SelectQuery
    period: int

    def read(self, source: MetricSource, spans: Sequence[Span]) -> dict[Group, Values]:
        """One value or gap for each span, by group. Without GROUP BY there is one group, even without a metric."""
        groups: dict[Group, list[MetricId]] = {} if self.query.group_by else {(): []}
        for metric in sorted(source.metrics()):
            if self.query.selects(metric):
                groups.setdefault(self.query.group_of(metric), []).append(metric)
        return {group: self._aggregate(source, metrics, spans) for group, metrics in groups.items()}

    def first(self, windows: Mapping[Group, Values]) -> list[Group]:
        """The groups with data in their windows, in the order of the query and up to its limit."""
        present = {
            group: values
            for group, window in windows.items()
            if (values := [value for value in window if value is not None])
        }
        ordered = sorted(present)
        if order := self.query.order_by:
            of = _ORDERS[order.function]
            ordered.sort(key=lambda group: of(present[group]), reverse=order.descending)
        return ordered[: self.query.limit]

    def _aggregate(self, source: MetricSource, metrics: Sequence[MetricId], spans: Sequence[Span]) -> Values:
        def columns(statistic: str) -> Iterable[list[float]]:
            """The values of all metrics in each span."""
            series = [source.values(metric, statistic, spans) for metric in metrics]
            for index in range(len(spans)):
                yield [value for values in series if (value := values[index]) is not None]

        match self.query.statistic:
            case "Average":
                pairs = zip(columns("Sum"), columns("SampleCount"), strict=True)
                return [sum(sums) / sum(counts) if counts else None for sums, counts in pairs]
            case "Minimum":
                return [min(values, default=None) for values in columns("Minimum")]
            case "Maximum":
                return [max(values, default=None) for values in columns("Maximum")]
            case statistic:
                return [sum(values) if values else None for values in columns(statistic)]
