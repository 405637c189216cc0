"""Phrases that several commands use."""

import difflib
from collections.abc import Iterable
from datetime import UTC, datetime


def suggestion(name: str, names: Iterable[str]) -> str:
    """``; did you mean Errors?`` if one of ``names`` is near, else nothing."""
    found = difflib.get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def utc_minute(seconds: float) -> str:
    """Seconds since the epoch in UTC: ``2026-03-01 10:16``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def braces(names: Iterable[str]) -> str:
    """``{Route, Service}``."""
    return "{" + ", ".join(names) + "}"
