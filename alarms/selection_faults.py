"""Why a SEARCH or a query of Metrics Insights selects none of the metrics that exist."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from alarms.wording import braces, suggestion
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.search import Match, SearchQuery


class SelectionFault(NamedTuple):
    """``position`` is an index in the text of the query.

    ``is_of_values``: another value of a dimension would mend it. Values come and go, names stay.
    """

    position: int
    text: str
    is_of_values: bool = False


def selected(query: SelectQuery | SearchQuery, metrics: Collection[MetricId]) -> list[MetricId]:
    """The ``metrics`` that the search or query finds."""
    finds = query.selects if isinstance(query, SelectQuery) else query.finds
    return [metric for metric in metrics if finds(metric)]


def selection_texts(query: SelectQuery | SearchQuery) -> list[str]:
    """Every name and value in it."""
    if isinstance(query, SelectQuery):
        named = [query.metric, query.namespace, *query.labels, *(condition.value for condition in query.where)]
        return [each.text for each in named]
    return [query.namespace or "", *(query.dimensions or ()), *(match.text for match in query.matches)]


def selection_faults(query: SelectQuery | SearchQuery, metrics: Collection[MetricId]) -> list[SelectionFault]:
    """Each name that no metric of the namespace has; else one fault if the names never occur together."""
    if isinstance(query, SelectQuery):
        of_namespace = [metric for metric in metrics if metric.namespace == query.namespace.text]
        found = list(_faults_of_query(query, of_namespace))
    else:
        of_namespace = [metric for metric in metrics if metric.namespace == query.namespace]
        found = list(_faults_of_search(query, of_namespace))
    if not found and not selected(query, metrics):
        return [SelectionFault(0, "no metric matches all of these conditions", is_of_values=True)]
    return found


def _faults_of_query(query: SelectQuery, metrics: list[MetricId]) -> Iterator[SelectionFault]:
    named = [metric for metric in metrics if metric.name == query.metric.text]
    if not named:
        near = suggestion(query.metric.text, {metric.name for metric in metrics})
        yield SelectionFault(query.metric.position, f"there is no metric {query.metric.text}{near}")
        return
    values = _values(named)
    for label in query.labels:
        if label.text not in values:
            text = f"{query.metric.text} has no dimension {label.text}{suggestion(label.text, values)}"
            yield SelectionFault(label.position, text)
    for condition in query.where:
        known = values.get(condition.key.text, set())
        if known and condition.value.text not in known:
            value = condition.value.text
            text = f"no {condition.key.text} is {value!r}{suggestion(value, known)}"
            yield SelectionFault(condition.value.position, text, is_of_values=True)
    sets = {frozenset(metric.dimension_names) for metric in named}
    if query.schema is not None and frozenset(label.text for label in query.schema) not in sets:
        yield SelectionFault(query.namespace.position, f"{query.metric.text} has the dimensions {_sets(sets)} only")


def _faults_of_search(query: SearchQuery, metrics: list[MetricId]) -> Iterator[SelectionFault]:
    in_schema = [metric for metric in metrics if SearchQuery(query.namespace, query.dimensions, None).finds(metric)]
    if not in_schema:
        sets = {frozenset(metric.dimension_names) for metric in metrics}
        given = braces(query.dimensions or ())
        yield SelectionFault(query.position, f"no metric has the dimensions {given}, but {_sets(sets)}")
        return
    for match in query.matches:
        if not any(match.finds(metric) for metric in in_schema):
            text = f"no metric matches {match.text!r}{_near(match, in_schema)}"
            yield SelectionFault(match.position, text, is_of_values=match.where != "MetricName")


def _near(match: Match, metrics: list[MetricId]) -> str:
    values = _values(metrics)
    names = {metric.name for metric in metrics}
    texts = names if match.where == "MetricName" else values.get(match.where or "", names)
    return suggestion(match.text, texts)


def _values(metrics: Collection[MetricId]) -> dict[str, set[str]]:
    """The values of each dimension."""
    values: dict[str, set[str]] = {}
    for metric in metrics:
        for name, value in metric.dimensions:
            values.setdefault(name, set()).add(value)
    return values


def _sets(sets: Collection[frozenset[str]]) -> str:
    return " or ".join(sorted(braces(sorted(names)) for names in sets))
