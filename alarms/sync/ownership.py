"""Which objects of the account are managed from these definitions: a tag decides, never the name."""

from collections.abc import Mapping

OWNER_KEY = "managed-by"


def owner_of(prefix: str) -> str:
    """The value of the tag on everything that these definitions manage with this prefix."""
    return f"anb-showcase/{prefix}"


def is_managed(tags: Mapping[str, str], owner: str) -> bool:
    return tags.get(OWNER_KEY) == owner


def is_untouchable(name: str) -> bool:
    """Whether Auto Scaling made the alarm for a target tracking policy: an edit would break the policy."""
    return name.startswith("TargetTracking-")
