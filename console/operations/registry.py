"""The operations that the console has, by their names. Every other one is refused by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from console.console_state import Console
from console.operations.alarm_reads import describe_alarm_history, describe_alarms, describe_alarms_for_metric
from console.operations.alarm_writes import (
    delete_alarms,
    disable_alarm_actions,
    enable_alarm_actions,
    put_composite_alarm,
    put_metric_alarm,
    set_alarm_state,
)
from console.operations.dashboard_operations import delete_dashboards, get_dashboard, list_dashboards, put_dashboard
from console.operations.metric_reads import get_metric_data, get_metric_statistics, list_metrics
from console.operations.metric_writes import put_metric_data
from console.operations.mute_operations import (
    delete_alarm_mute_rule,
    get_alarm_mute_rule,
    list_alarm_mute_rules,
    put_alarm_mute_rule,
)
from console.operations.tag_operations import list_tags_for_resource, tag_resource, untag_resource
from console.refusal import UnsupportedOperation

Operation = Callable[[Console, Mapping[str, Any]], dict[str, Any]]

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "DeleteAlarmMuteRule": delete_alarm_mute_rule,
        "DeleteAlarms": delete_alarms,
        "DeleteDashboards": delete_dashboards,
        "DescribeAlarmHistory": describe_alarm_history,
        "DescribeAlarms": describe_alarms,
        "DescribeAlarmsForMetric": describe_alarms_for_metric,
        "DisableAlarmActions": disable_alarm_actions,
        "EnableAlarmActions": enable_alarm_actions,
        "GetAlarmMuteRule": get_alarm_mute_rule,
        "GetDashboard": get_dashboard,
        "GetMetricData": get_metric_data,
        "GetMetricStatistics": get_metric_statistics,
        "ListAlarmMuteRules": list_alarm_mute_rules,
        "ListDashboards": list_dashboards,
        "ListMetrics": list_metrics,
        "ListTagsForResource": list_tags_for_resource,
        "PutAlarmMuteRule": put_alarm_mute_rule,
        "PutCompositeAlarm": put_composite_alarm,
        "PutDashboard": put_dashboard,
        "PutMetricAlarm": put_metric_alarm,
        "PutMetricData": put_metric_data,
        "SetAlarmState": set_alarm_state,
        "TagResource": tag_resource,
        "UntagResource": untag_resource,
    }
)


def operation_of(name: str) -> Operation:
    """The operation with this name. Raises Refusal for one that the console does not have."""
    if name not in OPERATIONS:
        raise UnsupportedOperation(f"the operation {name}")
    return OPERATIONS[name]
