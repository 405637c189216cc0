"""Compares the metrics that the code emits with those that the definitions watch, both ways.

CloudWatch never reports that a metric does not exist. An alarm on a misspelt name never fires, and gives no error.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from alarms.check.scope import Definitions, error
from alarms.check.selected_metrics import selection_notices
from alarms.check.watched_metrics import MetricUse, SelectionUse
from alarms.definition_files import ROOT, Definition
from alarms.selection_faults import selected
from alarms.wording import braces, suggestion
from cloudwatch.insights import SelectQuery
from cloudwatch.metric import MetricId
from cloudwatch.notice import Notice, Severity
from telemetry.catalogue import RECORD_KINDS, ROUTE, SERVICE, RecordKind, routes_of

CATALOGUE = "telemetry/catalogue.py"
UNWATCHED = "alarms/definitions/unwatched.json"
STORAGE_RESOLUTION_SECONDS = 60

Emitted = tuple[str, tuple[str, ...]]  # name, dimension names


def contract_notices(definitions: Definitions) -> list[Notice]:
    """Every difference between the definitions of this project and the catalogue."""
    namespace = definitions.namespace
    uses = [use for use in definitions.metric_uses if use.metric.namespace == namespace]
    chosen = [use for use in definitions.selection_uses if use.namespace == namespace]
    metrics = _emitted_metrics(namespace)
    found = [notice for use in uses for notice in _metric_notices(use)]
    for selection in chosen:
        found += selection_notices(selection, metrics)
        found += _statistic_notices(selection, metrics)
    for definition in definitions.all:
        queries = [use.selection.query for use in chosen if use.definition is definition]
        needed = {use.metric.name for use in uses if use.definition is definition}
        needed |= {query.metric.text for query in queries if isinstance(query, SelectQuery)}
        found += _assumption_notices(definition, needed)
    watched = {_emitted(use.metric) for use in uses}
    watched |= {_emitted(metric) for use in chosen for metric in selected(use.selection.query, list(metrics))}
    return found + list(_unwatched_notices(watched))


def _emitted_metrics(namespace: str) -> dict[MetricId, RecordKind]:
    """Every metric that the code can emit, with all values of its dimensions, and the record that contains it."""
    metrics: dict[MetricId, RecordKind] = {}
    for kind in RECORD_KINDS:
        for metric, keys in product(kind.metrics, kind.dimension_sets):
            values = {SERVICE: kind.services, ROUTE: routes_of(metric.name)}
            for chosen in product(*(values.get(key, ("",)) for key in keys)):
                metrics[MetricId.of(namespace, metric.name, dict(zip(keys, chosen, strict=True)))] = kind
    return metrics


def _metric_notices(use: MetricUse) -> Iterator[Notice]:
    """A metric in the namespace of this project must be used as the catalogue declares it."""

    def fault(text: str) -> Notice:
        return error(use.definition, use.key, text)

    name = use.metric.name
    kind = next((kind for kind in RECORD_KINDS if any(metric.name == name for metric in kind.metrics)), None)
    if kind is None:
        names = [metric.name for kind in RECORD_KINDS for metric in kind.metrics]
        yield fault(f"nothing emits a metric {name}{suggestion(name, names)}")
        return
    keys = _emitted(use.metric)[1]
    if keys not in [tuple(sorted(keys)) for keys in kind.dimension_sets]:
        emitted = " or ".join(braces(sorted(keys)) for keys in kind.dimension_sets)
        yield fault(f"{name} is not emitted with the dimensions {braces(keys)}, but with {emitted}")
    values = dict(use.metric.dimensions)
    service, route = values.get(SERVICE), values.get(ROUTE)
    if service is not None and service not in kind.services:
        yield fault(f"{name} is not emitted by {SERVICE} {service!r}, but by {braces(kind.services)}")
    if route is not None and route not in (routes := routes_of(name)):
        yield fault(f"{name} is not emitted for the {ROUTE} {route!r}{suggestion(route, routes)}")
    if text := _statistic_fault(kind, name, use.statistic):
        yield fault(text)
    if use.period < STORAGE_RESOLUTION_SECONDS:
        yield fault(f"{name} has a resolution of {STORAGE_RESOLUTION_SECONDS} s, the period is {use.period} s")
    if use.unit is not None and use.unit != kind.metric(name).unit:
        yield fault(f"{name} is emitted in {kind.metric(name).unit}, not in {use.unit}")


def _statistic_notices(use: SelectionUse, metrics: dict[MetricId, RecordKind]) -> Iterator[Notice]:
    statistic = use.selection.statistic
    for name, kind in {metric.name: metrics[metric] for metric in selected(use.selection.query, list(metrics))}.items():
        if text := _statistic_fault(kind, name, statistic):
            yield error(use.definition, use.key, text)


def _statistic_fault(kind: RecordKind, name: str, statistic: str) -> str:
    """The reason why the statistic of the metric has no meaning; empty if it has one."""
    if not kind.statistics or statistic in kind.statistics:
        return ""
    return f"several processes emit {name} of the same thing, so {statistic} of it has no meaning"


def _assumption_notices(definition: Definition, needed: set[str]) -> Iterator[Notice]:
    """A threshold has no meaning without its unit, and AWS advises against a unit in an alarm."""
    units = {metric.name: metric.unit.value for kind in RECORD_KINDS for metric in kind.metrics}
    for name in sorted(needed | definition.assumes.keys()):
        assumed, unit = definition.assumes.get(name), units.get(name)
        place = f"assumes.{name}"
        if name not in needed:
            yield Notice(Severity.ERROR, definition.file, place, "this definition does not watch it")
        elif assumed is None:
            yield Notice(Severity.ERROR, definition.file, place, f"is missing; it is emitted in {unit}")
        elif assumed != unit:
            yield Notice(Severity.ERROR, definition.file, place, f"is {assumed}, but {unit} in {CATALOGUE}")


def _unwatched_notices(watched: set[Emitted]) -> Iterator[Notice]:
    """Each emitted metric costs money. So a definition must watch it, or UNWATCHED must give a reason."""
    emitted = {
        (metric.name, tuple(sorted(keys))): f"{kind.name}.{metric.name}"
        for kind in RECORD_KINDS
        for metric in kind.metrics
        for keys in kind.dimension_sets
    }
    file = ROOT / UNWATCHED
    reasons: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for key, place in emitted.items():
        if key not in watched and _text(key) not in reasons:
            text = f"no definition watches {_text(key)}; watch it, or give the reason in {UNWATCHED}"
            yield Notice(Severity.ERROR, CATALOGUE, place, text)
    for text in reasons:
        matching = [key for key in emitted if _text(key) == text]
        if not matching:
            yield Notice(Severity.ERROR, UNWATCHED, text, "nothing emits it")
        elif matching[0] in watched:
            yield Notice(Severity.ERROR, UNWATCHED, text, "it is watched; remove the entry")


def _emitted(metric: MetricId) -> Emitted:
    return metric.name, metric.dimension_names


def _text(key: Emitted) -> str:
    return f"{key[0]} {braces(key[1])}"
