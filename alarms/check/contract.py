"""What code emits and what the definitions watch, held against each other, both ways.

CloudWatch never says that a metric does not exist: a misspelt name is an alarm that is silently dead.
"""

import difflib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from alarms.check.known_metrics import KNOWN, known
from alarms.check.watched_metrics import MetricUse, watches
from alarms.definition_files import ROOT, Definition
from cloudwatch.statistics import parse_statistic
from telemetry.catalogue import RECORD_KINDS, ROUTE, ROUTES, SERVICE, RecordKind

CATALOGUE = "telemetry/catalogue.py"
UNWATCHED = "alarms/definitions/unwatched.json"
STORAGE_RESOLUTION_SECONDS = 60

Emitted = tuple[str, tuple[str, ...]]  # name, dimension names


def contract_problems(definitions: Iterable[Definition], namespace: str, root: Path = ROOT) -> list[str]:
    """Everything that does not fit, as ``file: key: what is wrong``."""
    known_definitions = list(definitions)
    watched = [watch for definition in known_definitions for watch in watches(definition)]
    problems = [problem for watch in watched for problem in _watch_problems(watch, namespace)]
    problems += [p for d in known_definitions for p in _assumption_problems(d, namespace)]
    return problems + list(_unwatched_problems(watched, namespace, root))


def _watch_problems(watch: MetricUse, namespace: str) -> Iterator[str]:
    try:
        parse_statistic(watch.statistic)
    except ValueError as error:
        yield f"{watch.place}: {error}"
    if watch.metric.namespace == namespace:
        yield from _own_problems(watch)
    else:
        yield from _foreign_problems(watch, namespace)


def _own_problems(watch: MetricUse) -> Iterator[str]:
    name, place = watch.metric.name, watch.place
    kinds = [kind for kind in RECORD_KINDS if any(metric.name == name for metric in kind.metrics)]
    if not kinds:
        yield f"{place}: nothing emits a metric {name}{_near(name, _own_names())}"
        return
    kind = kinds[0]
    keys = tuple(sorted(key for key, _ in watch.metric.dimensions))
    sets = [tuple(sorted(keys)) for keys in kind.dimension_sets]
    if keys not in sets:
        emitted = " or ".join(map(_names, sets))
        yield f"{place}: {name} is not emitted with the dimensions {_names(keys)}, but with {emitted}"
    yield from _value_problems(watch, kind)
    if kind.statistics and watch.statistic not in kind.statistics:
        yield f"{place}: several processes emit {name} of the same thing: {watch.statistic} of it means nothing"
    if watch.period < STORAGE_RESOLUTION_SECONDS:
        yield f"{place}: {name} has a resolution of {STORAGE_RESOLUTION_SECONDS} s, the period is {watch.period} s"
    if watch.unit is not None and watch.unit != kind.metric(name).unit:
        yield f"{place}: {name} is emitted in {kind.metric(name).unit}, not in {watch.unit}"


def _value_problems(watch: MetricUse, kind: RecordKind) -> Iterator[str]:
    values = dict(watch.metric.dimensions)
    service, route = values.get(SERVICE), values.get(ROUTE)
    if service is not None and service not in kind.services:
        services = _names(kind.services)
        yield f"{watch.place}: {watch.metric.name} is not emitted by {SERVICE} {service!r}, but by {services}"
    if route is not None and route not in ROUTES:
        yield f"{watch.place}: there is no {ROUTE} {route!r}{_near(route, ROUTES)}"


def _foreign_problems(watch: MetricUse, namespace: str) -> Iterator[str]:
    metric = watch.metric
    if metric.namespace not in KNOWN:
        yield f"{watch.place}: there is no namespace {metric.namespace!r}{_near(metric.namespace, [namespace, *KNOWN])}"
        return
    entry = known(metric.namespace, metric.name)
    if entry is None:
        names = [name for each in KNOWN[metric.namespace] for name in each.names]
        yield f"{watch.place}: {metric.namespace} has no metric {metric.name}{_near(metric.name, names)}"
    elif (keys := tuple(sorted(key for key, _ in metric.dimensions))) not in entry.dimension_sets:
        sets = " or ".join(map(_names, entry.dimension_sets))
        yield f"{watch.place}: {metric.name} has no dimensions {_names(keys)}, but {sets}"


def _assumption_problems(definition: Definition, namespace: str) -> Iterator[str]:
    """A threshold means nothing without its unit, and AWS advises against giving one in an alarm."""
    units = {metric.name: metric.unit.value for kind in RECORD_KINDS for metric in kind.metrics}
    place = f"{definition.file}: assumes"
    needed = {watch.metric.name for watch in watches(definition) if watch.metric.namespace == namespace}
    for name in sorted(needed | definition.assumes.keys()):
        assumed, unit = definition.assumes.get(name), units.get(name)
        if name not in needed:
            yield f"{place}.{name}: this definition does not watch it"
        elif assumed is None:
            yield f"{place}.{name}: is missing; it is emitted in {unit}"
        elif assumed != unit:
            yield f"{place}.{name}: is {assumed}, and {CATALOGUE} says {unit}"


def _unwatched_problems(watched: Iterable[MetricUse], namespace: str, root: Path) -> Iterator[str]:
    """What is emitted costs money: somebody must look at it, or it must be said why nobody does."""
    seen = {
        (w.metric.name, tuple(sorted(key for key, _ in w.metric.dimensions)))
        for w in watched
        if w.metric.namespace == namespace
    }
    reasons = read_reasons(root)
    emitted = dict(_emitted())
    for key, place in emitted.items():
        if key not in seen and _text(key) not in reasons:
            yield f"{place}: nothing watches {_text(key)}; watch it, or say why not in {UNWATCHED}"
    for text in reasons:
        matching = [key for key in emitted if _text(key) == text]
        if not matching:
            yield f"{UNWATCHED}: {text}: nothing emits it"
        elif matching[0] in seen:
            yield f"{UNWATCHED}: {text}: it is watched; remove the entry"


def read_reasons(root: Path = ROOT) -> dict[str, Any]:
    """Why nobody watches some metric: ``"Name {Dimension, …}"`` → reason."""
    path = root / UNWATCHED
    reasons: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return reasons


def _emitted() -> Iterator[tuple[Emitted, str]]:
    for kind in RECORD_KINDS:
        for metric in kind.metrics:
            for keys in kind.dimension_sets:
                yield (metric.name, tuple(sorted(keys))), f"{CATALOGUE}: {kind.name}.{metric.name}"


def _text(key: Emitted) -> str:
    return f"{key[0]} {_names(key[1])}"


def _names(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


def _own_names() -> list[str]:
    return [metric.name for kind in RECORD_KINDS for metric in kind.metrics]


def _near(name: str, names: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]}?" if found else ""
