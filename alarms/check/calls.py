"""Checks whether AWS would refuse the calls of the definitions, and names calls that cannot be evaluated offline."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from alarms.alarm_reading import alarm_of, alarms_that_run, policy_of
from alarms.check.open_value_notices import text_at
from alarms.check.scope import Definitions, error, remark
from alarms.definition_files import Definition, DefinitionError, DefinitionKind
from alarms.open_values import blocking_text, certain_problems
from cloudwatch.alarm.anomaly_detector import read_anomaly_detector
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_log_alarm import read_log_alarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.composite.composite_alarm import read_composite_alarm
from cloudwatch.dashboard.body import name_fault
from cloudwatch.mute.mute_rule import read_mute_rule
from cloudwatch.notice import Notice
from cloudwatch.parameters import ParametersRefused
from cloudwatch.scaling.put_scaling_policy import UnplayedPolicy

_READERS: Mapping[DefinitionKind, Callable[[Mapping[str, Any]], object]] = {
    DefinitionKind.METRIC_ALARM: read_metric_alarm,
    DefinitionKind.COMPOSITE_ALARM: read_composite_alarm,
    DefinitionKind.LOG_ALARM: read_log_alarm,
    DefinitionKind.ANOMALY_DETECTOR: read_anomaly_detector,
    DefinitionKind.MUTE_RULE: read_mute_rule,
}


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """``is_valid`` is false if AWS would refuse the call, or might refuse it because of its open values."""

    definition: Definition
    notices: tuple[Notice, ...]
    is_valid: bool


def judge_call(definition: Definition, definitions: Definitions) -> JudgedCall:
    """An error for each reason why AWS would refuse the call, and a remark if it cannot be evaluated offline.

    The remarks of PutDashboard are included. The alarms of a scaling policy are looked up in ``definitions``.
    """
    if definition.kind is DefinitionKind.DASHBOARD:
        notices = tuple(_dashboard_notices(definition))
        return JudgedCall(definition, notices, not any(notice.is_error for notice in notices))
    try:
        called = _read(definition, definitions)
    except ParametersRefused as refusal:
        return JudgedCall(definition, tuple(_refusal_notices(definition, refusal)), is_valid=False)
    if isinstance(called, UnplayedAlarm | UnplayedPolicy):
        unplayed = remark(definition, "", f"is valid, but not evaluated offline: {called.reason}")
        return JudgedCall(definition, (unplayed,), is_valid=True)
    return JudgedCall(definition, (), is_valid=True)


def _refusal_notices(definition: Definition, refusal: ParametersRefused) -> Iterator[Notice]:
    certain = certain_problems(refusal, definition.open_values, definition.parameters, definition.call)
    for problem in certain:
        yield error(definition, problem.field, problem.text)
    if reason := blocking_text(refusal, definition.open_values):
        yield remark(definition, "", f"cannot be judged as a whole: {reason}")


def _dashboard_notices(definition: Definition) -> Iterator[Notice]:
    fault = name_fault(definition.name)
    if fault and not definition.is_open(definition.name):
        yield error(definition, "DashboardName", fault)
    body = definition.parameters.get("DashboardBody", "")
    for problem in definition.dashboard.problems:
        place = f"DashboardBody{problem.place}"
        if definition.is_open(problem.text) or definition.is_open(text_at(body, problem.place)):
            yield remark(definition, place, "cannot be judged, because a part of it is not known")
        else:
            found = error if problem.is_error else remark
            yield found(definition, place, problem.text)


def _read(definition: Definition, definitions: Definitions) -> object:
    """The alarm, policy or rule of the call. Raises ParametersRefused."""
    if reader := _READERS.get(definition.kind):
        return reader(definition.parameters)
    return policy_of(definition, next(_read_alarms(alarms_that_run(definition, definitions.all)), None))


def _read_alarms(definitions: Iterable[Definition]) -> Iterator[MetricAlarm | UnplayedAlarm]:
    """The alarms that AWS would accept. The checks of the other alarms report their problems."""
    for definition in definitions:
        with suppress(DefinitionError):
            yield alarm_of(definition)
