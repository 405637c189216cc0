"""Traces by W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): only ``traceparent``, no ``tracestate``.

A trace is all the work that one request of a client causes. Each request and each attempt of a job is a span of it: it
keeps the id of the trace and has an id of its own. The next span names it as its parent.
"""

import re
import secrets
from dataclasses import dataclass

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<span_id>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<rest>-[^,]*)?"  # a comma joins the values of several headers (RFC 9110 §5.3), and only one is allowed
)
_SAMPLED = 0x01  # the only flag of level 1


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work of a trace. ``parent_id`` is empty if the trace begins here."""

    trace_id: str  # 32 digits
    span_id: str  # 16 digits
    parent_id: str
    is_sampled: bool

    @property
    def traceparent(self) -> str:
        """The header for the work that this span causes, by version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED * self.is_sampled:02x}"

    @property
    def ids(self) -> dict[str, str]:
        """The ids for records and log lines."""
        ids = {"trace_id": self.trace_id, "span_id": self.span_id}
        return ids | {"parent_id": self.parent_id} if self.parent_id else ids


def begin_span(traceparent: str) -> Span:
    """A span of the trace of that header. If the header is missing or not well-formed, the span begins a trace.

    A new trace is sampled, because each span of it is recorded.
    """
    span_id = f"{secrets.randbits(64) or 1:016x}"
    fields = _read(traceparent)
    if fields is None:
        return Span(f"{secrets.randbits(128) or 1:032x}", span_id, parent_id="", is_sampled=True)
    return Span(fields["trace_id"], span_id, fields["span_id"], bool(int(fields["flags"], 16) & _SAMPLED))


def _read(traceparent: str) -> re.Match[str] | None:
    """The fields of a well-formed header (§3.2). A version after 00 may have more fields, and ff is no version."""
    fields = _TRACEPARENT.fullmatch(traceparent)
    if fields is None or fields["version"] == "ff" or (fields["version"] == "00" and fields["rest"] is not None):
        return None
    return fields if int(fields["trace_id"], 16) and int(fields["span_id"], 16) else None
