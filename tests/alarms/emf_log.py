"""EMF logs in the format of the product, with chosen times."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from telemetry.catalogue import API_REQUEST, JOB, QUEUE, RecordKind
from telemetry.recorder import RecordFormat

NAMESPACE = "ANB/RisingStars"
BEGIN = 1_767_225_600  # 2026-01-01 00:00 UTC
MINUTE = 60


def document(
    kind: RecordKind,
    minute: float,
    metrics: Mapping[str, float],
    *,
    service: str = "worker",
    namespace: str = NAMESPACE,
    **dimensions: str,
) -> dict[str, Any]:
    """One record in the real format, ``minute`` minutes after BEGIN."""
    line = RecordFormat(namespace=namespace, service=service, log_group="anb").line(kind, metrics, dimensions)
    found: dict[str, Any] = json.loads(line)
    found["_aws"]["Timestamp"] = round((BEGIN + MINUTE * minute) * 1000)
    return found


def queue(minute: float, **metrics: float) -> dict[str, Any]:
    values = {metric.name: 0.0 for metric in QUEUE.metrics}
    return document(QUEUE, minute, {**values, "Workers": 1, **metrics})


def job(minute: float, **metrics: float) -> dict[str, Any]:
    return document(JOB, minute, {"Jobs": 1, "JobErrors": 0, **metrics})


def request(minute: float, route: str = "POST /api/videos/upload", **metrics: float) -> dict[str, Any]:
    values = {"Requests": 1, "ServerErrors": 0, "Latency": 20, **metrics}
    return document(API_REQUEST, minute, values, service="api", Route=route)


def write_log(path: Path, records: Iterable[Mapping[str, Any] | str]) -> Path:
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
