"""The values that an alarm watches: one statistic of one metric, or the result of metric math.

Source: the API reference of PutMetricAlarm.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cloudwatch.metric import MetricId
from cloudwatch.metric_math import Query, QueryPlan, alarm_problems
from cloudwatch.parameters import Parameters
from cloudwatch.series import Series
from cloudwatch.statistics import parse_statistic

DIMENSIONS_MAX = 30
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
SINGLE_METRIC_PARAMETERS = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")

Values = Sequence[float | None]

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

    def evaluate(self, values: Mapping[str, Values], start: int, periods: int) -> Values:
        """The result for the ``periods`` from ``start`` on. ``values`` has one value for each period, by id of metric.

        ``start`` is a multiple of the period.
        """
        series = {name: Series(start, self.period, tuple(points)) for name, points in values.items()}
        end = start + self.period * periods
        results = self.plan.evaluate(series, period=self.period, start=start, end=end)
        return cast(Series, results[self.returned]).values  # alarm_problems refuses any other kind of result


Watched = WatchedMetric | WatchedMath


def read_watched(parameters: Parameters) -> Watched:
    """The watched values of a call that has either ``Metrics`` or the parameters of a single metric."""
    if "Metrics" not in parameters:
        return _read_metric(parameters)
    for name in SINGLE_METRIC_PARAMETERS:
        if name in parameters:
            parameters.refuse(name, "cannot be given together with Metrics")
    return _read_queries(parameters)


def _read_metric(parameters: Parameters) -> WatchedMetric:
    if ("Statistic" in parameters) == ("ExtendedStatistic" in parameters):
        parameters.refuse("Statistic", "either Statistic or ExtendedStatistic must be given, not both")
    if "ExtendedStatistic" in parameters:
        statistic = parameters.text("ExtendedStatistic", longest=100)
        if statistic in STATISTICS:
            parameters.refuse("ExtendedStatistic", f"{statistic} is not an extended statistic")
        _check_statistic(parameters, "ExtendedStatistic", statistic)
    else:
        statistic = parameters.choice("Statistic", STATISTICS, default="Average")
    return WatchedMetric(_read_id(parameters), statistic, read_period(parameters), _unit(parameters))


def _check_statistic(parameters: Parameters, name: str, statistic: str) -> None:
    try:
        parse_statistic(statistic)
    except ValueError as error:
        parameters.refuse(name, str(error))


def _unit(parameters: Parameters) -> str | None:
    return parameters.text("Unit", longest=255) if "Unit" in parameters else None


def _read_id(parameters: Parameters) -> MetricId:
    namespace = parameters.text("Namespace", longest=255)
    if namespace.startswith(":"):
        parameters.refuse("Namespace", "cannot begin with a colon")
    pairs = parameters.objects("Dimensions")
    dimensions = {pair.text("Name", longest=255): pair.text("Value", longest=1024) for pair in pairs}
    if len(dimensions) < len(pairs):
        parameters.refuse("Dimensions", "has the same name twice")
    if len(pairs) > DIMENSIONS_MAX:
        parameters.refuse("Dimensions", f"has {len(pairs)} items, at most {DIMENSIONS_MAX} are allowed")
    return MetricId.of(namespace, parameters.text("MetricName", longest=255), dimensions)


def read_period(parameters: Parameters) -> int:
    """The period: 10, 20 or 30 seconds, or a multiple of 60 seconds."""
    period = parameters.integer("Period", least=10)
    if period not in (10, 20, 30) and period % 60:
        parameters.refuse("Period", f"is {period}, only 10, 20, 30 and multiples of 60 are allowed")
    return period


def _read_queries(parameters: Parameters) -> Watched:
    entries = parameters.objects("Metrics")
    metrics = {str(entry.values.get("Id")): metric for entry in entries if (metric := _read_entry(entry))}
    problems = alarm_problems([entry.values for entry in entries])
    for problem in problems:
        parameters.refuse("Metrics", problem)
    if problems:
        return WatchedMetric(MetricId("", ""), "Average", 60)
    queries = [Query.from_api(entry.values) for entry in entries]
    returned = next(query for query in queries if query.return_data)
    period = next((metric.period for metric in metrics.values()), returned.period or 60)
    return metrics.get(returned.id) or WatchedMath(QueryPlan(queries), metrics, returned.id, period)


def _read_entry(entry: Parameters) -> WatchedMetric | None:
    """The metric that the entry reads; None for an expression."""
    entry.allow_only(("Id", "MetricStat", "Expression", "Label", "ReturnData", "Period", "AccountId"))
    if "MetricStat" not in entry:
        entry.text("Expression", longest=2048)
        return None
    stat = entry.object("MetricStat")
    stat.allow_only(("Metric", "Period", "Stat", "Unit"))
    statistic = stat.text("Stat", longest=100)
    _check_statistic(stat, "Stat", statistic)
    return WatchedMetric(_read_id(stat.object("Metric")), statistic, read_period(stat), _unit(stat))
