"""The values that an alarm watches: one statistic of one metric, or the result of metric math.

Source: the API reference of PutMetricAlarm.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.metric_math import Grid, Query, QueryPlan, alarm_problems, parse, read_selection, remote_parts
from cloudwatch.parameters import Parameters
from cloudwatch.statistics import parse_statistic

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
SINGLE_METRIC_PARAMETERS = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")

Values = Sequence[float | None]

# PutMetricAlarm limits the shares of an ExtendedStatistic, and MetricStat does not. It lists PR(n:m) as the only form
# with values; TM(100:2000) is not documented as refused, so it is accepted.
_SHARES = re.compile(r"(TC|TM|TS|WM)\(.*%.*\)")
_SHARE = re.compile(r"([\d.]+)%")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")


@dataclass(frozen=True, slots=True)
class WatchedMetric:
    """One statistic of one metric. ``period`` is in seconds; ``unit`` None allows any unit."""

    metric: MetricId
    statistic: str
    period: int
    unit: str | None = None

    @property
    def percentile(self) -> float | None:
        """The percentile (0 to 1), or None if the statistic is another one."""
        match = _PERCENTILE.fullmatch(self.statistic)
        return float(match[1]) / 100 if match else None


@dataclass(frozen=True, slots=True)
class WatchedMath:
    """The result of the query with the id ``returned``. ``metrics`` has the metrics of the other queries by id."""

    plan: QueryPlan
    metrics: Mapping[str, WatchedMetric]
    returned: str
    period: int

    @property
    def depends_on_other_points(self) -> bool:
        """True if a point of the result depends on points of other times (see ``Formula.range_dependent``)."""
        return any(formula.range_dependent for formula in self.plan.formulas.values())

    def evaluate(self, values: Mapping[str, Values], starts: Sequence[int]) -> Values:
        """The result for the periods that begin at ``starts``. ``values`` has one value for each, by id of metric."""
        results = self.plan.compute(Grid(starts, self.period), values)
        return cast(Values, results[self.returned])  # alarm_problems refuses any other kind of result


@dataclass(frozen=True, slots=True)
class NotComputed:
    """Values that only CloudWatch can compute. ``reason`` names the part that needs CloudWatch."""

    reason: str


Watched = WatchedMetric | WatchedMath | WatchedQuery
_NO_METRIC = WatchedMetric(MetricId("", ""), "Average", 60)  # of a call that is refused


def read_watched(parameters: Parameters, threshold_id: str | None = None) -> Watched | NotComputed:
    """The watched values of a call that has either ``Metrics`` or the parameters of a single metric.

    ``threshold_id`` is the ThresholdMetricId of an anomaly detection alarm.
    """
    if "Metrics" not in parameters:
        return _read_metric(parameters)
    for name in SINGLE_METRIC_PARAMETERS:
        if name in parameters:
            parameters.refuse(name, "cannot be given together with Metrics")
    return _read_queries(parameters, threshold_id)


def _read_metric(parameters: Parameters) -> WatchedMetric:
    if ("Statistic" in parameters) == ("ExtendedStatistic" in parameters):
        parameters.refuse("Statistic", "either Statistic or ExtendedStatistic must be given, not both")
    statistic = parameters.text("Statistic", "Average")
    if "ExtendedStatistic" in parameters:
        statistic = parameters.text("ExtendedStatistic")
        if statistic in STATISTICS:
            parameters.refuse("ExtendedStatistic", f"{statistic} is not an extended statistic")
        _check_statistic(parameters, "ExtendedStatistic", statistic)
        if _SHARES.fullmatch(statistic) and not all(10 <= float(share) <= 90 for share in _SHARE.findall(statistic)):
            parameters.refuse("ExtendedStatistic", f"{statistic}: X of TC, TM, TS and WM(X%:X%) lies between 10 and 90")
    for name in ("MetricName", "Namespace", "Period"):
        parameters.require(name)
    return WatchedMetric(_read_id(parameters), statistic, read_period(parameters), _unit(parameters))


def _check_statistic(parameters: Parameters, name: str, statistic: str) -> None:
    try:
        parse_statistic(statistic)
    except ValueError as error:
        parameters.refuse(name, str(error))


def _unit(parameters: Parameters) -> str | None:
    return parameters.text("Unit") or None


def _read_id(parameters: Parameters) -> MetricId:
    """The identity of a metric. Source of the rules of dimensions: Dimension in the API reference."""
    namespace = parameters.text("Namespace")
    if namespace.startswith(":"):
        parameters.refuse("Namespace", "cannot begin with a colon")
    pairs = parameters.objects("Dimensions")
    for pair in pairs:
        for name in ("Name", "Value"):
            text = pair.text(name, "?")
            if not text.isascii() or not text.strip() or not text.isprintable():
                pair.refuse(name, "needs a character that is not a blank, and only printable ASCII")
        if pair.text("Name").startswith(":"):
            pair.refuse("Name", "cannot begin with a colon")
    dimensions = {pair.text("Name"): pair.text("Value") for pair in pairs}
    if len(dimensions) < len(pairs):
        parameters.refuse("Dimensions", "has the same name twice")
    return MetricId.of(namespace, parameters.text("MetricName"), dimensions)


def read_period(parameters: Parameters) -> int:
    """The period: 10, 20 or 30 seconds, or a multiple of 60 seconds."""
    period = parameters.integer("Period", least=10, default=60)
    if period not in (10, 20, 30) and period % 60:
        parameters.refuse("Period", f"is {period}, only 10, 20, 30 and multiples of 60 are allowed")
    return period


def _read_queries(parameters: Parameters, threshold_id: str | None) -> Watched | NotComputed:
    entries = parameters.objects("Metrics")
    if parameters.is_refused("Metrics"):
        return _NO_METRIC
    metrics = {entry.text("Id"): _read_entry(entry.object("MetricStat")) for entry in entries if "MetricStat" in entry}
    problems = alarm_problems([entry.values for entry in entries], threshold_id)
    for problem in problems:
        parameters.refuse(problem.field, problem.message, problem.position)
    if problems:
        return _NO_METRIC
    queries = [Query.from_api(entry.values) for entry in entries]
    if (query := _read_insights(queries)) is not None:
        return query
    if remote := remote_parts(parse(query.expression) for query in queries if query.expression is not None):
        return NotComputed(f"only CloudWatch can compute {' and '.join(remote)}")
    returned = next(query for query in queries if query.return_data)
    period = next(query.period for query in queries if query.period is not None)  # all metrics have the same
    return metrics.get(returned.id) or WatchedMath(QueryPlan(queries), metrics, returned.id, period)


def _read_insights(queries: Sequence[Query]) -> WatchedQuery | None:
    """The Metrics Insights query that the alarm watches; None if it watches something else."""
    returned = next(query for query in queries if query.return_data)
    selection = read_selection(parse(returned.expression)) if returned.expression is not None else None
    if selection is None or not isinstance(selection.query, SelectQuery) or returned.period is None:
        return None
    return WatchedQuery(selection.query, returned.period)


def _read_entry(stat: Parameters) -> WatchedMetric:
    statistic = stat.text("Stat")
    _check_statistic(stat, "Stat", statistic)
    metric = stat.object("Metric")
    for name in ("MetricName", "Namespace"):
        metric.require(name)
    return WatchedMetric(_read_id(metric), statistic, read_period(stat), _unit(stat))
