"""The rules for the ``Metrics`` of an alarm.

Source: PutMetricAlarm and MetricDataQuery in the CloudWatch API reference. An alarm has up to 10 metrics and 10
expressions. One of the entries returns data; an anomaly detection alarm also returns its band. "Any
expression used in a PutMetricAlarm operation must return a single time series", but a Metrics Insights query may return
several with GROUP BY and ORDER BY. A period is 10, 20 or 30 seconds or a multiple of 60, and all metrics of an alarm
have the same. An alarm without a metric needs the period of its expression. Users report the errors "SEARCH is not
supported on Metric Alarms" and "Period must not be null" (terraform-provider-aws issue 11011).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cloudwatch.insights import SelectQuery
from cloudwatch.metric_math.errors import QueryError
from cloudwatch.metric_math.mentions import read_selection
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.resolution import Resolution, resolve
from cloudwatch.metric_math.signatures import REMOTE, ValueKind
from cloudwatch.metric_math.syntax import Call, Expression, InsightsQuery, postorder
from cloudwatch.parameters import Problem

METRICS_MAX = 10
EXPRESSIONS_MAX = 10
BAND = "ANOMALY_DETECTION_BAND"


def alarm_problems(entries: Sequence[Mapping[str, Any]], threshold_id: str | None = None) -> list[Problem]:
    """Each reason why AWS would refuse the entries (MetricDataQuery, as in the API); empty if there is none.

    ``threshold_id`` is the ThresholdMetricId of an anomaly detection alarm.
    """
    queries: list[Query] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        try:
            queries.append(Query.from_api(entry))
        except QueryError as error:
            problems.append(Problem(f"Metrics[{index}]", str(error)))
    resolution = resolve(queries, offline=False)
    places = {str(entry.get("Id")): f"Metrics[{index}]" for index, entry in enumerate(entries)}
    problems += (Problem("Metrics", message) for message in _count_problems(queries, threshold_id))
    problems += (Problem("Metrics", message) for message in _period_problems(queries))
    problems += (_located(error, places) for error in (*resolution.problems, *_expression_problems(resolution)))
    return problems


def remote_parts(expressions: Iterable[Expression]) -> list[str]:
    """The functions and queries in the expressions that only CloudWatch can compute, each once."""
    found: dict[str, None] = {}
    for expression in expressions:
        for node in postorder(expression):
            if isinstance(node, Call) and node.function in REMOTE:
                found[node.function] = None
            elif isinstance(node, InsightsQuery):
                found["a Metrics Insights query"] = None
    return list(found)


def _located(error: QueryError, places: Mapping[str, str]) -> Problem:
    place = places.get(error.query_id, "Metrics")
    field = place if error.position is None else f"{place}.Expression"
    return Problem(field, error.reason, error.position)


def _count_problems(queries: Sequence[Query], threshold_id: str | None) -> Iterator[str]:
    metrics = sum(query.expression is None for query in queries)
    if metrics > METRICS_MAX:
        yield f"{metrics} metrics, at most {METRICS_MAX} are allowed"
    if len(queries) - metrics > EXPRESSIONS_MAX:
        yield f"{len(queries) - metrics} expressions, at most {EXPRESSIONS_MAX} are allowed"
    returned = [query.id for query in queries if query.return_data and query.id != threshold_id]
    if len(returned) != 1:
        yield f"exactly one entry must return data, not {len(returned)} ({', '.join(returned) or 'none'})"


def _period_problems(queries: Sequence[Query]) -> Iterator[str]:
    periods = {query.id: query.period for query in queries if query.expression is None}
    for name, period in periods.items():
        if period is None or (period not in (10, 20, 30) and (period < 60 or period % 60)):
            yield f"{name}: a period is 10, 20 or 30 s or a multiple of 60 s, not {period}"
    if len(set(periods.values())) > 1:
        yield f"the metrics have different periods: {', '.join(f'{name} {period}' for name, period in periods.items())}"
    returned = [query for query in queries if query.return_data]
    if not periods and returned and all(query.period is None for query in queries):
        yield f"{returned[0].id}: Period must not be null, because no metric has one"


def _expression_problems(resolution: Resolution) -> Iterator[QueryError]:
    for name, expression in resolution.expressions.items():
        for node in postorder(expression):
            if isinstance(node, Call) and node.function == "SEARCH":
                yield QueryError(name, "SEARCH is not supported on Metric Alarms", node.position)
        if resolution.kinds[name] is ValueKind.ARRAY and not _may_be_array(expression):
            reason = "an alarm needs a single time series, the result is an array of them"
            if isinstance(expression, InsightsQuery):
                reason = "an alarm on the groups of a query (GROUP BY) needs ORDER BY"
            yield QueryError(name, reason)


def _may_be_array(expression: Expression) -> bool:
    if isinstance(expression, InsightsQuery):
        selection = read_selection(expression)
        return selection is not None and isinstance(selection.query, SelectQuery) and bool(selection.query.order_by)
    return isinstance(expression, Call) and expression.function == BAND
