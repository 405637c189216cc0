"""Computes the queries of GetMetricData: metrics, expressions, searches, and Metrics Insights queries.

Periods begin at the start of the request. Source: "Using math expressions with CloudWatch metrics" and the API
reference of GetMetricData. Refused, because AWS does not say what is computed: an expression over metrics of different
periods. Not supported yet: a SEARCH or a Metrics Insights query as a part of a longer expression (it may be a query of
its own, to which the expression refers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.metric_math import (
    Grid,
    Query,
    QueryError,
    Selection,
    ValueKind,
    compile_expression,
    read_selection,
    references,
    remote_parts,
    resolve,
)
from cloudwatch.metric_math.errors import ExpressionError
from cloudwatch.metric_math.evaluation import PointInputs
from cloudwatch.metric_math.resolution import Resolution
from cloudwatch.search import SearchQuery
from cloudwatch.spans import SlidingSpans
from cloudwatch.store import MetricStore
from console.refusal import VALIDATION, Refusal, UnsupportedOperation

SERIES_MAX = 500  # of a search, and of a query without LIMIT
Points = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """One result. ``label`` is the text of the query or None, ``own_label`` what CloudWatch shows without one.

    ``points`` are (start of the period in seconds, value), the oldest first. ``metric`` is None for an expression.
    """

    id: str
    label: str | None
    own_label: str
    period: int
    points: list[tuple[int, float]]
    metric: MetricId | None = None
    statistic: str = ""


@dataclass
class _Lines:
    """The time series of one query: one, or several with labels of their own (``metrics`` for those of a search)."""

    grid: Grid
    lines: list[tuple[str, Points]]
    kind: ValueKind
    metrics: list[MetricId] = field(default_factory=list)
    statistic: str = ""


def compute_queries(
    store: MetricStore, entries: Sequence[Mapping[str, Any]], start: int, end: int
) -> list[LabelledSeries]:
    """The results of all queries that return data, in the order of the request. Raises Refusal."""
    try:
        queries = [Query.from_api(entry) for entry in entries]
    except QueryError as error:
        raise Refusal(VALIDATION, str(error)) from error
    resolution = resolve(queries, offline=False)
    if resolution.problems:
        raise Refusal(VALIDATION, "; ".join(map(str, resolution.problems)))
    computation = _Computation(store, start, end, {query.id: query for query in queries}, resolution)
    for entry in entries:
        if "MetricStat" in entry:
            computation.read_metric(entry["Id"], entry["MetricStat"])
    for name in resolution.expressions:
        computation.compute(name)
    return [series for query in queries if query.return_data for series in computation.series_of(query)]


@dataclass
class _Computation:
    store: MetricStore
    start: int
    end: int
    queries: Mapping[str, Query]
    resolution: Resolution
    results: dict[str, _Lines] = field(default_factory=dict)

    def read_metric(self, name: str, stat: Mapping[str, Any]) -> None:
        metric = MetricId.from_api(
            stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], stat["Metric"].get("Dimensions", [])
        )
        spans = self._spans(stat["Period"])
        values = self.store.values(metric, stat["Stat"], spans, stat.get("Unit"))
        lines: list[tuple[str, Points]] = [(metric.name, values)]
        self.results[name] = _Lines(_grid(spans), lines, ValueKind.SERIES, [metric], stat["Stat"])

    def compute(self, name: str) -> None:
        tree = self.resolution.expressions[name]
        try:
            selection = read_selection(tree)
            self.results[name] = self._select(name, selection) if selection else self._evaluate(name)
        except ExpressionError as error:
            raise Refusal(VALIDATION, f"{name}: {error}") from error

    def _select(self, name: str, selection: Selection) -> _Lines:
        given = self.queries[name].period
        period = selection.period or given
        if period is None:
            raise Refusal(VALIDATION, f"{name}: Period must not be null")
        spans = self._spans(period)
        if isinstance(selection.query, SearchQuery):
            found = [metric for metric in sorted(self.store.metrics()) if selection.query.finds(metric)][:SERIES_MAX]
            lines = [(_search_label(each), self.store.values(each, selection.statistic, spans)) for each in found]
            return _Lines(_grid(spans), list(lines), ValueKind.ARRAY, found, selection.statistic)
        return self._insights(selection.query, period, spans)

    def _insights(self, query: SelectQuery, period: int, spans: SlidingSpans) -> _Lines:
        watched = WatchedQuery(query, period)
        groups = watched.read(self.store, spans)
        order = watched.first(groups) if query.group_by else list(groups)
        lines = [(" ".join(group) or query.metric.text, groups[group]) for group in order[:SERIES_MAX]]
        kind = ValueKind.ARRAY if query.group_by else ValueKind.SERIES
        return _Lines(_grid(spans), list(lines), kind, statistic=query.statistic)

    def _evaluate(self, name: str) -> _Lines:
        tree, metrics = self.resolution.expressions[name], self.resolution.metrics
        if remote := remote_parts([tree]):
            raise UnsupportedOperation(f"{' and '.join(remote)} as a part of the expression {name}")
        used = [self.results[each] for each in metrics if each in references(tree, metrics)]
        used += [self.results[each] for each in references(tree, metrics) if each not in metrics]
        grid = self._common_grid(name, used)
        kinds = {each: result.kind for each, result in self.results.items() if each not in metrics}
        formula = compile_expression(tree, metrics, kinds)
        inputs = PointInputs(grid, {each: _value(result) for each, result in self.results.items()})
        value = formula.compute(inputs)
        lines = [(own, points) for own, points in value] if formula.kind is ValueKind.ARRAY else [(name, value)]
        return _Lines(grid, lines, formula.kind)

    def _common_grid(self, name: str, used: Sequence[_Lines]) -> Grid:
        own = self.queries[name].period
        periods = sorted({each.grid.period for each in used} | ({own} if own else set()))
        if len(periods) > 1:
            raise UnsupportedOperation(f"the expression {name} over different periods ({', '.join(map(str, periods))})")
        if not periods:
            raise Refusal(VALIDATION, f"{name}: Period must not be null")
        return _grid(self._spans(periods[0]))

    def _spans(self, period: int) -> SlidingSpans:
        return SlidingSpans(self.start, period, period, -(-(self.end - self.start) // period))

    def series_of(self, query: Query) -> list[LabelledSeries]:
        result = self.results[query.id]
        several = result.kind is ValueKind.ARRAY
        found = []
        for index, (own, points) in enumerate(result.lines):
            metric = result.metrics[index] if index < len(result.metrics) else None
            pairs = [(at, value) for at, value in zip(result.grid.times, points, strict=True) if value is not None]
            label = f"{query.label} {own}" if several and query.label and "${" not in query.label else query.label
            found.append(LabelledSeries(query.id, label, own, result.grid.period, pairs, metric, result.statistic))
        return found


def _grid(spans: SlidingSpans) -> Grid:
    return Grid([start for start, _ in spans], spans.length)


def _value(result: _Lines) -> Any:
    return result.lines if result.kind is ValueKind.ARRAY else result.lines[0][1]


def _search_label(metric: MetricId) -> str:
    """AWS shows what differs between the metrics of a search, and does not say how. Here it is all dimension values."""
    return " ".join(value for _, value in metric.dimensions) or metric.name
