"""Expressions of an alarm that AWS accepts and advises against, or that seldom do what their author meant.

Sources: "Using math expressions with CloudWatch metrics" in the user guide. In an alarm, a function over time uses the
points of one evaluation, which may be later or fewer than in a graph. FILL treats a late point as a missing one, so an
alarm may keep its state although the metric changes. The guide recommends M out of N. A window of several minutes has
other points besides a late one, so there FILL hides nothing. AWS does not document ``%`` and ``!``.
"""

from collections.abc import Iterator, Sequence

from cloudwatch.metric_math.checking import Scope, kind_of
from cloudwatch.metric_math.errors import QueryError
from cloudwatch.metric_math.mentions import references, undocumented
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.resolution import Resolution, resolve
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.steps import depends_on_other_times
from cloudwatch.metric_math.syntax import Call, Expression, fold, postorder

FILLED_SECONDS_MIN = 300
_OVER_TIME = (
    "{} of a time series is computed from the points of one evaluation, which is not the range of a graph; "
    "compare the points themselves"
)
_FILL = "FILL treats a late point as a missing one, so the alarm may keep its state; AWS advises M out of N"
_COUNT = (
    "DATAPOINT_COUNT counts the points of a whole evaluation, not those of one minute, so a comparison with a fixed "
    "number may never hold"
)


def alarm_pitfalls(
    queries: Sequence[Query], threshold_id: str | None = None, *, m_out_of_n: bool = False
) -> list[QueryError]:
    """A QueryError for each pitfall in the queries of an alarm.

    ``threshold_id`` is its ThresholdMetricId. ``m_out_of_n`` means that it has fewer DatapointsToAlarm than
    EvaluationPeriods.
    """
    resolution = resolve(queries, offline=False)
    period = max((query.period or 0 for query in queries), default=0)
    may_fill = m_out_of_n or period >= FILLED_SECONDS_MIN
    found = [
        QueryError(name, text, position)
        for name, expression in resolution.expressions.items()
        for position, text in sorted(_in_expression(expression, resolution))
        if not (text == _FILL and may_fill)
    ]
    if not resolution.problems:
        found += _unused(queries, resolution, threshold_id)
    return found


def _in_expression(root: Expression, resolution: Resolution) -> Iterator[tuple[int, str]]:
    for position, operator in undocumented(root):
        yield position, f"AWS does not document the operator {operator}"
    if fills := [node.position for node in postorder(root) if isinstance(node, Call) and node.function == "FILL"]:
        yield min(fills), _FILL
    for position, function in _over_time(root, Scope(resolution.metrics, resolution.kinds, offline=False)):
        yield position, _COUNT if function == "DATAPOINT_COUNT" else _OVER_TIME.format(function)


def _over_time(root: Expression, scope: Scope) -> list[tuple[int, str]]:
    """Position and name of each function, other than FILL, that computes a value from points of other times."""
    found: list[tuple[int, str]] = []

    def visit(node: Expression, kinds: list[ValueKind]) -> ValueKind:
        if isinstance(node, Call) and node.function != "FILL" and depends_on_other_times(node, kinds):
            found.append((node.position, node.function))
        return kind_of(node, kinds, scope)

    fold(root, visit)
    return found


def _unused(queries: Sequence[Query], resolution: Resolution, threshold_id: str | None) -> Iterator[QueryError]:
    used = {threshold_id, *(query.id for query in queries if query.return_data)}
    for expression in resolution.expressions.values():
        used |= references(expression, resolution.metrics)
    for query in queries:
        if query.id not in used:
            yield QueryError(query.id, "no expression uses it, and it is not the result")
