"""The mute rules of alarms. Source of all rules: the API reference of each operation."""

from collections.abc import Mapping
from typing import Any

from cloudwatch.mute.mute_rule import read_mute_rule
from console.alarm_book import BookedMute
from console.console_state import Console, moment
from console.operations.tag_operations import tags_of
from console.refusal import Refusal, read_as_aws
from console.result_pages import page_of

RULES_A_PAGE = 100
YEAR = 366 * 24 * 3_600
NOT_FOUND = "ResourceNotFoundException"


def put_alarm_mute_rule(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    rule = read_as_aws(read_mute_rule, parameters)
    if missing := [name for name in rule.alarms if name not in console.alarms.alarms]:
        raise Refusal(NOT_FOUND, f"There is no alarm {', '.join(missing)}.")
    tags = tags_of(parameters)
    kept = {name: value for name, value in parameters.items() if name != "Tags"}
    console.alarms.mutes[rule.name] = BookedMute(kept, rule, console.clock.now())
    console.tags.setdefault(console.mute_arn(rule.name), tags)
    return {}


def get_alarm_mute_rule(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    mute = _known(console, parameters["AlarmMuteRuleName"])
    return {**mute.parameters, **_summary(console, mute)}


def list_alarm_mute_rules(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    name, statuses = parameters.get("AlarmName"), parameters.get("Statuses")
    summaries = [
        _summary(console, mute)
        for _, mute in sorted(console.alarms.mutes.items())
        if (name is None or name in mute.rule.alarms) and (statuses is None or _status(console, mute) in statuses)
    ]
    page, more = page_of(summaries, parameters.get("NextToken"), parameters.get("MaxRecords", RULES_A_PAGE))
    return {"AlarmMuteRuleSummaries": page, **more}


def delete_alarm_mute_rule(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """AWS documents no error for an unknown name."""
    name = parameters["AlarmMuteRuleName"]
    console.alarms.mutes.pop(name, None)
    console.tags.pop(console.mute_arn(name), None)
    return {}


def _known(console: Console, name: str) -> BookedMute:
    if name not in console.alarms.mutes:
        raise Refusal(NOT_FOUND, f"There is no mute rule {name}.")
    return console.alarms.mutes[name]


def _summary(console: Console, mute: BookedMute) -> dict[str, Any]:
    expires = {} if mute.rule.expires is None else {"ExpireDate": moment(mute.rule.expires)}
    return {
        "AlarmMuteRuleArn": console.mute_arn(mute.rule.name),
        "Status": _status(console, mute),
        "LastUpdatedTimestamp": moment(mute.updated),
        **expires,
    }


def _status(console: Console, mute: BookedMute) -> str:
    """EXPIRED if no window follows within a year."""
    now = int(console.clock.now())
    if any(mute.rule.windows(now, now + 1)):
        return "ACTIVE"
    return "SCHEDULED" if any(mute.rule.windows(now, now + YEAR)) else "EXPIRED"
