"""All renamings of one name in the catalogue or in one definition."""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from alarms.definition_files import Definition
from telemetry.catalogue import RECORD_KINDS, RecordKind, Unit

_NAMES = ("MetricName", "Namespace", "Statistic", "Stat", "ExtendedStatistic", "Id", "AlarmName", "PolicyName")
_IDENTIFIER = re.compile(r"\b[a-z][a-z_]*\b")


@dataclass(frozen=True)
class Renaming:
    """A definition with one changed name. ``place`` names the change in a test report."""

    place: str
    definition: Definition


def definition_renamings(definition: Definition, namespace: str) -> Iterator[Renaming]:
    """A renaming for each name in the parameters that the check can verify offline.

    The entries of a list are checked alike, so a name that stands in several of them is changed in one.
    """
    done = set()
    for path, rename in _places(definition.parameters, (), namespace):
        parameters = copy.deepcopy(dict(definition.parameters))
        holder: Any = parameters
        for key in path[:-1]:
            holder = holder[key]
        old, holder[path[-1]] = holder[path[-1]], rename(holder[path[-1]])
        change = (tuple("" if isinstance(key, int) else key for key in path), str(old), str(holder[path[-1]]))
        if change in done:
            continue
        done.add(change)
        place = f"{definition.file}:{'.'.join(map(str, path))}"
        yield Renaming(f"{place}={holder[path[-1]]}"[:160], replace(definition, parameters=parameters))


Path = tuple[str | int, ...]
Rename = Callable[[Any], Any]


def _places(value: Any, path: Path, namespace: str) -> Iterator[tuple[Path, Rename]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places_of_member(value, key, item, (*path, key), namespace)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index), namespace)


def _places_of_member(
    holder: dict[str, Any], key: str, item: Any, path: Path, namespace: str
) -> Iterator[tuple[Path, Rename]]:
    if key == "Id" and holder.get("ReturnData"):
        return  # no other entry refers to the result
    if (key in _NAMES and isinstance(item, str)) or key in ("ActionsSuppressor", "stat"):
        yield path, _appended
    elif key == "AlarmRule":
        yield from ((path, _replaced(name)) for name in re.findall(r'"([^"]+)"', item))
    elif key == "Expression":
        yield from ((path, _replaced(name)) for name in sorted(set(_IDENTIFIER.findall(item))))
    elif key == "AlarmActions" and item[0].startswith("${policy:"):
        yield (*path, 0), lambda text: text.replace("}", "x}")
    elif key == "Dimensions":
        own = holder.get("Namespace") == namespace
        for index in range(len(item)):
            yield (*path, index, "Name"), _appended
            if own:
                yield (*path, index, "Value"), _appended
    elif key == "metrics":
        yield from _places_of_graph(item, path, namespace)
    elif key == "alarms":
        yield from (((*path, index), _appended) for index in range(len(item)))
    else:
        yield from _places(item, path, namespace)


def _places_of_graph(metrics: list[list[Any]], path: Path, namespace: str) -> Iterator[tuple[Path, Rename]]:
    for row, metric in enumerate(metrics):
        for column, item in enumerate(metric):
            is_value = column >= 3 and column % 2 == 1
            if isinstance(item, str) and not (is_value and metric[0] != namespace):
                yield (*path, row, column), _appended
            elif isinstance(item, dict) and "stat" in item:
                yield (*path, row, column, "stat"), _appended


def _appended(text: str) -> str:
    return text + "x"


def _replaced(name: str) -> Rename:
    return lambda text: re.sub(rf"\b{re.escape(name)}\b(?!-)", f"{name}x", text)


def catalogue_renamings() -> Iterator[tuple[str, tuple[RecordKind, ...]]]:
    """A renaming for each metric, unit, dimension and service of the catalogue."""
    for index, kind in enumerate(RECORD_KINDS):
        for place, changed in _kind_renamings(kind):
            yield f"{kind.name}.{place}", (*RECORD_KINDS[:index], changed, *RECORD_KINDS[index + 1 :])


def _kind_renamings(kind: RecordKind) -> Iterator[tuple[str, RecordKind]]:
    for position, metric in enumerate(kind.metrics):
        other = Unit.BYTES if metric.unit is not Unit.BYTES else Unit.COUNT
        for what, changed in (("name", replace(metric, name=f"{metric.name}x")), ("unit", replace(metric, unit=other))):
            metrics = (*kind.metrics[:position], changed, *kind.metrics[position + 1 :])
            yield f"{metric.name} {what}", replace(kind, metrics=metrics)
    for position, keys in enumerate(kind.dimension_sets):
        for key in keys:
            renamed = tuple(f"{k}x" if k == key else k for k in keys)
            sets = (*kind.dimension_sets[:position], renamed, *kind.dimension_sets[position + 1 :])
            yield f"dimension {key} of {keys}", replace(kind, dimension_sets=sets)
    for service in kind.services:
        yield f"service {service}", replace(kind, services=tuple(s for s in kind.services if s != service))
