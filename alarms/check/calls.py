"""The calls of the definitions: refused by AWS, valid, or valid and not played."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from alarms.check.scope import Definitions, error, remark
from alarms.definition_files import Definition, DefinitionKind
from cloudwatch.alarm.anomaly_detector import read_anomaly_detector
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_log_alarm import read_log_alarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import read_composite_alarm
from cloudwatch.dashboard.body import name_fault, read_dashboard
from cloudwatch.mute.mute_rule import read_mute_rule
from cloudwatch.notice import Notice
from cloudwatch.parameters import ParametersRefused
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy, read_scaling_policy

_READERS: Mapping[DefinitionKind, Callable[[Mapping[str, Any]], object]] = {
    DefinitionKind.METRIC_ALARM: read_metric_alarm,
    DefinitionKind.COMPOSITE_ALARM: read_composite_alarm,
    DefinitionKind.LOG_ALARM: read_log_alarm,
    DefinitionKind.ANOMALY_DETECTOR: read_anomaly_detector,
    DefinitionKind.MUTE_RULE: read_mute_rule,
}


def call_notices(definition: Definition, definitions: Definitions) -> Iterator[Notice]:
    """An error for each reason why AWS would refuse the call, and a remark if it is valid and not played.

    The remarks of PutDashboard are among them. ``definitions`` has the alarms of a scaling policy.
    """
    if definition.kind is DefinitionKind.DASHBOARD:
        yield from _dashboard_notices(definition)
        return
    try:
        called = _read(definition, definitions)
    except ParametersRefused as refusal:
        for problem in refusal.problems:
            yield error(definition, problem.field, problem.text)
    else:
        if isinstance(called, UnplayedAlarm | UnplayedPolicy):
            yield remark(definition, "", f"is valid, and not played here: {called.reason}")


def _dashboard_notices(definition: Definition) -> Iterator[Notice]:
    if fault := name_fault(definition.name):
        yield error(definition, "DashboardName", fault)
    for problem in read_dashboard(definition.parameters.get("DashboardBody", "")).problems:
        found = error if problem.is_error else remark
        yield found(definition, f"DashboardBody{problem.place}", problem.text)


def _read(definition: Definition, definitions: Definitions) -> object:
    """The object of a call. Raises ParametersRefused."""
    if reader := _READERS.get(definition.kind):
        return reader(definition.parameters)
    alarm = next((read_metric_alarm(user.parameters) for user in alarms_that_use(definition, definitions)), None)
    return read_scaling_policy(definition.parameters, alarm if isinstance(alarm, MetricAlarm) else None)


def alarms_that_use(policy: Definition, definitions: Definitions) -> list[Definition]:
    """The metric alarms that have the policy as an action."""
    action = f"${{policy:{policy.stem}}}"
    alarms = [(alarm, alarm.parameters.get("AlarmActions")) for alarm in definitions.of(DefinitionKind.METRIC_ALARM)]
    return [alarm for alarm, actions in alarms if isinstance(actions, list) and action in actions]
