"""Finds mistakes that CloudWatch does not report, in definitions of any account. Each function in RULES is one rule."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from alarms.check.open_value_notices import text_at
from alarms.check.scope import Definitions, doubt, error, remark
from alarms.definition_files import ALARM_KINDS, Definition, DefinitionKind
from cloudwatch.composite.composite_alarm import CompositeAlarm, CompositeCycle, children_first, read_composite_alarm
from cloudwatch.dashboard.body import Widget
from cloudwatch.dashboard.expressions import expression_faults
from cloudwatch.dashboard.graphed_metrics import Graphed, GraphedMetric
from cloudwatch.log_queries import LogQueryRefused, parse_log_query
from cloudwatch.metric_math import Query
from cloudwatch.metric_math.pitfalls import alarm_pitfalls
from cloudwatch.notice import Notice

ACTION_KEYS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
_ALARM = re.compile(r"arn:aws[a-z-]*:cloudwatch:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):alarm:(?P<name>.+)")
_ARN = re.compile(r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):")


def alarms_share_no_name(definitions: Definitions) -> Iterator[Notice]:
    """Metric alarms, composites and log alarms share one space of names in CloudWatch.

    Files that are not of this project may belong to two accounts or regions, as the stacks of two environments do.
    """
    seen: dict[str, Definition] = {}
    for alarm in definitions.of(*ALARM_KINDS):
        other = seen.setdefault(alarm.name, alarm)
        are_of_two_stacks = alarm.is_open(alarm.name) and other.file != alarm.file
        if other is not alarm and not are_of_two_stacks and alarm.surely_exists and other.surely_exists:
            place = f"{other.file}: {other.place_of('AlarmName')}"
            found = error if other.file == alarm.file else doubt
            yield found(alarm, "AlarmName", f"the {other.kind.noun} at {place} has this name, too")


def composites_name_alarms_that_exist(definitions: Definitions) -> Iterator[Notice]:
    """CloudWatch refuses a rule that names an unknown alarm. Files of other accounts need not be complete."""
    for definition, composite in composites(definitions):
        for child in composite.rule.children:
            if child not in definitions.alarm_names and not definition.is_open(child):
                yield doubt(definition, "AlarmRule", f"there is no alarm {child} among the definitions")
        suppressor = composite.suppressor
        is_known = suppressor is None or suppressor.alarm in definitions.alarm_names
        if suppressor and not is_known and not definition.is_open(suppressor.alarm):
            text = f"there is no alarm {suppressor.alarm} among the definitions"
            yield doubt(definition, "ActionsSuppressor", text)


def composites_do_not_watch_each_other(definitions: Definitions) -> Iterator[Notice]:
    """CloudWatch stops evaluating the composites of a cycle."""
    read = {composite.name: (definition, composite) for definition, composite in composites(definitions)}
    try:
        children_first(composite for _, composite in read.values())
    except CompositeCycle as cycle:
        yield error(read[cycle.names[0]][0], "AlarmRule", str(cycle))


def actions_are_well_formed(definitions: Definitions) -> Iterator[Notice]:
    """CloudWatch does not check that a topic exists. With a wrong ARN, nobody is notified."""
    for alarm in definitions.of(*ALARM_KINDS):
        for key, action in actions(alarm):
            match = _ARN.match(action)
            if action.startswith("${policy:") or alarm.is_open(action):
                continue
            if match is None:
                yield error(alarm, key, f"{action!r} is not an ARN")
            elif match["service"] == "sns" and not _TOPIC.fullmatch(action):
                yield error(alarm, key, f"{action!r} is not the ARN of an SNS topic")


def actions_are_of_this_region(definitions: Definitions) -> Iterator[Notice]:
    """PutMetricAlarm: "Invalid region … specified. Only … is supported." An incident response plan has no region."""
    for alarm in definitions.of(*ALARM_KINDS):
        for key, action in actions(alarm):
            match = _ARN.match(action)
            if match and match["region"] not in ("", definitions.region) and definitions.region:
                yield error(alarm, key, f"{action} is of another region than {definitions.region}: AWS refuses it")


def mute_rules_name_alarms_that_exist(definitions: Definitions) -> Iterator[Notice]:
    """ "The alarm names must match existing alarms in your account and region", says PutAlarmMuteRule."""
    for rule in definitions.of(DefinitionKind.MUTE_RULE):
        for index, alarm in enumerate((rule.parameters.get("MuteTargets") or {}).get("AlarmNames") or ()):
            if alarm not in definitions.alarm_names and not rule.is_open(alarm):
                text = f"there is no alarm {alarm} among the definitions"
                yield doubt(rule, f"MuteTargets.AlarmNames[{index}]", text)


def metrics_are_of_this_account(definitions: Definitions) -> Iterator[Notice]:
    """An alarm on a metric of another account has no data, unless that account shares its metrics."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for index, query in enumerate(alarm.parameters.get("Metrics") or ()):
            account = query.get("AccountId")
            for _, text in _elsewhere(None, account, definitions, alarm):
                yield doubt(alarm, f"Metrics[{index}].AccountId", text)


def expressions_of_dashboards_are_valid(definitions: Definitions) -> Iterator[Notice]:
    """PutDashboard does not read expressions; the widget shows an error."""
    for definition, widget in definitions.widgets:
        for fault in expression_faults(widget):
            if definition.is_open(text_at(definition.parameters["DashboardBody"], fault.place)):
                continue
            yield error(definition, f"DashboardBody{fault.place}", fault.text)


def alarms_avoid_pitfalls(definitions: Definitions) -> Iterator[Notice]:
    """AWS accepts these expressions, but they may not do what their author intended."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        entries = alarm.parameters.get("Metrics") or ()
        places = {entry.get("Id"): f"Metrics[{index}]" for index, entry in enumerate(entries)}
        queries = [Query.from_api(entry) for entry in entries]
        periods = alarm.parameters.get("EvaluationPeriods") or 1
        m_out_of_n = (alarm.parameters.get("DatapointsToAlarm") or periods) < periods
        for found in alarm_pitfalls(queries, alarm.parameters.get("ThresholdMetricId"), m_out_of_n=m_out_of_n):
            place = places[found.query_id]
            if found.position is None:
                yield remark(alarm, place, found.reason)
            else:
                yield remark(alarm, f"{place}.Expression", f"character {found.position + 1}: {found.reason}")


def queries_of_log_widgets_are_valid(definitions: Definitions) -> Iterator[Notice]:
    """PutDashboard does not read the query of a log widget; the widget shows an error, or nothing."""
    for definition, place, text in log_queries(definitions):
        try:
            query = parse_log_query(text)
        except LogQueryRefused as fault:
            if not definition.is_open(text):
                yield doubt(definition, place, str(fault))
        else:
            if not query.log_groups:
                yield doubt(definition, place, "no SOURCE names a log group")


def widgets_show_this_region_and_account(definitions: Definitions) -> Iterator[Notice]:
    """A graph of the wrong region or account is empty, and CloudWatch shows no reason."""
    for definition, widget in definitions.widgets:
        for each in widget.graphed:
            at_home = definition.is_ours and not (
                isinstance(each, GraphedMetric) and each.metric.namespace != definitions.namespace
            )
            found = error if at_home else remark
            for key, text in _elsewhere(each.region, each.account, definitions, definition):
                yield found(definition, f"DashboardBody{_place(widget, each, key)}", text)
        if widget.type == "log":
            region, account = (_text(widget.properties.get(key)) for key in ("region", "accountId"))
            for key, text in _elsewhere(region, account, definitions, definition):
                yield doubt(definition, f"DashboardBody{widget.path}/properties/{key}", text)


def _elsewhere(
    region: str | None, account: str | None, definitions: Definitions, holder: Definition
) -> Iterator[tuple[str, str]]:
    """The region and the account, if they are known and differ from those of the environment."""
    for key, given, expected in (
        ("region", region, definitions.region),
        ("accountId", account, definitions.account),
    ):
        if given and expected and given != expected and not holder.is_open(given):
            yield key, f"{given} is not {expected}"


def _place(widget: Widget, each: Graphed, key: str) -> str:
    """The path of the setting in the metric if the metric has it, else in the widget."""
    return f"{each.path}/{key}" if key in each.options else f"{widget.path}/properties/{key}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def alarm_widgets_name_alarms_that_exist(definitions: Definitions) -> Iterator[Notice]:
    """CloudWatch shows an empty box for an alarm that does not exist, or is in another region or account."""
    for definition, widget in definitions.widgets:
        for alarm in widget.alarms:
            key = f"DashboardBody{alarm.path}"
            match = _ALARM.fullmatch(alarm.arn)
            if match is None:
                if not definition.is_open(alarm.arn):
                    yield doubt(definition, key, f"{alarm.arn!r} is not the ARN of an alarm")
                continue
            for _, text in _elsewhere(match["region"], match["account"], definitions, definition):
                yield doubt(definition, key, f"{alarm.arn} is in another region or account: {text}")
            if definition.is_ours and match["name"] not in definitions.alarm_names:
                yield error(definition, key, f"there is no alarm {match['name']}")


def log_queries(definitions: Definitions) -> Iterator[tuple[Definition, str, str]]:
    """Each query of a log widget in the language of Logs Insights, with its definition and the key that has it."""
    for definition, widget in definitions.widgets:
        text = widget.properties.get("query")
        if widget.type == "log" and isinstance(text, str) and widget.properties.get("queryLanguage", "CWLI") == "CWLI":
            yield definition, f"DashboardBody{widget.path}/properties/query", text


def composites(definitions: Definitions) -> list[tuple[Definition, CompositeAlarm]]:
    """The composites whose rules can be read. Those with a parameter that this version does not know are left out."""
    read = [(d, read_composite_alarm(d.parameters)) for d in definitions.of(DefinitionKind.COMPOSITE_ALARM)]
    return [(d, composite) for d, composite in read if isinstance(composite, CompositeAlarm)]


def actions(alarm: Definition) -> list[tuple[str, str]]:
    """Each action of an alarm, with the key that has it."""
    return [(key, action) for key in ACTION_KEYS for action in alarm.parameters.get(key) or ()]


RULES: tuple[Callable[[Definitions], Iterator[Notice]], ...] = (
    alarms_share_no_name,
    composites_name_alarms_that_exist,
    composites_do_not_watch_each_other,
    actions_are_well_formed,
    actions_are_of_this_region,
    mute_rules_name_alarms_that_exist,
    metrics_are_of_this_account,
    expressions_of_dashboards_are_valid,
    alarms_avoid_pitfalls,
    queries_of_log_widgets_are_valid,
    widgets_show_this_region_and_account,
    alarm_widgets_name_alarms_that_exist,
)
