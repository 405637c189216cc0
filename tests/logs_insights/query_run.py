"""Runs a query of Logs Insights over recorded logs: records in EMF, and the log lines of our processes."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.logs_insights.query_text import Aggregate, Event, Group, LogQuery, parse_query


def run_query(text: str, events: Iterable[Event]) -> list[Event]:
    """The rows of the answer, with the fields that the query names. Without a sort, the newest event comes first."""
    query = parse_query(text)
    found = [event for event in events if all(condition(event) for condition in query.conditions)]
    if query.aggregates:
        rows = _grouped(query, found)
        shown = [*(group.name for group in query.groups), *(aggregate.name for aggregate in query.aggregates)]
    else:
        rows, shown = found, query.fields or ["@timestamp", "@message"]
    field, descends = query.sort or ("@timestamp", True)
    if query.sort or not query.aggregates:
        rows = sorted(rows, key=lambda row: row[field], reverse=descends)
    return [{name: row[name] for name in shown if row.get(name) is not None} for row in rows[: query.limit]]


def _grouped(query: LogQuery, events: Iterable[Event]) -> list[Event]:
    members: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in events:
        members[tuple(_key(group, event) for group in query.groups)].append(event)
    names = [group.name for group in query.groups]
    return [
        dict(zip(names, key, strict=True)) | {each.name: _value(each, group) for each in query.aggregates}
        for key, group in members.items()
    ]


def _key(group: Group, event: Event) -> Any:
    if group.seconds is None:
        return event.get(group.name)
    return event["@timestamp"] // (group.seconds * 1000) * group.seconds * 1000


def _value(aggregate: Aggregate, events: list[Event]) -> float | None:
    if aggregate.field is None or aggregate.percent is None:
        return len(events)
    values = sorted(event[aggregate.field] for event in events if aggregate.field in event)
    return values[max(0, math.ceil(len(values) * aggregate.percent / 100) - 1)] if values else None


def read_events(*logs: Path) -> Iterator[Event]:
    """The events of log files with one JSON object a line. ``@timestamp`` is in ms since the epoch."""
    for log in logs:
        for line in log.read_text().splitlines():
            document = json.loads(line)
            record = document.get("_aws")
            timestamp = record["Timestamp"] if record else datetime.fromisoformat(document["time"]).timestamp() * 1000
            yield {"@timestamp": timestamp, "@message": line, **dict(_flat(document))}


def _flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield prefix + name, value
