"""The rules of this project for its own alarms and policies. CloudWatch has no such rules.

Each function in RULES is one rule, and its docstring gives the reason. Other definitions are exempt.
"""

import re
from collections.abc import Callable, Iterator

from alarms.alarm_reading import alarms_that_run
from alarms.check.cloudwatch_rules import actions, composites
from alarms.check.scope import RUNBOOK, Definitions, error
from alarms.definition_files import ALARM_KINDS, DefinitionKind
from cloudwatch.notice import Notice, Severity
from telemetry.catalogue import QUEUE, WORKER_HEARTBEAT

_WHY_OF_ALARMS = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")
_POLICY = re.compile(r"\$\{policy:([a-z0-9-]+)\}")
_CONTINUOUS = (WORKER_HEARTBEAT, QUEUE)  # written every minute, with or without work


def names_are_those_of_their_files(definitions: Definitions) -> Iterator[Notice]:
    """The name is ``PREFIX-file``. So it is unique and shows its file, and alarms.sync can find it by the prefix."""
    for definition in definitions.all:
        if definition.name_key and definition.name != (expected := f"{definitions.prefix}-{definition.stem}"):
            yield error(definition, definition.name_key, f"{definition.name} should be {expected}")


def alarms_say_why(definitions: Definitions) -> Iterator[Notice]:
    """OPS06-BP01 of AWS: each alert names the promise at risk, the reason of its threshold, and its owner."""
    for alarm in definitions.of(*ALARM_KINDS):
        for name in _WHY_OF_ALARMS:
            if not alarm.why.get(name):
                yield Notice(Severity.ERROR, alarm.file, f"why.{name}", "is missing")


def each_alarm_has_its_section_of_the_runbook(definitions: Definitions) -> Iterator[Notice]:
    """The description of an alarm links to its section, which tells the person on call what to do.

    All alarms of an objective share the section of the objective.
    """
    sections = set(re.findall(r"^## (\S+)$", definitions.runbook, re.MULTILINE))
    alarms = {alarm.runbook_section: alarm.file for alarm in definitions.of(*ALARM_KINDS)}
    for stem in sorted(alarms.keys() - sections):
        yield Notice(Severity.ERROR, alarms[stem], "why", f"{RUNBOOK} has no section {stem}")
    for section in sorted(sections - alarms.keys()):
        yield Notice(Severity.ERROR, RUNBOOK, f"section {section}", "there is no such alarm")


def only_composites_notify(definitions: Definitions) -> Iterator[Notice]:
    """Only composites send pages and tickets. A metric alarm scales the fleet or has no action."""
    policies = {policy.stem for policy in definitions.of(DefinitionKind.SCALING_POLICY)}
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for key, action in actions(alarm):
            match = _POLICY.fullmatch(action)
            if not match:
                yield error(alarm, key, f"{action} is not a scaling policy; let a composite notify")
            elif match[1] not in policies:
                yield error(alarm, key, f"there is no policy {match[1]}")
    for composite in definitions.of(DefinitionKind.COMPOSITE_ALARM):
        if not composite.parameters.get("AlarmActions"):
            yield error(composite, "AlarmActions", "it notifies nobody")


def every_alarm_has_an_effect(definitions: Definitions) -> Iterator[Notice]:
    """A metric alarm that is in no composite and scales nothing has no effect when it fires."""
    children = {child for _, composite in composites(definitions) for child in composite.rule.children}
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        if alarm.name not in children and not actions(alarm):
            yield error(alarm, "", "no composite contains it, and it has no action")


def step_policies_have_an_alarm(definitions: Definitions) -> Iterator[Notice]:
    """A step or simple policy runs only as the action of an alarm."""
    for policy in definitions.of(DefinitionKind.SCALING_POLICY):
        tracks = policy.parameters.get("PolicyType") == "TargetTrackingScaling"
        if not tracks and not alarms_that_run(policy, definitions.all):
            yield error(policy, "", "no alarm has it as an action")


def no_alarm_gives_a_unit(definitions: Definitions) -> Iterator[Notice]:
    """An alarm with another unit than the published one stays in INSUFFICIENT_DATA. ``assumes`` is checked instead."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for use in definitions.uses_of(alarm):
            if use.unit:
                key = f"{use.key}.Unit" if use.key else "Unit"
                yield error(alarm, key, "leave it out, and name the unit in assumes")


def percentiles_say_what_few_samples_mean(definitions: Definitions) -> Iterator[Notice]:
    """The p99 of three requests is their maximum, so the author of the alarm must decide whether that counts."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        statistic = str(alarm.parameters.get("ExtendedStatistic", ""))
        if statistic.startswith("p") and "EvaluateLowSampleCountPercentile" not in alarm.parameters:
            yield error(alarm, "EvaluateLowSampleCountPercentile", "is missing; it must be evaluate or ignore")


def missing_data_is_said(definitions: Definitions) -> Iterator[Notice]:
    """The definition must state how to treat missing data, because the default (``missing``) is seldom intended."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        if "TreatMissingData" not in alarm.parameters:
            yield error(alarm, "TreatMissingData", "is missing")


def sparse_metrics_do_not_treat_missing_data_as_breaching(definitions: Definitions) -> Iterator[Notice]:
    """A metric that is published only while there are errors has no data when all is well."""
    for alarm in definitions.of(DefinitionKind.METRIC_ALARM):
        for use in definitions.uses_of(alarm):
            entry = definitions.known.find(use.metric.namespace, use.metric.name)
            if entry and entry.sparse and alarm.parameters.get("TreatMissingData") == "breaching":
                text = f"breaching, but {use.metric.name} has no data when all is well"
                yield error(alarm, "TreatMissingData", text)


def continuous_metrics_have_an_alarm_on_missing_data(definitions: Definitions) -> Iterator[Notice]:
    """An alarm that ignores missing data stays quiet when the publisher dies, so another alarm must fire on that."""
    metric_alarms = definitions.of(DefinitionKind.METRIC_ALARM)
    for kind in _CONTINUOUS:
        names = {metric.name for metric in kind.metrics}
        alarms = [a for a in metric_alarms if any(use.metric.name in names for use in definitions.uses_of(a))]
        if alarms and all(a.parameters.get("TreatMissingData") != "breaching" for a in alarms):
            text = f"no alarm on {kind.name} records treats missing data as breaching"
            yield error(alarms[0], "TreatMissingData", text)


def tracked_metrics_have_an_alarm_on_their_absence(definitions: Definitions) -> Iterator[Notice]:
    """Without data, target tracking changes nothing and reports nothing."""
    breaching = {
        use.metric
        for alarm in definitions.of(DefinitionKind.METRIC_ALARM)
        if alarm.parameters.get("TreatMissingData") == "breaching"
        for use in definitions.uses_of(alarm)
    }
    for policy in definitions.of(DefinitionKind.SCALING_POLICY):
        for use in definitions.uses_of(policy):
            if use.metric not in breaching:
                yield error(policy, use.key, f"no alarm fires when {use.metric.name} is missing")


RULES: tuple[Callable[[Definitions], Iterator[Notice]], ...] = (
    names_are_those_of_their_files,
    alarms_say_why,
    each_alarm_has_its_section_of_the_runbook,
    only_composites_notify,
    every_alarm_has_an_effect,
    step_policies_have_an_alarm,
    no_alarm_gives_a_unit,
    percentiles_say_what_few_samples_mean,
    missing_data_is_said,
    sparse_metrics_do_not_treat_missing_data_as_breaching,
    continuous_metrics_have_an_alarm_on_missing_data,
    tracked_metrics_have_an_alarm_on_their_absence,
)
