"""The changes that make the account match the definitions. This module makes no calls."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from typing import Any

from alarms.definition_files import Definition, DefinitionKind, in_order_of_application
from alarms.sync.ownership import OWNER_KEY, is_managed, is_untouchable
from cloudwatch.alarm.anomaly_detector import SINGLE, TOP_LEVEL
from cloudwatch.composite.rule import RuleRefused, alarm_name, parse_rule
from cloudwatch.mute.mute_schedule import parse_moment

Parameters = Mapping[str, Any]
WITHOUT_TAGS = (DefinitionKind.SCALING_POLICY, DefinitionKind.ANOMALY_DETECTOR)


class ChangeKind(StrEnum):
    """The action of a change."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object in the account. ``parameters`` are those of its put call; ``tags`` is empty for policies."""

    kind: DefinitionKind
    name: str
    arn: str
    parameters: Parameters
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference. ``path`` is a path in the API call, for example ``Metrics[rate].Expression``."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One action on one object, and the fields that need it. ``parameters`` is None if only tags differ."""

    action: ChangeKind
    kind: DefinitionKind
    name: str
    fields: tuple[FieldChange, ...] = ()
    parameters: Parameters | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    arn: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, in the order of application.

    ``conflicts`` are objects with the name of a definition that are not managed from here. ``prunable`` are objects
    without a definition that are kept: pruning was not asked for, or the object is a policy, which has no tags.
    """

    changes: tuple[Change, ...]
    conflicts: tuple[str, ...] = ()
    prunable: tuple[str, ...] = ()


def make_plan(
    definitions: Iterable[Definition], live: Iterable[LiveObject], *, tags: Mapping[str, str], prune: bool
) -> Plan:
    """Compare definitions and account in their normal forms.

    ``tags`` must be on each managed object, among them the tag of the owner (OWNER_KEY).
    """
    wanted = {(d.kind, d.name): d for d in _children_first(definitions)}
    found = {(o.kind, o.name): o for o in live}
    owner = tags[OWNER_KEY]
    changes = [
        change for key, definition in wanted.items() if (change := _compare(definition, found.get(key), tags, owner))
    ]
    conflicts = [
        f"{key[0].noun} {key[1]} exists and is not managed from here: its tag {OWNER_KEY} is not {owner!r}"
        for key in wanted
        if key in found and not _may_change(found[key], wanted[key], owner)
    ]
    left_over = [o for key, o in found.items() if key not in wanted and not is_untouchable(o.name)]
    managed = [o for o in left_over if is_managed(o.tags, owner)]
    # Policies have no tags, so they are only listed. Of anomaly detectors, only the defined ones are read.
    policies = tuple(o.name for o in left_over if o.kind is DefinitionKind.SCALING_POLICY)
    if not prune:
        return Plan(tuple(changes), tuple(conflicts), (*(o.name for o in managed), *policies))
    return Plan((*changes, *_deletions(managed)), tuple(conflicts), policies)


def _children_first(definitions: Iterable[Definition]) -> Iterator[Definition]:
    """The order of application: a composite follows the composites that its rule or its suppressor names."""
    ordered = in_order_of_application(definitions)
    all_names = {d.name for d in ordered}
    waiting = [(d, _named(d, all_names)) for d in ordered]
    while waiting:
        names = {d.name for d, _ in waiting}
        free = next((each for each in waiting if not each[1] & (names - {each[0].name})), waiting[0])
        yield free[0]
        waiting.remove(free)


def _named(definition: Definition, names: Collection[str]) -> set[str]:
    """The alarms that a composite depends on, by its rule or as its suppressor."""
    if definition.kind is not DefinitionKind.COMPOSITE_ALARM:
        return set()
    return _children(definition.parameters, names)


def _children(composite: Parameters, names: Collection[str]) -> set[str]:
    """The alarms that the rule of a composite names, and its suppressor."""
    suppressor = alarm_name(str(composite.get("ActionsSuppressor") or ""))
    return {*_rule_children(str(composite.get("AlarmRule", "")), names), suppressor}


def _rule_children(rule: str, names: Collection[str]) -> set[str]:
    """The alarms that the rule of a composite watches.

    ``alarms.check`` refuses a definition whose rule cannot be read. A live rule may have syntax that is newer than the
    parser. Then each of ``names`` that appears in its text counts as a child. A false child is harmless: it delays an
    object in the plan, or a rule becomes FALSE shortly before its composite is deleted.
    """
    try:
        return set(parse_rule(rule).children)
    except RuleRefused:
        return {name for name in names if name in rule}


def _compare(definition: Definition, live: LiveObject | None, tags: Mapping[str, str], owner: str) -> Change | None:
    kind, name = definition.kind, definition.name
    if live is None:
        return Change(ChangeKind.CREATE, kind, name, parameters=definition.parameters, tags=tags)
    if not _may_change(live, definition, owner):
        return None  # the caller reports a conflict
    fields = tuple(differences(normal_form(kind, live.parameters), normal_form(kind, definition.parameters)))
    missing = {} if kind in WITHOUT_TAGS else {k: v for k, v in tags.items() if live.tags.get(k) != v}
    if not fields and not missing:
        return None
    tag_changes = tuple(FieldChange(f"Tags.{key}", live.tags.get(key), value) for key, value in missing.items())
    parameters = definition.parameters if fields else None
    return Change(ChangeKind.UPDATE, kind, name, (*fields, *tag_changes), parameters, missing, live.arn)


def _may_change(live: LiveObject, definition: Definition, owner: str) -> bool:
    """Whether the object has the owner's tag, is of a kind without tags, or is untagged and equals its definition."""
    if live.kind in WITHOUT_TAGS or is_managed(live.tags, owner):
        return True
    same = normal_form(live.kind, live.parameters) == normal_form(definition.kind, definition.parameters)
    return same and OWNER_KEY not in live.tags


# A mute rule is deleted after the alarms that it mutes. Otherwise their actions could run in between.
_DELETED_LATER = (
    DefinitionKind.METRIC_ALARM,
    DefinitionKind.LOG_ALARM,
    DefinitionKind.MUTE_RULE,
    DefinitionKind.DASHBOARD,
)


def _deletions(objects: list[LiveObject]) -> Iterator[Change]:
    """The order of deletion: composites first, and each composite before the composites that it names."""
    yield from _composite_deletions({o.name: o for o in objects if o.kind is DefinitionKind.COMPOSITE_ALARM})
    for kind in _DELETED_LATER:
        yield from (_deletion(o) for o in objects if o.kind is kind)


def _composite_deletions(composites: dict[str, LiveObject]) -> Iterator[Change]:
    """DeleteAlarms refuses a composite that another one names in its rule or as its suppressor.

    To break a cycle, one of its composites first gets the rule FALSE and no suppressor.
    """
    rules = {name: str(composite.parameters.get("AlarmRule", "")) for name, composite in composites.items()}
    children = {name: _children(composite.parameters, composites) for name, composite in composites.items()}
    while rules:
        named = {child for name in rules for child in children[name] if child != name}
        free = next((name for name in rules if name not in named), None)
        if free is None:
            first, rule = next((name, rule) for name, rule in rules.items() if rule != "FALSE")
            yield _broken_cycle(composites[first], rule)
            rules[first], children[first] = "FALSE", set()
        else:
            yield _deletion(composites[free])
            del rules[free]


def _broken_cycle(composite: LiveObject, rule: str) -> Change:
    parameters = {"AlarmName": composite.name, "AlarmRule": "FALSE"}
    change = FieldChange("AlarmRule", rule, "FALSE")
    return Change(ChangeKind.UPDATE, composite.kind, composite.name, (change,), parameters, arn=composite.arn)


def _deletion(o: LiveObject) -> Change:
    return Change(ChangeKind.DELETE, o.kind, o.name, arn=o.arn)


_DETECTOR_DEFAULTS = {"AdaptationSpeed": "NORMAL", "OutlierFilteringStrength": "MODERATE"}
_DEFAULTS: dict[DefinitionKind, Parameters] = {
    DefinitionKind.METRIC_ALARM: {"ActionsEnabled": True, "TreatMissingData": "missing"},
    DefinitionKind.LOG_ALARM: {"ActionsEnabled": True, "TreatMissingData": "missing", "ActionLogLineCount": 0},
    DefinitionKind.COMPOSITE_ALARM: {"ActionsEnabled": True},
    DefinitionKind.MUTE_RULE: {},
    DefinitionKind.SCALING_POLICY: {"Enabled": True},
    DefinitionKind.ANOMALY_DETECTOR: {"MetricCharacteristics": {"PeriodicSpikes": False}},
    DefinitionKind.DASHBOARD: {},
}


def normal_form(kind: DefinitionKind, parameters: Parameters) -> dict[str, Any]:
    """Calls with the same effect have the same form: defaults are filled in, and lists without an order are sorted."""
    filled = {**_DEFAULTS[kind], **{key: value for key, value in parameters.items() if value not in (None, [], {})}}
    if kind is DefinitionKind.METRIC_ALARM:
        filled.setdefault("DatapointsToAlarm", filled.get("EvaluationPeriods"))
        if "ExtendedStatistic" in filled:
            filled.setdefault("EvaluateLowSampleCountPercentile", "evaluate")
    if kind is DefinitionKind.COMPOSITE_ALARM:
        filled["AlarmRule"] = " ".join(str(filled.get("AlarmRule", "")).split())
    if kind is DefinitionKind.LOG_ALARM:
        filled["ScheduledQueryConfiguration"] = _normal_query(filled.get("ScheduledQueryConfiguration"))
    if kind is DefinitionKind.ANOMALY_DETECTOR:
        filled = _normal_detector(filled)
    if kind is DefinitionKind.MUTE_RULE:
        filled = {key: _normal_of_mute_rule(key, value) for key, value in filled.items()}
    if kind is DefinitionKind.DASHBOARD and isinstance(filled["DashboardBody"], str):
        filled["DashboardBody"] = json.loads(filled["DashboardBody"])
    filled.pop("Tags", None)
    return {key: _normal(key, value) for key, value in filled.items()}


def _normal_query(query: Any) -> Any:
    """The query of a log alarm without its ARN, which DescribeAlarms adds, and with the default of its schedule."""
    if not isinstance(query, Mapping):
        return query
    schedule = {"EndTimeOffset": 0, **(query.get("ScheduleConfiguration") or {})}
    kept = {key: value for key, value in query.items() if key not in ("QueryARN", "Tags")}
    return {**kept, "ScheduleConfiguration": schedule}


def _normal_detector(filled: Mapping[str, Any]) -> dict[str, Any]:
    """One of the two ways to name the metric is chosen, defaults are filled in, and times are texts in UTC."""
    metric = {name: filled[name] for name in TOP_LEVEL if name in filled}
    settings = {**_DETECTOR_DEFAULTS, **(filled.get("Configuration") or {})}
    ranges = [
        {name: parse_moment(time).astimezone(UTC).isoformat() for name, time in each.items()}
        for each in settings.get("ExcludedTimeRanges") or ()
    ]
    others = {name: value for name, value in filled.items() if name not in TOP_LEVEL}
    return {SINGLE: metric, **others, "Configuration": {**settings, "ExcludedTimeRanges": ranges}}


def _normal_of_mute_rule(key: str, value: Any) -> Any:
    """Times are texts in UTC, the default time zone is filled in, and the targets are sorted by name."""
    if key in ("StartDate", "ExpireDate"):
        return parse_moment(value).astimezone(UTC).isoformat()
    if key == "Rule" and isinstance(value, Mapping):
        return {**value, "Schedule": {"Timezone": "UTC", **(value.get("Schedule") or {})}}
    if key == "MuteTargets" and isinstance(value, Mapping):
        return {**value, "AlarmNames": sorted(value.get("AlarmNames") or ())}
    return value


def _normal(key: str, value: Any) -> Any:
    if key == "Dimensions" and isinstance(value, list):
        return sorted(value, key=lambda pair: str(pair.get("Name")))
    if key == "Metrics" and isinstance(value, list):
        queries = [{"ReturnData": True, **_normal("", query)} for query in value]
        return sorted(queries, key=lambda query: str(query.get("Id")))
    if isinstance(value, Mapping):
        return {name: _normal(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_normal("", item) for item in value]
    return value


def differences(old: Any, new: Any, path: str = "") -> Iterator[FieldChange]:
    """The differences, field by field, in the order of ``new``. Items of a list are compared by their Id or Name."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        old_by_key, new_by_key = _by_key(old), _by_key(new)
        for key in [*new_by_key, *(key for key in old_by_key if key not in new_by_key)]:
            yield from differences(old_by_key.get(key), new_by_key.get(key), f"{path}[{key}]")
    elif old != new:
        yield FieldChange(path, old, new)


def _by_key(items: list[Any]) -> dict[Any, Any]:
    """The items by their Id or Name, or by their position if one of them has neither."""
    for key in ("Id", "Name"):
        if items and all(isinstance(item, Mapping) and key in item for item in items):
            return {item[key]: item for item in items}
    return dict(enumerate(items))


def with_policy_arns(parameters: Parameters, arns: Mapping[str, str]) -> dict[str, Any]:
    """Fill in each ``${policy:NAME}``. It stays as it is if the policy does not exist yet."""

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(item) for item in value]
        if isinstance(value, str) and value.startswith("${policy:"):
            return arns.get(value.removeprefix("${policy:").removesuffix("}"), value)
        return value

    return {key: fill(value) for key, value in parameters.items()}
