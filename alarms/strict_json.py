"""JSON in which no key stands twice in an object. Python's reader takes the last one without a word."""

import json
from collections import Counter
from typing import Any


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError, also for an object that has a key twice."""
    return json.loads(text, object_pairs_hook=_object)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        twice, _ = Counter(key for key, _ in members).most_common(1)[0]
        raise ValueError(f"the key {twice!r} stands twice in one object; its values are {_values(twice, members)}")
    return found


def _values(key: str, members: list[tuple[str, Any]]) -> str:
    return " and ".join(json.dumps(value, ensure_ascii=False)[:60] for name, value in members if name == key)
