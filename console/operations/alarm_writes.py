"""The operations that change alarms. Source of all rules: the API reference of each."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwatch.alarm.state import AlarmState
from console.alarm_book import BookedAlarm
from console.console_state import Console
from console.operations.tag_operations import tags_of
from console.refusal import NOT_FOUND, VALIDATION, Refusal

DELETED_MAX = 100


def put_metric_alarm(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _put(console, parameters, console.alarms.put_metric_alarm)


def put_composite_alarm(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _put(console, parameters, console.alarms.put_composite_alarm)


def _put(
    console: Console, parameters: Mapping[str, Any], put: Callable[[Mapping[str, Any]], BookedAlarm]
) -> dict[str, Any]:
    """Tags are only taken at the creation. "If you are using this operation to update an existing alarm, any tags you
    specify in this parameter are ignored."
    """
    tags = tags_of(parameters)
    alarm = put({name: value for name, value in parameters.items() if name != "Tags"})
    console.tags.setdefault(console.alarm_arn(alarm.name), tags)
    return {}


def delete_alarms(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Wrong names do not prevent the deletion of the others. A child of a composite cannot be deleted."""
    names = list(dict.fromkeys(parameters["AlarmNames"]))
    book = console.alarms
    if len(names) > DELETED_MAX:
        raise Refusal(VALIDATION, f"At most {DELETED_MAX} alarms can be deleted in one call, not {len(names)}.")
    known = [name for name in names if name in book.alarms]
    composites = [name for name in known if book.alarms[name].type == "CompositeAlarm"]
    if len(composites) > 1:
        raise Refusal(VALIDATION, "You can't delete two or more composite alarms in the same operation.")
    for name in known:
        if parents := [parent for parent in book.parents_of(name) if parent not in names]:
            raise Refusal(VALIDATION, f"Cannot delete {name}: the composite alarm {parents[0]} depends on it.")
    for name in (*composites, *(name for name in known if name not in composites)):
        book.delete(name)
        del console.tags[console.alarm_arn(name)]
    return {}


def enable_alarm_actions(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _enable(console, parameters, enabled=True)


def disable_alarm_actions(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _enable(console, parameters, enabled=False)


def _enable(console: Console, parameters: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
    """AWS documents no error for an unknown name."""
    for name in parameters["AlarmNames"]:
        if name in console.alarms.alarms:
            console.alarms.enable_actions(name, enabled=enabled)
    return {}


def set_alarm_state(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    name = parameters["AlarmName"]
    if name not in console.alarms.alarms:
        raise Refusal(NOT_FOUND, f"There is no alarm {name}.")
    state = AlarmState(parameters["StateValue"])
    console.alarms.set_state(name, state, parameters["StateReason"], parameters.get("StateReasonData", ""))
    return {}
