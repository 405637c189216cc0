"""The catalogue of somebody else's metrics: what their definitions may watch.

A file has the form of ``aws cloudwatch list-metrics``, and may add the ``Unit`` in which a metric is written::

    {"Metrics": [{"Namespace": "Shop", "MetricName": "Errors", "Unit": "Count",
                  "Dimensions": [{"Name": "Service", "Value": "checkout"}]}]}

Where an entry has no unit, no unit is compared. A metric in several units, or with several sets or values of
dimensions, has an entry for each. Metrics of AWS are left out: ``aws_metrics.json`` lists them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from alarms.definition_files import DefinitionError, read_json_object
from alarms.recording import NothingRecorded
from cloudwatch.emf import UNITS, EmfReader, log_lines
from cloudwatch.emf.metadata import Streams
from cloudwatch.metric import MetricId
from cloudwatch.notice import Notice, Severity


@dataclass(frozen=True)  # without slots: its index is kept
class MetricCatalogue:
    """The metrics, each with the units in which it is written; no unit means that they are not known."""

    units: Mapping[MetricId, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def by_namespace(self) -> Mapping[str, list[MetricId]]:
        found: dict[str, list[MetricId]] = {}
        for metric in self.units:
            found.setdefault(metric.namespace, []).append(metric)
        return found

    def with_metrics(self, metrics: Iterable[tuple[MetricId, str | None]]) -> Self:
        """This catalogue and the metrics, each in a unit or in one that is not known."""
        units = dict(self.units)
        for metric, unit in metrics:
            if not metric.is_of_aws:
                units[metric] = units.get(metric, frozenset()) | ({unit} if unit else frozenset())
        return type(self)(units)

    def document(self) -> dict[str, Any]:
        """The content of a catalogue file."""
        entries = [
            {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
                **({"Unit": unit} if unit else {}),
            }
            for metric in sorted(self.units)
            for unit in sorted(self.units[metric]) or [""]
        ]
        return {"Metrics": entries}


def read_catalogue(files: Iterable[Path], logs: Iterable[Path]) -> tuple[MetricCatalogue, list[Notice]]:
    """The metrics of catalogue files and of recorded EMF logs, and a remark for each other kind of line in the logs.

    Raises DefinitionError for a file of another form, NothingRecorded for a log without any metric, and OSError.
    """
    catalogue = MetricCatalogue()
    notices: list[Notice] = []
    for path in files:
        catalogue = catalogue.with_metrics(_listed_metrics(path))
    for path in logs:
        reader = EmfReader()
        catalogue = catalogue.with_metrics(_recorded_metrics(reader, path))
        notices += [
            Notice(Severity.REMARK, str(path), finding.place, f"{finding.kind}: {finding.text}")
            for finding in reader.findings
        ]
    return catalogue, notices


def write_catalogue(catalogue: MetricCatalogue, path: Path) -> None:
    """Raises DefinitionError if there is nothing to write, and OSError."""
    if not catalogue.units:
        raise DefinitionError([f"{path}: there is no catalogue to write; give --catalogue-from LOG…"])
    path.write_text(json.dumps(catalogue.document(), indent=2, ensure_ascii=False) + "\n")


def _listed_metrics(path: Path) -> list[tuple[MetricId, str | None]]:
    try:
        return [_listed_metric(entry) for entry in read_json_object(path)["Metrics"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        text = f"{path}: is not of the form of `aws cloudwatch list-metrics`: {error!r}"
        raise DefinitionError([text]) from error


def _listed_metric(entry: Mapping[str, Any]) -> tuple[MetricId, str | None]:
    metric = MetricId.from_api(entry["Namespace"], entry["MetricName"], entry.get("Dimensions") or ())
    texts = [metric.namespace, metric.name, *(text for pair in metric.dimensions for text in pair)]
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f"{metric}: each name and value is a text")
    unit = entry.get("Unit")
    if unit is not None and unit not in UNITS:
        raise ValueError(f"{metric}: there is no unit {unit!r}")
    return metric, unit


def _recorded_metrics(reader: EmfReader, path: Path) -> set[tuple[MetricId, str | None]]:
    seen: set[Streams] = set()
    found: set[tuple[MetricId, str | None]] = set()
    for streams, _, _ in reader.scan(log_lines(path)):
        if streams not in seen:
            seen.add(streams)
            found |= {(metric, unit) for _, metric, unit, _ in streams.all}
    if not found:
        raise NothingRecorded.among(f"There is no EMF record in {path}.", reader)
    return found
