"""A plan as lines of text, and as a JSON document."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from alarms.alarm_costs import AlarmPrices
from alarms.definition_files import ALARM_KINDS
from alarms.sync.plan import Change, ChangeKind, LiveObject, Plan

_SIGNS = {ChangeKind.CREATE: ("+", "green"), ChangeKind.UPDATE: ("~", "yellow"), ChangeKind.DELETE: ("-", "red")}
_ADDED = {ChangeKind.CREATE: 1, ChangeKind.DELETE: -1}
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


def cost_line(plan: Plan, live: Iterable[LiveObject], prices: AlarmPrices) -> str:
    """``Alarms: 32 more, 11.20 USD a month more.`` Empty if the plan changes neither the number nor the price."""
    before = {(each.kind, each.name): each.parameters for each in live}
    alarms = [change for change in plan.changes if change.kind in ALARM_KINDS]
    number = sum(_ADDED.get(change.action, 0) for change in alarms)
    dollars = 0.0
    for change in alarms:
        old = before.get((change.kind, change.name))
        new = None if change.action is ChangeKind.DELETE else change.parameters or old
        dollars += prices.of(change.kind, new) if new else 0.0
        dollars -= prices.of(change.kind, old) if old else 0.0
    if not number and not round(dollars, 2):
        return ""
    return f"Alarms: {_more(number, 'd')}, {_more(dollars, '.2f', ' USD a month')}."


def _more(value: float, form: str, unit: str = "") -> str:
    """``32 more`` or ``0.50 USD a month less``."""
    return f"{abs(value):{form}}{unit} {'less' if value < 0 else 'more'}"


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
