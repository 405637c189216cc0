"""CloudWatch's quirks, and our own rules, as checks of the definitions: a function a rule, the reason beside it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alarms.check.known_metrics import known
from alarms.check.watched_metrics import watches
from alarms.definition_files import ROOT, Definition, DefinitionKind
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm, CompositeCycle, children_first
from cloudwatch.dashboard.body import Widget, read_dashboard
from cloudwatch.parameters import ParametersRefused
from cloudwatch.scaling.policy import SimpleScaling, StepScaling, TargetTracking
from telemetry.catalogue import QUEUE, WORKER_HEARTBEAT

RUNBOOK = "docs/RUNBOOK.md"
_WHY_OF_ALARMS = ("promise", "threshold", "missing_data", "owner", "fires_within_minutes")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_POLICY = re.compile(r"\$\{policy:([a-z0-9-]+)\}")
_CONTINUOUS = (WORKER_HEARTBEAT, QUEUE)  # written every minute, come what may


@dataclass(frozen=True, slots=True)
class Definitions:
    """All definitions, by kind."""

    definitions: tuple[Definition, ...]
    prefix: str
    root: Path

    def of(self, *kinds: DefinitionKind) -> list[Definition]:
        return [definition for definition in self.definitions if definition.kind in kinds]

    @property
    def alarm_names(self) -> set[str]:
        return {definition.name for definition in self.of(DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM)}


def lint_problems(definitions: Iterable[Definition], prefix: str, root: Path = ROOT) -> list[str]:
    """Everything that is wrong, as ``file: key: what is wrong``. Rules on a call that AWS refuses are left out."""
    house = Definitions(tuple(definitions), prefix, root)
    if refused := list(calls_that_aws_refuses(house)):
        return refused
    return [problem for rule in RULES for problem in rule(house)]


def calls_that_aws_refuses(house: Definitions) -> Iterator[str]:
    """The rules of the API itself: limits, periods, ids, expressions, structure and grid of dashboards."""
    for definition in house.definitions:
        place = f"{definition.file}: {definition.kind}"
        if definition.kind is DefinitionKind.DASHBOARD:
            found = read_dashboard(definition.parameters.get("DashboardBody", "")).problems
            yield from (f"{place}.DashboardBody{problem.data_path}: {problem.message}" for problem in found)
            continue
        try:
            _read(definition, house)
        except ParametersRefused as error:
            yield from (f"{place}.{problem}" for problem in error.problems)


def _at(definition: Definition, key: str) -> str:
    """The place of a problem in one definition."""
    return f"{definition.file}: {definition.kind}.{key}"


def _read(definition: Definition, house: Definitions) -> None:
    if definition.kind is DefinitionKind.METRIC_ALARM:
        MetricAlarm.from_api(definition.parameters)
    elif definition.kind is DefinitionKind.COMPOSITE_ALARM:
        CompositeAlarm.from_api(definition.parameters)
    elif definition.parameters.get("PolicyType") == "TargetTrackingScaling":
        TargetTracking.from_api(definition.parameters)
    elif acting := _alarms_that_act_by(definition, house):
        kind = StepScaling if definition.parameters.get("PolicyType") == "StepScaling" else SimpleScaling
        kind.from_api(definition.parameters, MetricAlarm.from_api(acting[0].parameters))


def _alarms_that_act_by(policy: Definition, house: Definitions) -> list[Definition]:
    action = f"${{policy:{policy.stem}}}"
    return [
        alarm for alarm in house.of(DefinitionKind.METRIC_ALARM) if action in alarm.parameters.get("AlarmActions", [])
    ]


def names_are_those_of_their_files(house: Definitions) -> Iterator[str]:
    """``PREFIX-file``: so a name is found, no name is there twice, and sync reads the live state by its prefix."""
    for definition in house.definitions:
        if definition.name != (expected := f"{house.prefix}-{definition.stem}"):
            yield f"{_at(definition, definition.name_key)}: {definition.name} should be {expected}"


def alarms_and_composites_share_no_name(house: Definitions) -> Iterator[str]:
    """CloudWatch has one space of names for both."""
    metric_alarms = {alarm.stem for alarm in house.of(DefinitionKind.METRIC_ALARM)}
    for composite in house.of(DefinitionKind.COMPOSITE_ALARM):
        if composite.stem in metric_alarms:
            yield f"{_at(composite, 'AlarmName')}: a metric alarm has this name too"


def alarms_say_why(house: Definitions) -> Iterator[str]:
    """OPS06-BP01: each alert says which promise is at risk, why here, and who cares."""
    for alarm in house.of(DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM):
        for name in _WHY_OF_ALARMS:
            if not alarm.why.get(name):
                yield f"{alarm.file}: why.{name}: is missing"


def each_alarm_has_its_section_of_the_runbook(house: Definitions) -> Iterator[str]:
    """Its description links there; a page without instructions is noise."""
    path = house.root / RUNBOOK
    sections = set(re.findall(r"^## (\S+)$", path.read_text(), re.MULTILINE)) if path.exists() else set()
    alarms = {alarm.stem: alarm.file for alarm in house.of(DefinitionKind.METRIC_ALARM, DefinitionKind.COMPOSITE_ALARM)}
    for stem in sorted(alarms.keys() - sections):
        yield f"{alarms[stem]}: why: {RUNBOOK} has no section {stem}"
    for section in sorted(sections - alarms.keys()):
        yield f"{RUNBOOK}: section {section}: there is no such alarm"


def composites_name_alarms_that_exist(house: Definitions) -> Iterator[str]:
    """CloudWatch takes a rule over an alarm that does not exist, and never evaluates it."""
    composites = [(d, CompositeAlarm.from_api(d.parameters)) for d in house.of(DefinitionKind.COMPOSITE_ALARM)]
    for definition, composite in composites:
        for child in composite.rule.children:
            if child not in house.alarm_names:
                yield f"{_at(definition, 'AlarmRule')}: there is no alarm {child}"
        suppressor = composite.suppressor
        if suppressor and suppressor.alarm not in house.alarm_names:
            yield f"{_at(definition, 'ActionsSuppressor')}: there is no alarm {suppressor.alarm}"
    try:
        children_first(composite for _, composite in composites)
    except CompositeCycle as error:
        yield f"alarms/definitions/composite_alarms: {error}"


def only_composites_notify(house: Definitions) -> Iterator[str]:
    """Pages come from composites; a child acts on the fleet or on nothing."""
    policies = {policy.stem for policy in house.of(DefinitionKind.SCALING_POLICY)}
    for alarm in house.of(DefinitionKind.METRIC_ALARM):
        for action in _actions(alarm):
            match = _POLICY.fullmatch(action)
            if not match:
                yield f"{_at(alarm, 'AlarmActions')}: {action} is no scaling policy; let a composite notify"
            elif match[1] not in policies:
                yield f"{_at(alarm, 'AlarmActions')}: there is no policy {match[1]}"
    for composite in house.of(DefinitionKind.COMPOSITE_ALARM):
        if not composite.parameters.get("AlarmActions"):
            yield f"{_at(composite, 'AlarmActions')}: it notifies nobody"


def topics_are_well_formed(house: Definitions) -> Iterator[str]:
    """An action is not validated by CloudWatch: a dead ARN is a page that never comes."""
    for composite in house.of(DefinitionKind.COMPOSITE_ALARM):
        for action in _actions(composite):
            if not _TOPIC.fullmatch(action):
                yield f"{_at(composite, 'AlarmActions')}: {action!r} is no ARN of an SNS topic"


def _actions(alarm: Definition) -> list[str]:
    return [
        a for key in ("AlarmActions", "OKActions", "InsufficientDataActions") for a in alarm.parameters.get(key, [])
    ]


def every_alarm_is_heard(house: Definitions) -> Iterator[str]:
    """A metric alarm that is in no composite and scales nothing fires for nobody."""
    heard = {
        c for d in house.of(DefinitionKind.COMPOSITE_ALARM) for c in CompositeAlarm.from_api(d.parameters).rule.children
    }
    for alarm in house.of(DefinitionKind.METRIC_ALARM):
        if alarm.name not in heard and not _actions(alarm):
            yield f"{alarm.file}: put_metric_alarm: it is in no composite, and does nothing"


def step_policies_have_an_alarm(house: Definitions) -> Iterator[str]:
    """A step or simple policy does nothing by itself."""
    for policy in house.of(DefinitionKind.SCALING_POLICY):
        tracks = policy.parameters.get("PolicyType") == "TargetTrackingScaling"
        if not tracks and not _alarms_that_act_by(policy, house):
            yield f"{policy.file}: put_scaling_policy: no alarm acts by it"


def no_alarm_gives_a_unit(house: Definitions) -> Iterator[str]:
    """A unit that does not match what is published gives INSUFFICIENT_DATA for ever. ``assumes`` is checked instead."""
    for alarm in house.of(DefinitionKind.METRIC_ALARM):
        yield from (f"{w.place}.Unit: leave it out, and say it in assumes" for w in watches(alarm) if w.unit)


def percentiles_say_what_few_samples_mean(house: Definitions) -> Iterator[str]:
    """p99 of three requests is their maximum: whoever writes the alarm must decide."""
    for alarm in house.of(DefinitionKind.METRIC_ALARM):
        statistic = str(alarm.parameters.get("ExtendedStatistic", ""))
        if statistic.startswith("p") and "EvaluateLowSampleCountPercentile" not in alarm.parameters:
            yield f"{_at(alarm, 'EvaluateLowSampleCountPercentile')}: evaluate or ignore, it must be said"


def missing_data_is_said(house: Definitions) -> Iterator[str]:
    """The default (missing) is seldom what was thought of."""
    for alarm in house.of(DefinitionKind.METRIC_ALARM):
        if "TreatMissingData" not in alarm.parameters:
            yield f"{_at(alarm, 'TreatMissingData')}: is missing"


def sparse_metrics_do_not_breach_by_silence(house: Definitions) -> Iterator[str]:
    """A metric that is written only while there are errors is silent when all is well."""
    for alarm in house.of(DefinitionKind.METRIC_ALARM):
        for watch in watches(alarm):
            entry = known(watch.metric.namespace, watch.metric.name)
            if entry and entry.sparse and alarm.parameters.get("TreatMissingData") == "breaching":
                yield f"{_at(alarm, 'TreatMissingData')}: {watch.metric.name} is silent when all is well"


def continuous_metrics_have_a_partner_that_hears_silence(house: Definitions) -> Iterator[str]:
    """The pairing rule: an alarm that shrugs at missing data is blind when the publisher dies, so another must not."""
    for kind in _CONTINUOUS:
        names = {metric.name for metric in kind.metrics}
        alarms = [a for a in house.of(DefinitionKind.METRIC_ALARM) if any(w.metric.name in names for w in watches(a))]
        if alarms and all(a.parameters.get("TreatMissingData") != "breaching" for a in alarms):
            yield f"{_at(alarms[0], 'TreatMissingData')}: no alarm on {kind.name} records breaches by silence"


def tracked_metrics_have_an_alarm_on_their_absence(house: Definitions) -> Iterator[str]:
    """Without data target tracking changes nothing, and says nothing."""
    breaching = {
        watch.metric
        for alarm in house.of(DefinitionKind.METRIC_ALARM)
        if alarm.parameters.get("TreatMissingData") == "breaching"
        for watch in watches(alarm)
    }
    for policy in house.of(DefinitionKind.SCALING_POLICY):
        for watch in watches(policy):
            if watch.metric not in breaching:
                yield f"{watch.place}: no alarm fires when {watch.metric.name} is missing"


def dashboards_say_that_they_are_managed(house: Definitions) -> Iterator[str]:
    """PutDashboard's own advice: else somebody edits by hand what the next sync undoes."""
    for definition in house.of(DefinitionKind.DASHBOARD):
        texts = [w.properties.get("markdown", "") for w in _widgets(definition) if w.type == "text"]
        if not any("alarms.sync" in text and "Runbook](" in text for text in texts):
            yield f"{_at(definition, 'DashboardBody')}: no text says that it is managed, with the runbook's link"


def drawn_thresholds_are_those_of_the_alarms(house: Definitions) -> Iterator[str]:
    """A line labelled ``alarm NAME…`` must lie where that alarm fires (in its own unit, if it says no other)."""
    alarms = {alarm.stem: alarm for alarm in house.of(DefinitionKind.METRIC_ALARM)}
    for definition in house.of(DefinitionKind.DASHBOARD):
        for widget in _widgets(definition):
            for index, line in enumerate(widget.properties.get("annotations", {}).get("horizontal", [])):
                place = _at(definition, f"DashboardBody{widget.path}/properties/annotations/horizontal/{index}")
                label = line.get("label", "") if isinstance(line, dict) else ""  # a band is no threshold
                match = re.match(r"alarm ([a-z0-9-]+)", str(label))
                if match and match[1] not in alarms:
                    yield f"{place}: there is no alarm {match[1]}"
                elif match and float(line["value"]) != float(alarms[match[1]].parameters["Threshold"]):
                    yield f"{place}: {line['value']} is not the threshold of {match[1]}"


def alarm_widgets_name_alarms_that_exist(house: Definitions) -> Iterator[str]:
    """CloudWatch shows an empty box for one that does not."""
    for definition in house.of(DefinitionKind.DASHBOARD):
        for alarm in read_dashboard(definition.parameters["DashboardBody"]).alarms:
            if alarm.arn.rpartition(":")[2] not in house.alarm_names:
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
    every_alarm_is_heard,
    step_policies_have_an_alarm,
    no_alarm_gives_a_unit,
    percentiles_say_what_few_samples_mean,
    missing_data_is_said,
    sparse_metrics_do_not_breach_by_silence,
    continuous_metrics_have_a_partner_that_hears_silence,
    tracked_metrics_have_an_alarm_on_their_absence,
    dashboards_say_that_they_are_managed,
    drawn_thresholds_are_those_of_the_alarms,
    alarm_widgets_name_alarms_that_exist,
)
