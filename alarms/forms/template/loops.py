"""``Fn::ForEach`` of CloudFormation's language extensions: one member of an object is replaced by several members.

``"Fn::ForEach::Alarms": ["Queue", ["orders", "mails"], {"${Queue}Alarm": {…}}]`` is ``ordersAlarm`` and ``mailsAlarm``.
"""

from collections.abc import Callable, Mapping
from typing import Any

LOOP = "Fn::ForEach::"
_ARGUMENTS = 3  # the identifier, the collection, the members


def unrolled(value: Any, resolve: Callable[[Any], Any]) -> Any:
    """``value`` with its loops unrolled at any depth. ``resolve`` gives the values of their collections.

    A loop whose collection is not known, or that is not of this form, stays as it is.
    """
    if isinstance(value, list):
        return [unrolled(item, resolve) for item in value]
    if not isinstance(value, Mapping):
        return value
    members: dict[str, Any] = {}
    for name, item in value.items():
        turns = _turns(item, resolve) if str(name).startswith(LOOP) else None
        if turns is None:
            members[name] = unrolled(item, resolve)
        else:
            for turn in turns:
                members |= unrolled(turn, resolve)
    return members


def _turns(loop: Any, resolve: Callable[[Any], Any]) -> list[dict[str, Any]] | None:
    """The members that each turn of a loop makes; None if that is not known."""
    if not isinstance(loop, list) or len(loop) != _ARGUMENTS:
        return None
    identifier, collection, members = loop
    items = resolve(collection)
    if not isinstance(identifier, str) or not isinstance(items, list) or not isinstance(members, Mapping):
        return None
    return [_replaced(members, identifier, str(item)) for item in items]


def _replaced(value: Any, identifier: str, item: str) -> Any:
    if isinstance(value, list):
        return [_replaced(each, identifier, item) for each in value]
    if isinstance(value, Mapping):
        if value == {"Ref": identifier}:
            return item
        return {_replaced(name, identifier, item): _replaced(each, identifier, item) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    letters = "".join(filter(str.isalnum, item))  # a logical id may have no other characters
    return value.replace(f"${{{identifier}}}", item).replace(f"&{{{identifier}}}", letters)
