"""Changes of a Metrics Insights query: its function, its conditions, its groups, its order and its limit."""

from collections.abc import Iterator
from dataclasses import replace

from alarms.test.mutants.change import near_numbers, whole
from cloudwatch.insights import Condition, Named, SelectQuery, select_text
from cloudwatch.insights.select_parser import SERIES_MAX
from cloudwatch.insights.select_query import STATISTICS


def query_changes(query: SelectQuery) -> Iterator[str]:
    """The text of the query with each single part changed."""
    return map(select_text, _changed(query))


def _changed(query: SelectQuery) -> Iterator[SelectQuery]:
    yield from (replace(query, function=name) for name in STATISTICS if name != query.function)
    yield replace(query, metric=_other(query.metric))
    yield replace(query, namespace=_other(query.namespace))
    for index, condition in enumerate(query.where):
        for other in (replace(condition, value=_other(condition.value)), _negated(condition), None):
            changed = (other,) if other else ()
            yield replace(query, where=(*query.where[:index], *changed, *query.where[index + 1 :]))
    for index in range(len(query.group_by)):
        yield replace(query, group_by=(*query.group_by[:index], *query.group_by[index + 1 :]))
    if query.order_by:
        yield replace(query, order_by=replace(query.order_by, descending=not query.order_by.descending))
        yield from (
            replace(query, order_by=replace(query.order_by, function=name))
            for name in STATISTICS
            if name != query.order_by.function
        )
    if query.limit:
        limits = [None, *(limit for limit in whole(near_numbers(query.limit, least=1)) if limit <= SERIES_MAX)]
        yield from (replace(query, limit=limit) for limit in limits)


def _other(name: Named) -> Named:
    return Named(f"{name.text}-other")


def _negated(condition: Condition) -> Condition:
    return replace(condition, negated=not condition.negated)
