"""The rules of this project for its own dashboards, and for the queries of its runbook.

Each function in RULES is one rule, and its docstring gives the reason. Other definitions are exempt.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from alarms.check.cloudwatch_rules import composites, log_queries
from alarms.check.scope import RUNBOOK, Definitions, error
from alarms.definition_files import ALARM_KINDS, DefinitionKind
from alarms.wording import suggestion
from cloudwatch.dashboard.body import Widget
from cloudwatch.dashboard.graphed_metrics import GraphedMetric
from cloudwatch.log_queries import LogQueryRefused, parse_log_query
from cloudwatch.metric import MetricId
from cloudwatch.notice import Notice, Severity
from telemetry.catalogue import RECORD, RECORD_KINDS

MAIN = "main"  # the dashboard that an operator opens first
_LOOK_AT = re.compile(r"((?:`\w+`(?:, )?)+): ((?:\*[^*]+\*(?:, )?)+)")  # `main`, `api`: *a title*, *another*
_DRAWN_ALARM = re.compile(r"alarm ([a-z0-9-]+)")


def dashboards_say_that_they_are_managed(definitions: Definitions) -> Iterator[Notice]:
    """AWS advises this for PutDashboard. Without the notice, people edit the dashboard, and the next sync undoes it."""
    for definition in definitions.of(DefinitionKind.DASHBOARD):
        shown = [widget.properties for each, widget in definitions.widgets if each is definition]
        texts = [str(properties.get("markdown", "")) for properties in shown]
        if not any("alarms.sync" in text and "Runbook](" in text for text in texts):
            yield error(definition, "DashboardBody", "no text widget names alarms.sync and links the runbook")


def drawn_thresholds_are_those_of_the_alarms(definitions: Definitions) -> Iterator[Notice]:
    """A line that is labelled ``alarm NAME…`` must lie at the threshold of that alarm, in the unit of the alarm."""
    alarms = {alarm.stem: alarm for alarm in definitions.of(DefinitionKind.METRIC_ALARM)}
    for definition, widget in definitions.widgets:
        for drawn in _drawn_thresholds(widget):
            key = f"DashboardBody{widget.path}/properties/annotations/horizontal/{drawn.place}"
            if drawn.alarm not in alarms:
                yield error(definition, key, f"there is no alarm {drawn.alarm}")
            elif drawn.value != alarms[drawn.alarm].parameters.get("Threshold"):
                yield error(definition, key, f"{drawn.value} is not the threshold of {drawn.alarm}")


def graphs_link_the_sections_of_their_alarms(definitions: Definitions) -> Iterator[Notice]:
    """Titles cannot hold links, so the text above a group of widgets links what to do.

    The nearest text above a graph links the section of each alarm whose threshold the graph draws. Some text of the
    dashboard links the section of each alarm that watches a metric of the dashboard.
    """
    sections = _sections_by_metric(definitions)
    for dashboard in definitions.of(DefinitionKind.DASHBOARD):
        widgets = [widget for each, widget in definitions.widgets if each is dashboard]
        texts = [widget for widget in widgets if widget.type == "text"]
        linked = {section for text in texts for section in _linked(text, definitions)}
        for widget in widgets:
            above = [text for text in texts if (text.y or 0) <= (widget.y or 0)]
            watched = {s for each in widget.graphed if isinstance(each, GraphedMetric) for s in sections[each.metric]}
            for section in sorted(watched - linked):
                yield error(dashboard, f"DashboardBody{widget.path}", f"no text links the section {section}")
            near = _linked(max(above, key=lambda text: text.y or 0), definitions) if above else []
            for section in sorted({drawn.alarm for drawn in _drawn_thresholds(widget)} & linked - set(near)):
                yield error(dashboard, f"DashboardBody{widget.path}", f"the text above does not link {section}")


def links_of_dashboards_have_a_section(definitions: Definitions) -> Iterator[Notice]:
    """A link to a section that the runbook does not have leads to its top."""
    anchors = {_anchor(title) for title in re.findall(r"^#+ (.+)$", definitions.runbook, re.MULTILINE)}
    for dashboard, widget in definitions.widgets:
        for section in _linked(widget, definitions):
            if section not in anchors:
                key = f"DashboardBody{widget.path}/properties/markdown"
                yield error(dashboard, key, f"{RUNBOOK} has no section {section}")


def main_shows_each_alarm(definitions: Definitions) -> Iterator[Notice]:
    """The first screen shows each alarm that pages or makes a ticket, and each alarm below needs-attention.

    The windows of an objective are not shown, because its composites stand for them.
    """
    shown = {alarm.arn.rpartition(":")[2] for each, w in definitions.widgets if each.stem == MAIN for alarm in w.alarms}
    members = {child for _, composite in composites(definitions) for child in composite.rule.children}
    for alarm in definitions.of(*ALARM_KINDS):
        is_window = alarm.objective and alarm.kind is DefinitionKind.METRIC_ALARM
        is_wanted = alarm.kind is DefinitionKind.COMPOSITE_ALARM or alarm.name in members
        if is_wanted and not is_window and alarm.name not in shown:
            yield error(alarm, "AlarmName", f"no alarm widget of dashboards/{MAIN}.json shows it")


def queries_read_fields_of_records(definitions: Definitions) -> Iterator[Notice]:
    """A query that reads a misspelt field has an empty column or no result, and CloudWatch shows no reason.

    The queries of the runbook are held to this, too, if they ask for records of a kind. Other queries are for the log
    lines of the processes.
    """
    for dashboard, key, text in log_queries(definitions):
        place = dashboard.place_of(key)
        yield from (Notice(Severity.ERROR, dashboard.file, place, fault) for fault in _field_faults(text))
    for match in re.finditer(r"^```\n(.*?)^```$", definitions.runbook, re.MULTILINE | re.DOTALL):
        if f"{RECORD} = " in match[1]:
            line = match.string.count("\n", 0, match.start(1)) + 1
            yield from (Notice(Severity.ERROR, RUNBOOK, f"line {line}", fault) for fault in _field_faults(match[1]))


def runbook_names_widgets_that_exist(definitions: Definitions) -> Iterator[Notice]:
    """A line **Look at** names a dashboard, and then the titles of its widgets: ``main``: *Database*."""
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for dashboard, widget in definitions.widgets:
        titles[dashboard.stem].add(str(widget.properties.get("title", "")))
    for number, line in enumerate(definitions.runbook.splitlines(), start=1):
        if line.startswith("**Look at**"):
            for fault in _widget_faults(line.removeprefix("**Look at**"), titles):
                yield Notice(Severity.ERROR, RUNBOOK, f"line {number}", fault)


def _widget_faults(line: str, titles: Mapping[str, set[str]]) -> Iterator[str]:
    for names, quoted in _LOOK_AT.findall(line):
        for name, title in product(re.findall(r"`(\w+)`", names), re.findall(r"\*([^*]+)\*", quoted)):
            known = titles.get(name, set())
            if title not in known:
                yield f"dashboards/{name}.json has no widget {title!r}{suggestion(title, known)}"
    for title in re.findall(r"\*([^*]+)\*", _LOOK_AT.sub("", line)):
        yield f"no dashboard is named before {title!r}"


def _anchor(title: str) -> str:
    """The anchor that GitHub gives a heading: ``After a bad release`` → ``after-a-bad-release``."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _sections_by_metric(definitions: Definitions) -> defaultdict[MetricId, set[str]]:
    """The sections of the alarms that watch each metric."""
    sections: defaultdict[MetricId, set[str]] = defaultdict(set)
    for alarm in definitions.of(*ALARM_KINDS):
        for use in definitions.uses_of(alarm):
            sections[use.metric].add(alarm.runbook_section)
    return sections


def _linked(widget: Widget, definitions: Definitions) -> list[str]:
    """The sections of the runbook that a text widget links."""
    runbook = re.escape(str(definitions.variables.get("RUNBOOK_URL", "")))
    return re.findall(rf"\]\({runbook}#([^)]+)\)", str(widget.properties.get("markdown", "")))


class _DrawnThreshold(NamedTuple):
    """A horizontal line with the label ``alarm NAME…``; ``place`` is its index among the lines of the widget."""

    place: int
    alarm: str
    value: Any


def _drawn_thresholds(widget: Widget) -> Iterator[_DrawnThreshold]:
    for index, line in enumerate(widget.properties.get("annotations", {}).get("horizontal", [])):
        label = str(line.get("label", "")) if isinstance(line, dict) else ""  # a band is a list of two
        if match := _DRAWN_ALARM.match(label):
            yield _DrawnThreshold(index, match[1], line["value"])


def _field_faults(text: str) -> Iterator[str]:
    """What a query of records reads and no such record has. Queries that cannot be read have no fields."""
    try:
        query = parse_log_query(text)
    except LogQueryRefused:
        return
    kinds = {kind.name: kind for kind in RECORD_KINDS}
    named = [token for field, token in query.compared if field == RECORD]
    for token in named:
        if token.text not in kinds:
            yield f"character {token.position + 1}: there is no record {token.text!r}{suggestion(token.text, kinds)}"
    read = [kinds[token.text] for token in named if token.text in kinds] or list(RECORD_KINDS)
    known = {name for kind in read for name in kind.fields}
    for each in query.fields:
        if each.name not in known:
            which = f"{read[0].name} record" if len(read) == 1 else "record"
            hint = suggestion(each.name, known)
            yield f"character {each.position + 1}: no {which} has a field {each.name!r}{hint}"


RULES: tuple[Callable[[Definitions], Iterator[Notice]], ...] = (
    dashboards_say_that_they_are_managed,
    drawn_thresholds_are_those_of_the_alarms,
    graphs_link_the_sections_of_their_alarms,
    links_of_dashboards_have_a_section,
    main_shows_each_alarm,
    queries_read_fields_of_records,
    runbook_names_widgets_that_exist,
)
