"""Phrases that several checks use."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, names: Iterable[str]) -> str:
    """``; did you mean Errors?`` if one of ``names`` is near, else nothing."""
    found = difflib.get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def braces(names: Iterable[str]) -> str:
    """``{Route, Service}``."""
    return "{" + ", ".join(names) + "}"
