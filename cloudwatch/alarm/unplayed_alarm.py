"""An alarm that CloudWatch accepts and that is not played here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.call_form import input_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplayedAlarm:
    """A valid alarm without a state: ``reason`` says what cannot be computed from metrics alone."""

    name: str
    reason: str


def unknown_parameters(operation: str, values: Mapping[str, Any], played: Collection[str]) -> str:
    """Why a call cannot be played if botocore knows parameters of it that are not ``played``; empty if there is none.

    A test holds ``played`` equal to the parameters of the installed botocore, so only a newer one has others.
    """
    members = input_shape("cloudwatch", operation).members
    unknown = [name for name in values if name in members and name not in played]
    return f"this version does not know the parameter {', '.join(unknown)}" if unknown else ""
