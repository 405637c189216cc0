"""The output of ``describe-alarms``, ``describe-anomaly-detectors``, ``describe-policies``,
``describe-scaling-policies``, ``get-dashboard``, ``get-alarm-mute-rule``.

A description has the parameters of the put call, and also states, times and ARNs, which are left out.
"""

from collections.abc import Mapping
from typing import Any

from alarms.definition_files import Definition, DefinitionKind, call_of
from cloudwatch.alarm.anomaly_detector import MATH, SINGLE, TOP_LEVEL
from cloudwatch.call_form import input_shape

# The lists of DescribeAlarms.
DESCRIBED_ALARMS = {
    "MetricAlarms": DefinitionKind.METRIC_ALARM,
    "LogAlarms": DefinitionKind.LOG_ALARM,
    "CompositeAlarms": DefinitionKind.COMPOSITE_ALARM,
}
_LISTS = {
    **DESCRIBED_ALARMS,
    "AnomalyDetectors": DefinitionKind.ANOMALY_DETECTOR,
    "ScalingPolicies": DefinitionKind.SCALING_POLICY,
}


def read_described_form(document: Any, file: str) -> list[Definition]:
    """The definitions of a document; none if it is not of this form."""
    if not isinstance(document, Mapping):
        return []
    for arn, kind in (("DashboardArn", DefinitionKind.DASHBOARD), ("AlarmMuteRuleArn", DefinitionKind.MUTE_RULE)):
        if arn in document:
            return [_definition(kind, document, file, "")]
    return [
        _definition(kind, described, file, f"{name}[{index}]")
        for name, kind in _LISTS.items()
        if isinstance(document.get(name), list)
        for index, described in enumerate(document[name])
        if isinstance(described, Mapping)
    ]


def put_members(kind: DefinitionKind, described: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a description that the put call takes."""
    members = input_shape(*call_of(kind, described)).members
    kept = {name: value for name, value in described.items() if name in members and value is not None}
    if kind is DefinitionKind.ANOMALY_DETECTOR and (SINGLE in kept or MATH in kept):
        return {name: value for name, value in kept.items() if name not in TOP_LEVEL}  # it has both forms of the metric
    return kept


def _definition(kind: DefinitionKind, described: Mapping[str, Any], file: str, place: str) -> Definition:
    return Definition(kind, file, {}, {}, put_members(kind, described), place, is_ours=False)
