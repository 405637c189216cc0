"""Reads a dashboard body: its problems, and every metric, expression and alarm that it names.

Source: "Dashboard body structure and syntax" in the CloudWatch API reference, and the limits of PutDashboard.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.dashboard.body_schema import (
    Report,
    anything,
    check_range,
    integer,
    items,
    members,
    one_of,
    time_or_relative,
)
from cloudwatch.dashboard.graphed_metrics import Graphed, GraphedExpression, GraphedMetric, read_graphed
from cloudwatch.dashboard.widgets import PROPERTIES, VARIABLE
from cloudwatch.notice import Notice

COLUMNS = 24
DEFAULT_SIZE = 6
WIDGETS_MAX = 500
METRICS_MAX = 2_500
VARIABLES_MAX = 25

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_BODY = members(
    {
        "widgets": items(anything, most=WIDGETS_MAX),
        "variables": items(VARIABLE, most=VARIABLES_MAX),
        "start": time_or_relative,
        "end": time_or_relative,
        "periodOverride": one_of("auto", "inherit"),
    },
    required=("widgets",),
)
_WIDGET = members(
    {
        "type": one_of(*PROPERTIES),
        "x": integer(0, COLUMNS - 1),
        "y": integer(0),
        "width": integer(1, COLUMNS),
        "height": integer(1, 1_000),
        "properties": anything,
    },
    required=("type", "properties"),
)


@dataclass(frozen=True, slots=True)
class NamedAlarm:
    """The ARN of an alarm, and its path in the body."""

    path: str
    arn: str


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget. ``x`` and ``y`` are None if CloudWatch chooses the place."""

    path: str
    type: str
    x: int | None
    y: int | None
    width: int
    height: int
    properties: Mapping[str, Any]
    graphed: tuple[Graphed, ...]
    alarms: tuple[NamedAlarm, ...]

    def overlaps(self, other: "Widget") -> bool:
        if self.x is None or self.y is None or other.x is None or other.y is None:
            return False
        beside = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not (beside or self.y + self.height <= other.y or other.y + other.height <= self.y)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The readable widgets of a body, with their readable parts, and the ``problems`` in the order of the body."""

    widgets: tuple[Widget, ...]
    problems: tuple[Notice, ...]

    @property
    def refused(self) -> bool:
        """True if PutDashboard would refuse the body."""
        return any(problem.is_error for problem in self.problems)

    @property
    def metrics(self) -> Iterator[GraphedMetric]:
        return (each for widget in self.widgets for each in widget.graphed if isinstance(each, GraphedMetric))

    @property
    def expressions(self) -> Iterator[GraphedExpression]:
        return (each for widget in self.widgets for each in widget.graphed if isinstance(each, GraphedExpression))

    @property
    def alarms(self) -> Iterator[NamedAlarm]:
        return (alarm for widget in self.widgets for alarm in widget.alarms)


def name_fault(name: str) -> str:
    """The reason why PutDashboard would refuse the name of a dashboard; empty if it accepts the name."""
    if _NAME.fullmatch(name):
        return ""
    return f"{name!r} is refused: 1 to 255 characters of A-Z, a-z, 0-9, - and _ are allowed"


def read_dashboard(body: str | Mapping[str, Any]) -> Dashboard:
    """The dashboard of a DashboardBody, given as text or already parsed. Faults are in ``problems``; none is raised."""
    try:
        parsed = json.loads(body) if isinstance(body, str) else body
    except (ValueError, RecursionError) as error:
        report = Report()
        report.refuse("", f"Should be JSON: {error}")
        return Dashboard((), tuple(report.problems))
    report = Report()
    _BODY(parsed, "", report)
    content: Mapping[str, Any] = parsed if isinstance(parsed, Mapping) else {}
    check_range(content, "", report)
    found = content.get("widgets")
    values = found if isinstance(found, list) else []
    widgets = (_read_widget(value, f"/widgets/{index}", report) for index, value in enumerate(values))
    read = tuple(widget for widget in widgets if widget)
    _check_all(read, report)
    return Dashboard(read, tuple(report.problems))


def _read_widget(value: Any, path: str, report: Report) -> Widget | None:
    """The widget, or None if its type or its properties cannot be read."""
    before = len(report.problems)
    _WIDGET(value, path, report)
    if any(problem.is_error for problem in report.problems[before:]):
        return None
    for given, other in (("x", "y"), ("y", "x")):
        if given in value and other not in value:
            report.refuse(path, f"Should have required property '{other}'")
    properties = value["properties"]
    PROPERTIES[value["type"]](properties, f"{path}/properties", report)
    properties = properties if isinstance(properties, Mapping) else {}
    graphs = value["type"] == "metric"
    return Widget(
        path=path,
        type=value["type"],
        x=value.get("x"),
        y=value.get("y"),
        width=value.get("width", DEFAULT_SIZE),
        height=value.get("height", DEFAULT_SIZE),
        properties=properties,
        graphed=tuple(read_graphed(properties, f"{path}/properties", report)) if graphs else (),
        alarms=tuple(_named_alarms(properties, f"{path}/properties")),
    )


def _named_alarms(properties: Mapping[str, Any], path: str) -> Iterator[NamedAlarm]:
    """The alarms of an alarm widget, or of the alarm annotation of a metric widget."""
    for place, holder in (("", properties), ("/annotations", properties.get("annotations"))):
        alarms = holder.get("alarms") if isinstance(holder, Mapping) else None
        for index, arn in enumerate(alarms if isinstance(alarms, list) else ()):
            if isinstance(arn, str):
                yield NamedAlarm(f"{path}{place}/alarms/{index}", arn)


def _check_all(widgets: tuple[Widget, ...], report: Report) -> None:
    """Check the number of metrics and the places of all widgets together."""
    graphed = sum(len(widget.graphed) for widget in widgets)
    if graphed > METRICS_MAX:
        report.refuse("/widgets", f"Should NOT have more than {METRICS_MAX} metrics in all, there are {graphed}")
    for widget in widgets:
        if widget.x is not None and widget.x + widget.width > COLUMNS:
            report.remark(widget.path, f"reaches beyond the {COLUMNS} columns of the grid")
    for index, widget in enumerate(widgets):
        below = [other.path for other in widgets[:index] if widget.overlaps(other)]
        if below:
            others = f" and {len(below) - 1} more" if len(below) > 1 else ""
            report.remark(widget.path, f"overlaps {below[0]}{others}")
