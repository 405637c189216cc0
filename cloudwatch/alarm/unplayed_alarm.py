"""An alarm that CloudWatch accepts, but that cannot be evaluated offline."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.call_form import input_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplayedAlarm:
    """A valid alarm whose state cannot be computed offline. ``reason`` names the part that needs CloudWatch."""

    name: str
    reason: str


def unknown_parameters(operation: str, values: Mapping[str, Any], played: Collection[str]) -> str:
    """The reason why a call cannot be played: it has parameters that are not in ``played``. Empty if it has none.

    A test holds ``played`` equal to the parameters of the installed botocore, so only a newer one has others.
    """
    members = input_shape("cloudwatch", operation).members
    unknown = [name for name in values if name in members and name not in played]
    return f"this version does not know the parameter {', '.join(unknown)}" if unknown else ""
