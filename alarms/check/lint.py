"""CloudWatch's quirks and this project's own rules, as checks of the definitions.

Each function in RULES is one rule, and its docstring is the reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alarms.check.known_metrics import find_aws_metric
from alarms.check.watched_metrics import metric_uses
from alarms.definition_files import ALARM_KINDS, ROOT, Definition, DefinitionKind
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.put_metric_alarm import read_metric_alarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, CompositeCycle, children_first, read_composite_alarm
from cloudwatch.dashboard.body import Widget, read_dashboard
from cloudwatch.parameters import ParametersRefused
from cloudwatch.scaling.policy import SimpleScaling, StepScaling, TargetTracking
from telemetry.catalogue import QUEUE, WORKER_HEARTBEAT

RUNBOOK = "docs/RUNBOOK.md"
_WHY_OF_ALARMS = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_POLICY = re.compile(r"\$\{policy:([a-z0-9-]+)\}")
_CONTINUOUS = (WORKER_HEARTBEAT, QUEUE)  # written every minute, with or without work


@dataclass(frozen=True, slots=True)
class Definitions:
    """All definitions, the prefix of their names, and the folder that holds the runbook."""

    all: tuple[Definition, ...]
    prefix: str
    root: Path

    def of(self, *kinds: DefinitionKind) -> list[Definition]:
        return [definition for definition in self.all if definition.kind in kinds]

    @property
    def alarm_names(self) -> set[str]:
        return {definition.name for definition in self.of(*ALARM_KINDS)}


def lint_problems(definitions: Iterable[Definition], prefix: str) -> list[str]:
    """Everything that breaks a rule, as ``file: key: what is wrong``.

    If AWS would refuse a call, only that is reported, because the other rules cannot read such a call.
    """
    checked = Definitions(tuple(definitions), prefix, ROOT)
    if refused := list(calls_that_aws_refuses(checked)):
        return refused
    return [problem for rule in RULES for problem in rule(checked)]


def calls_that_aws_refuses(definitions: Definitions) -> Iterator[str]:
    """The rules of the API itself: limits, periods, ids, expressions, and the structure and grid of dashboards."""
    for definition in definitions.all:
        place = f"{definition.file}: {definition.kind}"
        if definition.kind is DefinitionKind.DASHBOARD:
            found = read_dashboard(definition.parameters.get("DashboardBody", "")).problems
            yield from (f"{place}.DashboardBody{problem.data_path}: {problem.message}" for problem in found)
            continue
        try:
            _parse_parameters(definition, definitions)
        except ParametersRefused as error:
            yield from (f"{place}.{problem}" for problem in error.problems)


def _at(definition: Definition, key: str) -> str:
    """The place of a problem in one definition."""
    return f"{definition.file}: {definition.kind}.{key}"


def _parse_parameters(definition: Definition, definitions: Definitions) -> None:
    """Raises ParametersRefused."""
    if definition.kind is DefinitionKind.METRIC_ALARM:
        read_metric_alarm(definition.parameters)
    elif definition.kind is DefinitionKind.COMPOSITE_ALARM:
        read_composite_alarm(definition.parameters)
    elif definition.parameters.get("PolicyType") == "TargetTrackingScaling":
        TargetTracking.from_api(definition.parameters)
    elif users := _alarms_that_use(definition, definitions):
        kind = StepScaling if definition.parameters.get("PolicyType") == "StepScaling" else SimpleScaling
        alarm = read_metric_alarm(users[0].parameters)
        if isinstance(alarm, MetricAlarm):
            kind.from_api(definition.parameters, alarm)


def _alarms_that_use(policy: Definition, definitions: Definitions) -> list[Definition]:
    action = f"${{policy:{policy.stem}}}"
    alarms = definitions.of(DefinitionKind.METRIC_ALARM)
    return [alarm for alarm in alarms if action in alarm.parameters.get("AlarmActions", [])]


def names_are_those_of_their_files(definitions: Definitions) -> Iterator[str]:
    """The name is ``PREFIX-file``: it leads to its file, it is unique, and sync reads the account by the prefix."""
    for definition in definitions.all:
        if definition.name != (expected := f"{definitions.prefix}-{definition.stem}"):
            yield f"{_at(definition, definition.name_key)}: {definition.name} should be {expected}"


def alarms_and_composites_share_no_name(definitions: Definitions) -> Iterator[str]:
    """Metric alarms and composites share one space of names in CloudWatch."""
    metric_alarms = {alarm.stem for alarm in definitions.of(DefinitionKind.METRIC_ALARM)}
    for composite in definitions.of(DefinitionKind.COMPOSITE_ALARM):
        if composite.stem in metric_alarms:
            yield f"{_at(composite, 'AlarmName')}: a metric alarm has this name too"


def alarms_say_why(definitions: Definitions) -> Iterator[str]:
    """OPS06-BP01: each alert names the promise at risk, the reason of its threshold, and its owner."""
    for alarm in definitions.of(*ALARM_KINDS):
        for name in _WHY_OF_ALARMS:
            if not alarm.why.get(name):
                yield f"{alarm.file}: why.{name}: is missing"


def each_alarm_has_its_section_of_the_runbook(definitions: Definitions) -> Iterator[str]:
    """The description of the alarm links there, and a page without instructions is noise."""
    path = definitions.root / RUNBOOK
    sections = set(re.findall(r"^## (\S+)$", path.read_text(), re.MULTILINE)) if path.exists() else set()
    alarms = {alarm.stem: alarm.file for alarm in definitions.of(*ALARM_KINDS)}
    for stem in sorted(alarms.keys() - sections):
        yield f"{alarms[stem]}: why: {RUNBOOK} has no section {stem}"
    for section in sorted(sections - alarms.keys()):
        yield f"{RUNBOOK}: section {section}: there is no such alarm"


def composites_name_alarms_that_exist(definitions: Definitions) -> Iterator[str]:
    """CloudWatch accepts a rule over an alarm that does not exist, and never evaluates it."""
    composites = _composites(definitions)
    for definition, composite in composites:
        for child in composite.rule.children:
            if child not in definitions.alarm_names:
                yield f"{_at(definition, 'AlarmRule')}: there is no alarm {child}"
        suppressor = composite.suppressor
        if suppressor and suppressor.alarm not in definitions.alarm_names:
            yield f"{_at(definition, 'ActionsSuppressor')}: there is no alarm {suppressor.alarm}"
    try:
        children_first(composite for _, composite in composites)
    except CompositeCycle as error:
        yield f"alarms/definitions/composite_alarms: {error}"


def _composites(definitions: Definitions) -> list[tuple[Definition, CompositeAlarm]]:
    """The composites whose rules can be read: all but those with a parameter that this version does not know."""
    read = [(d, read_composite_alarm(d.parameters)) for d in definitions.of(DefinitionKind.COMPOSITE_ALARM)]
    return [(d, composite) for d, composite in read if isinstance(composite, CompositeAlarm)]


def only_composites_notify(definitions: Definitions) -> Iterator[str]:
    """Only composites send pages and tickets. A metric alarm scales the fleet or has no action."""
    policies = {policy.stem for policy in definitions.of(DefinitionKind.SCALING_POLICY)}
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for action in _actions(alarm):
            match = _POLICY.fullmatch(action)
            if not match:
                yield f"{_at(alarm, 'AlarmActions')}: {action} is not a scaling policy; let a composite notify"
            elif match[1] not in policies:
                yield f"{_at(alarm, 'AlarmActions')}: there is no policy {match[1]}"
    for composite in definitions.of(DefinitionKind.COMPOSITE_ALARM):
        if not composite.parameters.get("AlarmActions"):
            yield f"{_at(composite, 'AlarmActions')}: it notifies nobody"


def topics_are_well_formed(definitions: Definitions) -> Iterator[str]:
    """CloudWatch does not validate an action: with a wrong ARN, the page never comes."""
    for composite in definitions.of(DefinitionKind.COMPOSITE_ALARM):
        for action in _actions(composite):
            if not _TOPIC.fullmatch(action):
                yield f"{_at(composite, 'AlarmActions')}: {action!r} is not the ARN of an SNS topic"


def _actions(alarm: Definition) -> list[str]:
    keys = ("AlarmActions", "OKActions", "InsufficientDataActions")
    return [action for key in keys for action in alarm.parameters.get(key, [])]


def every_alarm_has_an_effect(definitions: Definitions) -> Iterator[str]:
    """A metric alarm that is in no composite and scales nothing has no effect when it fires."""
    children = {child for _, composite in _composites(definitions) for child in composite.rule.children}
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        if alarm.name not in children and not _actions(alarm):
            yield f"{alarm.file}: put_metric_alarm: no composite contains it, and it has no action"


def step_policies_have_an_alarm(definitions: Definitions) -> Iterator[str]:
    """A step or simple policy runs only as the action of an alarm."""
    for policy in definitions.of(DefinitionKind.SCALING_POLICY):
        tracks = policy.parameters.get("PolicyType") == "TargetTrackingScaling"
        if not tracks and not _alarms_that_use(policy, definitions):
            yield f"{policy.file}: put_scaling_policy: no alarm has it as an action"


def no_alarm_gives_a_unit(definitions: Definitions) -> Iterator[str]:
    """A unit other than the published one gives INSUFFICIENT_DATA for ever. ``assumes`` is checked instead."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for use in metric_uses(alarm):
            if use.unit:
                yield f"{use.place}.Unit: leave it out, and name the unit in assumes"


def percentiles_say_what_few_samples_mean(definitions: Definitions) -> Iterator[str]:
    """The p99 of three requests is their maximum, so the author of the alarm must decide whether that counts."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        statistic = str(alarm.parameters.get("ExtendedStatistic", ""))
        if statistic.startswith("p") and "EvaluateLowSampleCountPercentile" not in alarm.parameters:
            yield f"{_at(alarm, 'EvaluateLowSampleCountPercentile')}: is missing; it must be evaluate or ignore"


def missing_data_is_said(definitions: Definitions) -> Iterator[str]:
    """The default (missing) is seldom what the author meant."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        if "TreatMissingData" not in alarm.parameters:
            yield f"{_at(alarm, 'TreatMissingData')}: is missing"


def sparse_metrics_do_not_treat_missing_data_as_breaching(definitions: Definitions) -> Iterator[str]:
    """A metric that is published only while there are errors has no data when all is well."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for use in metric_uses(alarm):
            entry = find_aws_metric(use.metric.namespace, use.metric.name)
            if entry and entry.sparse and alarm.parameters.get("TreatMissingData") == "breaching":
                yield f"{_at(alarm, 'TreatMissingData')}: breaching, but {use.metric.name} has no data when all is well"


def continuous_metrics_have_an_alarm_on_missing_data(definitions: Definitions) -> Iterator[str]:
    """An alarm that ignores missing data stays quiet when the publisher dies, so another alarm must fire on that."""
    metric_alarms = definitions.of(DefinitionKind.METRIC_ALARM)
    for kind in _CONTINUOUS:
        names = {metric.name for metric in kind.metrics}
        alarms = [a for a in metric_alarms if any(use.metric.name in names for use in metric_uses(a))]
        if alarms and all(a.parameters.get("TreatMissingData") != "breaching" for a in alarms):
            place = _at(alarms[0], "TreatMissingData")
            yield f"{place}: no alarm on {kind.name} records treats missing data as breaching"


def tracked_metrics_have_an_alarm_on_their_absence(definitions: Definitions) -> Iterator[str]:
    """Without data, target tracking changes nothing and reports nothing."""
    breaching = {
        use.metric
        for alarm in definitions.of(DefinitionKind.METRIC_ALARM)
        if alarm.parameters.get("TreatMissingData") == "breaching"
        for use in metric_uses(alarm)
    }
    for policy in definitions.of(DefinitionKind.SCALING_POLICY):
        for use in metric_uses(policy):
            if use.metric not in breaching:
                yield f"{use.place}: no alarm fires when {use.metric.name} is missing"


def dashboards_say_that_they_are_managed(definitions: Definitions) -> Iterator[str]:
    """AWS advises this for PutDashboard: else somebody edits by hand what the next sync undoes."""
    for definition in definitions.of(DefinitionKind.DASHBOARD):
        texts = [w.properties.get("markdown", "") for w in _widgets(definition) if w.type == "text"]
        if not any("alarms.sync" in text and "Runbook](" in text for text in texts):
            yield f"{_at(definition, 'DashboardBody')}: no text widget names alarms.sync and links the runbook"


def drawn_thresholds_are_those_of_the_alarms(definitions: Definitions) -> Iterator[str]:
    """A line that is labelled ``alarm NAME…`` must lie at the threshold of that alarm, in the unit of the alarm."""
    alarms = {alarm.stem: alarm for alarm in definitions.of(DefinitionKind.METRIC_ALARM)}
    for definition in definitions.of(DefinitionKind.DASHBOARD):
        lines = [
            (_at(definition, f"DashboardBody{widget.path}/properties/annotations/horizontal/{index}"), line)
            for widget in _widgets(definition)
            for index, line in enumerate(widget.properties.get("annotations", {}).get("horizontal", []))
            if isinstance(line, dict)  # a band is a list, and not a threshold
        ]
        for place, line in lines:
            match = re.match(r"alarm ([a-z0-9-]+)", str(line.get("label", "")))
            if match and match[1] not in alarms:
                yield f"{place}: there is no alarm {match[1]}"
            elif match and line["value"] != alarms[match[1]].parameters.get("Threshold"):  # a band has no threshold
                yield f"{place}: {line['value']} is not the threshold of {match[1]}"


def alarm_widgets_name_alarms_that_exist(definitions: Definitions) -> Iterator[str]:
    """CloudWatch shows an empty box for an alarm that does not exist."""
    for definition in definitions.of(DefinitionKind.DASHBOARD):
        for alarm in read_dashboard(definition.parameters["DashboardBody"]).alarms:
            if alarm.arn.rpartition(":")[2] not in definitions.alarm_names:
                yield f"{definition.file}: put_dashboard.DashboardBody{alarm.path}: there is no alarm {alarm.arn}"


def _widgets(definition: Definition) -> tuple[Widget, ...]:
    return read_dashboard(definition.parameters["DashboardBody"]).widgets


RULES: tuple[Callable[[Definitions], Iterator[str]], ...] = (
    names_are_those_of_their_files,
    alarms_and_composites_share_no_name,
    alarms_say_why,
    each_alarm_has_its_section_of_the_runbook,
    composites_name_alarms_that_exist,
    only_composites_notify,
    topics_are_well_formed,
    every_alarm_has_an_effect,
    step_policies_have_an_alarm,
    no_alarm_gives_a_unit,
    percentiles_say_what_few_samples_mean,
    missing_data_is_said,
    sparse_metrics_do_not_treat_missing_data_as_breaching,
    continuous_metrics_have_an_alarm_on_missing_data,
    tracked_metrics_have_an_alarm_on_their_absence,
    dashboards_say_that_they_are_managed,
    drawn_thresholds_are_those_of_the_alarms,
    alarm_widgets_name_alarms_that_exist,
)
