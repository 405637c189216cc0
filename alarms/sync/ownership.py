"""Whose an object of the account is: decided by a tag, never by its name."""

from collections.abc import Mapping

OWNER_KEY = "managed-by"


def owner_of(prefix: str) -> str:
    """The value of the tag for everything that is managed from these definitions with this prefix."""
    return f"anb-showcase/{prefix}"


def is_ours(tags: Mapping[str, str], owner: str) -> bool:
    return tags.get(OWNER_KEY) == owner


def is_untouchable(name: str) -> bool:
    """Alarms that Auto Scaling made for its target tracking policies: editing one breaks its policy."""
    return name.startswith("TargetTracking-")
