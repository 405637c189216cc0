"""A plan as lines of text, and as a JSON document."""

import json
from collections.abc import Iterator
from typing import Any

from alarms.sync.plan import Change, ChangeKind, Plan

_SIGNS = {ChangeKind.CREATE: ("+", "green"), ChangeKind.UPDATE: ("~", "yellow"), ChangeKind.DELETE: ("-", "red")}
VALUE_CHARACTERS_MAX = 100


def change_lines(change: Change) -> Iterator[tuple[str, str]]:
    """(line, style): a headline, and a line for each field that differs."""
    sign, style = _SIGNS[change.action]
    yield f"{sign} {change.kind.noun} {change.name}", style
    for field in change.fields:
        if field.old is None:
            values = f"+ {_short(field.new)}"
        elif field.new is None:
            values = f"- {_short(field.old)}"
        else:
            values = f"{_short(field.old)} → {_short(field.new)}"
        yield f"    {field.path}: {values}", ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[: VALUE_CHARACTERS_MAX - 1]}…"


def summary_line(plan: Plan) -> str:
    """``3 to create, 1 to update, 0 to delete.``"""
    if not plan.changes:
        return "Nothing to do."
    counts = {action: sum(change.action is action for change in plan.changes) for action in ChangeKind}
    return ", ".join(f"{count} to {action}" for action, count in counts.items()) + "."


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as a JSON object."""
    return {
        "changes": [
            {
                "action": change.action,
                "kind": change.kind.noun,
                "name": change.name,
                "fields": [{"path": f.path, "old": f.old, "new": f.new} for f in change.fields],
            }
            for change in plan.changes
        ],
        "conflicts": list(plan.conflicts),
        "prunable": list(plan.prunable),
    }
