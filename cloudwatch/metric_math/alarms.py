"""The rules for the ``Metrics`` of an alarm.

Source: PutMetricAlarm and MetricDataQuery in the CloudWatch API reference. An alarm has up to 10 metrics and 10
expressions. Exactly one of the entries returns data. "Any expression used in a PutMetricAlarm operation must return a
single time series". A period is 10, 20 or 30 seconds or a multiple of 60, and all metrics of an alarm have the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudwatch.metric_math.errors import QueryError
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.resolution import resolve
from cloudwatch.metric_math.signatures import ValueKind

METRICS_MAX = 10
EXPRESSIONS_MAX = 10


def alarm_problems(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each reason to refuse the entries (MetricDataQuery, as in the API); empty if there is none.

    An expression that only CloudWatch can compute, like an anomaly detection band, is a reason too.
    """
    queries: list[Query] = []
    problems: list[str] = []
    for entry in entries:
        try:
            queries.append(Query.from_api(entry))
        except QueryError as error:
            problems.append(str(error))
    resolution = resolve(queries)
    problems += [*_count_problems(queries), *_period_problems(queries), *map(str, resolution.problems)]
    arrays = [name for name, kind in resolution.kinds.items() if kind is ValueKind.ARRAY]
    return problems + [
        f"{name}: an alarm needs a single time series, the result is an array of them" for name in arrays
    ]


def _count_problems(queries: Sequence[Query]) -> Iterator[str]:
    metrics = sum(query.expression is None for query in queries)
    if metrics > METRICS_MAX:
        yield f"{metrics} metrics, at most {METRICS_MAX} are allowed"
    if len(queries) - metrics > EXPRESSIONS_MAX:
        yield f"{len(queries) - metrics} expressions, at most {EXPRESSIONS_MAX} are allowed"
    returned = [query.id for query in queries if query.return_data]
    if len(returned) != 1:
        yield f"exactly one entry must return data, not {len(returned)} ({', '.join(returned) or 'none'})"


def _period_problems(queries: Sequence[Query]) -> Iterator[str]:
    periods = {query.id: query.period for query in queries if query.expression is None}
    for name, period in periods.items():
        if period is None or (period not in (10, 20, 30) and (period < 60 or period % 60)):
            yield f"{name}: a period is 10, 20 or 30 s or a multiple of 60 s, not {period}"
    if len(set(periods.values())) > 1:
        yield f"the metrics have different periods: {', '.join(f'{name} {period}' for name, period in periods.items())}"
