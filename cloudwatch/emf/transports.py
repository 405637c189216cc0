"""Unwraps an EMF document from its transport: a prefix, a line of docker, or an event of CloudWatch Logs.

- A prefix is any text before the first object. The specification allows what Lambda prepends (time and request id), and
  an export to S3, ``aws logs tail``, a container runtime of Kubernetes (CRI) and syslog do the same.
- Docker's json-file driver writes ``{"log": "…\\n", "stream": "stdout", "time": "…"}``.
- An event of CloudWatch Logs is ``{"timestamp": …, "message": "…", "ingestionTime": …}``: in the output of
  FilterLogEvents and GetLogEvents, and (without the time of ingestion) in the records of a subscription.
"""

import json
import re
from datetime import datetime
from typing import Any, NamedTuple

_OBJECT = re.compile(r'\{\s*"')
# RFC 3339. A time without a zone is not used, because the zone of the machine is not known.
_TIME = re.compile(r"\s*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d))")


class Carried(NamedTuple):
    """The unwrapped text. CloudWatch, or the transport before it, received it at ``arrived_ms``, if known."""

    text: str
    arrived_ms: int | None


def unwrap(line: str) -> Carried | None:
    """The text in the line; None unless it has a known wrapping around a text that may be an EMF document."""
    if "_aws" not in line:
        return None
    found = _OBJECT.search(line)
    if found is None:
        return None
    prefix = line[: found.start()]
    if prefix.strip():
        return Carried(line[found.start() :], _milliseconds(prefix))
    if '\\"_aws\\"' not in line:
        return None
    try:
        outer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return None if "_aws" in outer else _of_object(outer)


def _of_object(outer: dict[str, Any]) -> Carried | None:
    if isinstance(outer.get("log"), str) and isinstance(outer.get("time"), str):
        return Carried(outer["log"], _milliseconds(outer["time"]))
    if isinstance(outer.get("message"), str) and type(outer.get("timestamp")) is int:
        arrived = outer.get("ingestionTime", outer["timestamp"])
        return Carried(outer["message"], arrived if type(arrived) is int else None)
    return None


def _milliseconds(text: str) -> int | None:
    """The time at the beginning of the text, in milliseconds since the epoch."""
    found = _TIME.match(text)
    try:
        return round(datetime.fromisoformat(found[1]).timestamp() * 1000) if found else None
    except ValueError:  # for example the 30th of February
        return None
