"""Compares the metrics that the code emits with those that the definitions watch, both ways.

CloudWatch never says that a metric does not exist: an alarm on a misspelt name never fires, and nothing shows it.
"""

import difflib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from alarms.check.known_metrics import AWS_METRICS, find_aws_metric
from alarms.check.watched_metrics import MetricUse, metric_uses
from alarms.definition_files import ROOT, Definition
from cloudwatch.statistics import parse_statistic
from telemetry.catalogue import RECORD_KINDS, ROUTE, ROUTES, SERVICE

CATALOGUE = "telemetry/catalogue.py"
UNWATCHED = "alarms/definitions/unwatched.json"
METRICS_OF_AWS = "alarms/check/known_metrics.py"
STORAGE_RESOLUTION_SECONDS = 60

Emitted = tuple[str, tuple[str, ...]]  # name, dimension names


def contract_problems(definitions: Iterable[Definition], namespace: str) -> list[str]:
    """Everything that does not fit, as ``file: key: what is wrong``."""
    all_definitions = list(definitions)
    uses = [use for definition in all_definitions for use in metric_uses(definition)]
    problems: list[str] = []
    for use in uses:
        try:
            parse_statistic(use.statistic)
        except ValueError as error:
            problems.append(f"{use.place}: {error}")
        is_declared_here = use.metric.namespace == namespace
        problems += _catalogue_problems(use) if is_declared_here else _aws_problems(use, namespace)
    for definition in all_definitions:
        problems += _assumption_problems(definition, namespace)
    return problems + list(_unwatched_problems(uses, namespace))


def _catalogue_problems(use: MetricUse) -> Iterator[str]:
    """A metric in the namespace of this project must be used as the catalogue declares it."""
    name, place = use.metric.name, use.place
    kind = next((kind for kind in RECORD_KINDS if any(metric.name == name for metric in kind.metrics)), None)
    if kind is None:
        names = [metric.name for kind in RECORD_KINDS for metric in kind.metrics]
        yield f"{place}: nothing emits a metric {name}{_suggestion(name, names)}"
        return
    keys = tuple(sorted(key for key, _ in use.metric.dimensions))
    if keys not in [tuple(sorted(keys)) for keys in kind.dimension_sets]:
        emitted = " or ".join(_braces(sorted(keys)) for keys in kind.dimension_sets)
        yield f"{place}: {name} is not emitted with the dimensions {_braces(keys)}, but with {emitted}"
    values = dict(use.metric.dimensions)
    service, route = values.get(SERVICE), values.get(ROUTE)
    if service is not None and service not in kind.services:
        yield f"{place}: {name} is not emitted by {SERVICE} {service!r}, but by {_braces(kind.services)}"
    if route is not None and route not in ROUTES:
        yield f"{place}: there is no {ROUTE} {route!r}{_suggestion(route, ROUTES)}"
    if kind.statistics and use.statistic not in kind.statistics:
        yield f"{place}: several processes emit {name} of the same thing, so {use.statistic} of it has no meaning"
    if use.period < STORAGE_RESOLUTION_SECONDS:
        yield f"{place}: {name} has a resolution of {STORAGE_RESOLUTION_SECONDS} s, the period is {use.period} s"
    if use.unit is not None and use.unit != kind.metric(name).unit:
        yield f"{place}: {name} is emitted in {kind.metric(name).unit}, not in {use.unit}"


def _aws_problems(use: MetricUse, namespace: str) -> Iterator[str]:
    """A metric in any other namespace must be a known one of AWS."""
    metric = use.metric
    if metric.namespace not in AWS_METRICS:
        namespaces = [namespace, *AWS_METRICS]
        suggestion = _suggestion(metric.namespace, namespaces)
        yield f"{use.place}: {METRICS_OF_AWS} lists no namespace {metric.namespace!r}{suggestion}"
        return
    entry = find_aws_metric(metric.namespace, metric.name)
    if entry is None:
        names = [name for each in AWS_METRICS[metric.namespace] for name in each.names]
        suggestion = _suggestion(metric.name, names)
        yield f"{use.place}: {METRICS_OF_AWS} lists no metric {metric.name} of {metric.namespace}{suggestion}"
    elif (keys := tuple(sorted(key for key, _ in metric.dimensions))) not in entry.dimension_sets:
        sets = " or ".join(map(_braces, entry.dimension_sets))
        yield f"{use.place}: {metric.name} has no dimensions {_braces(keys)}, but {sets}"


def _assumption_problems(definition: Definition, namespace: str) -> Iterator[str]:
    """A threshold has no meaning without its unit, and AWS advises against a unit in an alarm."""
    units = {metric.name: metric.unit.value for kind in RECORD_KINDS for metric in kind.metrics}
    place = f"{definition.file}: assumes"
    needed = {use.metric.name for use in metric_uses(definition) if use.metric.namespace == namespace}
    for name in sorted(needed | definition.assumes.keys()):
        assumed, unit = definition.assumes.get(name), units.get(name)
        if name not in needed:
            yield f"{place}.{name}: this definition does not watch it"
        elif assumed is None:
            yield f"{place}.{name}: is missing; it is emitted in {unit}"
        elif assumed != unit:
            yield f"{place}.{name}: is {assumed}, and {CATALOGUE} says {unit}"


def _unwatched_problems(uses: Iterable[MetricUse], namespace: str) -> Iterator[str]:
    """Each emitted metric costs money, so a definition watches it, or UNWATCHED says why none does."""
    watched = {
        (use.metric.name, tuple(sorted(key for key, _ in use.metric.dimensions)))
        for use in uses
        if use.metric.namespace == namespace
    }
    emitted = {
        (metric.name, tuple(sorted(keys))): f"{CATALOGUE}: {kind.name}.{metric.name}"
        for kind in RECORD_KINDS
        for metric in kind.metrics
        for keys in kind.dimension_sets
    }
    file = ROOT / UNWATCHED
    reasons: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for key, place in emitted.items():
        if key not in watched and _text(key) not in reasons:
            yield f"{place}: nothing watches {_text(key)}; watch it, or say why not in {UNWATCHED}"
    for text in reasons:
        matching = [key for key in emitted if _text(key) == text]
        if not matching:
            yield f"{UNWATCHED}: {text}: nothing emits it"
        elif matching[0] in watched:
            yield f"{UNWATCHED}: {text}: it is watched; remove the entry"


def _text(key: Emitted) -> str:
    return f"{key[0]} {_braces(key[1])}"


def _braces(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


def _suggestion(name: str, names: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]}?" if found else ""
