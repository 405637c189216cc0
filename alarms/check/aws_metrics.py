"""The metrics of AWS's own services that the checks know: ``aws_metrics.json``, and files of the same form.

``{"namespaces": {"AWS/SQS": [{"names": ["NumberOfMessagesSent"], "dimension_sets": [["QueueName"]]}]}}``. Without
``dimension_sets``, any dimensions are accepted. ``period`` is the shortest useful period in seconds (default 60).
``sparse`` metrics are published only while there is something to count, so missing data is their normal state.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarms.definition_files import ROOT, DefinitionError

LIST = "alarms/check/aws_metrics.json"
DEFAULT_PERIOD = 60


@dataclass(frozen=True, slots=True)
class AwsMetrics:
    """Metrics that have the same dimension sets; None if these are not known. ``period`` is in seconds."""

    names: frozenset[str]
    dimension_sets: tuple[tuple[str, ...], ...] | None = None
    sparse: bool = False
    period: int = DEFAULT_PERIOD


@dataclass(frozen=True, slots=True)
class KnownMetrics:
    """The metrics of each namespace."""

    namespaces: Mapping[str, tuple[AwsMetrics, ...]]

    def find(self, namespace: str, name: str) -> AwsMetrics | None:
        """The entry that lists the metric, or None."""
        return next((entry for entry in self.namespaces.get(namespace, ()) if name in entry.names), None)

    def names(self, namespace: str) -> list[str]:
        return [name for entry in self.namespaces.get(namespace, ()) for name in sorted(entry.names)]


def read_known_metrics(more: Iterable[Path] = ()) -> KnownMetrics:
    """The list of this project and those of ``more``, whose entries come first. Raises DefinitionError."""
    namespaces: dict[str, tuple[AwsMetrics, ...]] = {}
    for path in (ROOT / LIST, *more):
        try:
            listed = json.loads(path.read_text())["namespaces"]
            for namespace, entries in listed.items():
                namespaces[namespace] = (*map(_entry, entries), *namespaces.get(namespace, ()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DefinitionError([f"{path}: is not of the form of {LIST}: {error!r}"]) from error
    return KnownMetrics(namespaces)


def _entry(entry: Mapping[str, Any]) -> AwsMetrics:
    sets = entry.get("dimension_sets")
    return AwsMetrics(
        frozenset(map(str, entry["names"])),
        None if sets is None else tuple(tuple(sorted(keys)) for keys in sets),
        bool(entry.get("sparse", False)),
        int(entry.get("period", DEFAULT_PERIOD)),
    )
