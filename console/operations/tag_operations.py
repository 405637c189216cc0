"""The tags of alarms, mute rules and dashboards. Source of all rules: the API reference of each operation."""

from collections.abc import Mapping
from typing import Any

from console.console_state import Console
from console.refusal import INVALID_VALUE, NOT_FOUND, Refusal

TAGS_MAX = 50


def tags_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a call. Raises Refusal for a key that is given twice, and for too many tags."""
    given = parameters.get("Tags", [])
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) < len(given):
        raise Refusal(INVALID_VALUE, "Tags has the same key twice.")
    return _counted(tags)


def _counted(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > TAGS_MAX:
        raise Refusal(INVALID_VALUE, f"{len(tags)} tags, at most {TAGS_MAX} are allowed.")
    return tags


def tag_resource(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    tags = _known(console, parameters)
    console.tags[parameters["ResourceARN"]] = _counted({**tags, **tags_of(parameters)})
    return {}


def untag_resource(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    tags = _known(console, parameters)
    for key in parameters["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in _known(console, parameters).items()]}


def _known(console: Console, parameters: Mapping[str, Any]) -> dict[str, str]:
    arn = parameters["ResourceARN"]
    if arn not in console.tags:
        raise Refusal(NOT_FOUND, f"There is no resource {arn}.")
    return console.tags[arn]
