"""The output of ``describe-alarms``, ``describe-policies`` and ``get-dashboard``.

It holds what was put, and more: states, times, ARNs. Only the parameters of the put call are kept.
"""

from collections.abc import Mapping
from typing import Any

from alarms.definition_files import CALLS, Definition, DefinitionKind
from cloudwatch.call_form import input_shape

_LISTS = {
    "MetricAlarms": DefinitionKind.METRIC_ALARM,
    "CompositeAlarms": DefinitionKind.COMPOSITE_ALARM,
    "ScalingPolicies": DefinitionKind.SCALING_POLICY,
}


def read_described_form(document: Any, file: str) -> list[Definition]:
    """The definitions of a document; none if it is not of this form."""
    if not isinstance(document, Mapping):
        return []
    if {"DashboardArn", "DashboardBody", "DashboardName"} <= document.keys():
        return [_definition(DefinitionKind.DASHBOARD, document, file, "")]
    return [
        _definition(kind, described, file, f"{name}[{index}]")
        for name, kind in _LISTS.items()
        for index, described in enumerate(document.get(name) or ())
        if isinstance(described, Mapping)
    ]


def put_members(kind: DefinitionKind, described: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a description that the put call takes."""
    members = input_shape(*CALLS[kind]).members
    return {name: value for name, value in described.items() if name in members and value is not None}


def _definition(kind: DefinitionKind, described: Mapping[str, Any], file: str, place: str) -> Definition:
    return Definition(kind, file, {}, {}, put_members(kind, described), place, is_ours=False)
