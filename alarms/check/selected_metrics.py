"""Checks that a SEARCH or a Metrics Insights query matches metrics that are known to exist."""

from collections.abc import Collection, Iterator, Mapping

from alarms.check.scope import error
from alarms.check.watched_metrics import SelectionUse
from alarms.check.wording import braces, suggestion
from cloudwatch.insights import Named, SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.notice import Notice
from cloudwatch.search import Match, SearchQuery


def selected(use: SelectionUse, metrics: Collection[MetricId]) -> list[MetricId]:
    """The ``metrics`` that the search or query finds."""
    query = use.selection.query
    if isinstance(query, SelectQuery):
        return [metric for metric in metrics if query.selects(metric)]
    return [metric for metric in metrics if query.finds(metric)]


def selection_notices(use: SelectionUse, metrics: Collection[MetricId]) -> Iterator[Notice]:
    """An error for each name that no metric of the namespace has; if each exists, one if no metric has all of them."""
    query = use.selection.query
    of_namespace = [metric for metric in metrics if metric.namespace == use.namespace]
    faults = (
        _faults_of_query(query, of_namespace)
        if isinstance(query, SelectQuery)
        else _faults_of_search(query, of_namespace)
    )
    found = list(faults)
    if not found and not selected(use, metrics):
        found = [(0, "no emitted metric matches all of these conditions")]
    for position, text in found:
        yield error(use.definition, use.key, f"character {use.selection.position + position + 1}: {text}")


def _faults_of_query(query: SelectQuery, metrics: list[MetricId]) -> Iterator[tuple[int, str]]:
    named = [metric for metric in metrics if metric.name == query.metric.text]
    if not named:
        names = {metric.name for metric in metrics}
        yield query.metric.position, f"nothing emits a metric {query.metric.text}{suggestion(query.metric.text, names)}"
        return
    values = _values(named)
    for label in query.labels:
        if label.text not in values:
            yield label.position, _no_dimension(query.metric.text, label, values)
    for condition in query.where:
        known = values.get(condition.key.text, set())
        if known and condition.value.text not in known:
            text = condition.value.text
            yield condition.value.position, f"no {condition.key.text} is {text!r}{suggestion(text, known)}"
    sets = {frozenset(name for name, _ in metric.dimensions) for metric in named}
    if query.schema is not None and frozenset(label.text for label in query.schema) not in sets:
        yield query.namespace.position, f"{query.metric.text} is emitted with {_sets(sets)} only"


def _no_dimension(metric: str, label: Named, values: Mapping[str, object]) -> str:
    return f"{metric} has no dimension {label.text}{suggestion(label.text, values)}"


def _faults_of_search(query: SearchQuery, metrics: list[MetricId]) -> Iterator[tuple[int, str]]:
    in_schema = [metric for metric in metrics if SearchQuery(query.namespace, query.dimensions, None).finds(metric)]
    if not in_schema:
        sets = {frozenset(name for name, _ in metric.dimensions) for metric in metrics}
        given = braces(query.dimensions or ())
        yield query.position, f"no metric has the dimensions {given}, but {_sets(sets)}"
        return
    for match in query.matches:
        if not any(match.finds(metric) for metric in in_schema):
            yield match.position, f"nothing that is emitted matches {match.text!r}{_near(match, in_schema)}"


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
