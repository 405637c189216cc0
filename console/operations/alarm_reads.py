"""The operations that read alarms. Source of all rules: the API reference of each."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cloudwatch.alarm.watched import WatchedMetric
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.metric import MetricId
from console.alarm_book import BookedAlarm
from console.console_state import Console, moment
from console.refusal import VALIDATION, Refusal, UnsupportedOperation
from console.result_pages import page_of

RECORDS_DEFAULT = 50
HISTORY_DEFAULT = 100
_FAMILY = ("ChildrenOfAlarmName", "ParentsOfAlarmName")
_DEFAULTS = {"OKActions": [], "AlarmActions": [], "InsufficientDataActions": [], "ActionsEnabled": True}


def describe_alarms(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The alarms in the order of their names. Without AlarmTypes, only metric alarms."""
    size = parameters.get("MaxRecords", RECORDS_DEFAULT)
    found = list(_asked(console, parameters))
    alarms, more = page_of(found, parameters.get("NextToken"), size)
    family = any(name in parameters for name in _FAMILY)
    describe = _relative if family else _described
    by_type: dict[str, list[dict[str, Any]]] = {"MetricAlarm": [], "CompositeAlarm": []}
    for alarm in alarms:
        by_type[alarm.type].append(describe(console, alarm))
    return {"MetricAlarms": by_type["MetricAlarm"], "CompositeAlarms": by_type["CompositeAlarm"], **more}


def _asked(console: Console, parameters: Mapping[str, Any]) -> Iterator[BookedAlarm]:
    alarms = console.alarms.alarms
    given = parameters.keys() - {"MaxRecords", "NextToken"}
    for name in _FAMILY:
        if name in parameters:
            if len(given) > 1:
                raise Refusal(VALIDATION, f"With {name}, only MaxRecords and NextToken are allowed.")
            wanted = _relatives(console, name, parameters[name])
            yield from (alarms[each] for each in sorted(wanted))
            return
    if {"AlarmNames", "AlarmNamePrefix"} <= given:
        raise Refusal(VALIDATION, "AlarmNames and AlarmNamePrefix cannot be given together.")
    types = parameters.get("AlarmTypes", ["MetricAlarm"])
    names = parameters.get("AlarmNames")
    for name in sorted(alarms):
        alarm = alarms[name]
        if (
            alarm.type in types
            and (names is None or name in names)
            and name.startswith(parameters.get("AlarmNamePrefix", ""))
            and parameters.get("StateValue", alarm.state) == alarm.state
            and _has_action(alarm, parameters.get("ActionPrefix", ""))
        ):
            yield alarm


def _relatives(console: Console, parameter: str, name: str) -> list[str]:
    """The children of a composite, or the composites that watch an alarm."""
    if name not in console.alarms.alarms:
        return []
    if parameter == "ParentsOfAlarmName":
        return console.alarms.parents_of(name)
    rule = console.alarms.alarms[name].rule
    return list(rule.watches) if isinstance(rule, CompositeAlarm) else []


def _has_action(alarm: BookedAlarm, prefix: str) -> bool:
    actions = alarm.rule.actions
    return not prefix or any(
        action.startswith(prefix) for action in (*actions.ok, *actions.alarm, *actions.insufficient_data)
    )


def _relative(console: Console, alarm: BookedAlarm) -> dict[str, Any]:
    """ "Only the alarm name, ARN, StateValue and StateUpdatedTimestamp"."""
    return {
        "AlarmName": alarm.name,
        "AlarmArn": console.alarm_arn(alarm.name),
        "StateValue": alarm.state.value,
        "StateUpdatedTimestamp": moment(alarm.updated),
    }


def _described(console: Console, alarm: BookedAlarm) -> dict[str, Any]:
    described = {
        **_DEFAULTS,
        **({} if alarm.type == "CompositeAlarm" or "Metrics" in alarm.parameters else {"Dimensions": []}),
        **alarm.parameters,
        **_relative(console, alarm),
        "AlarmConfigurationUpdatedTimestamp": moment(alarm.configured),
        "StateTransitionedTimestamp": moment(alarm.transitioned),
        "StateReason": alarm.reason,
    }
    if alarm.reason_data:
        described["StateReasonData"] = alarm.reason_data
    if alarm.suppressed_by:
        described["ActionsSuppressedBy"] = alarm.suppressed_by
    return described


def describe_alarms_for_metric(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ "It does not return alarms based on math expressions that use the specified metric, or composite alarms"."""
    metric = MetricId.from_api(parameters["Namespace"], parameters["MetricName"], parameters.get("Dimensions", []))
    found = [
        _described(console, alarm)
        for _, alarm in sorted(console.alarms.alarms.items())
        if _watches(alarm, metric, parameters)
    ]
    return {"MetricAlarms": found}


def _watches(alarm: BookedAlarm, metric: MetricId, asked: Mapping[str, Any]) -> bool:
    rule = alarm.rule
    if isinstance(rule, CompositeAlarm) or "Metrics" in alarm.parameters or not isinstance(rule.watched, WatchedMetric):
        return False
    statistic = asked.get("Statistic", asked.get("ExtendedStatistic", rule.watched.statistic))
    return (
        rule.watched.metric == metric
        and rule.watched.statistic == statistic
        and rule.period == asked.get("Period", rule.period)
        and rule.watched.unit == asked.get("Unit", rule.watched.unit)
    )


def describe_alarm_history(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The newest items first, unless ScanBy asks for the oldest. Without AlarmTypes, only those of metric alarms."""
    if "AlarmContributorId" in parameters:
        raise UnsupportedOperation("AlarmContributorId of DescribeAlarmHistory")
    first = parameters.get("StartDate", datetime.min.replace(tzinfo=UTC))
    last = parameters.get("EndDate", datetime.max.replace(tzinfo=UTC))
    types = parameters.get("AlarmTypes", ["MetricAlarm"])
    items = [
        item
        for item in console.alarms.history
        if item.alarm == parameters.get("AlarmName", item.alarm)
        and item.type == parameters.get("HistoryItemType", item.type)
        and item.alarm_type in types
        and first <= moment(item.at) <= last
    ]
    if parameters.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        items.reverse()
    page, more = page_of(items, parameters.get("NextToken"), parameters.get("MaxRecords", HISTORY_DEFAULT))
    described = [
        {
            "AlarmName": item.alarm,
            "AlarmType": item.alarm_type,
            "Timestamp": moment(item.at),
            "HistoryItemType": item.type,
            "HistorySummary": item.summary,
            "HistoryData": item.data,
        }
        for item in page
    ]
    return {"AlarmHistoryItems": described, **more}
