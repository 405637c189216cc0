"""The schema of each type of widget.

Source: "Dashboard body structure and syntax" in the CloudWatch API reference. It hardly documents ``custom`` and
``chart`` widgets, so few of their properties are checked.
"""

from collections.abc import Mapping
from typing import Any

from cloudwatch.dashboard.body_schema import (
    Check,
    Report,
    annotation_colour,
    anything,
    boolean,
    check_range,
    colour,
    documented,
    integer,
    items,
    members,
    number,
    one_of,
    period,
    scalar,
    statistic,
    text,
    time,
    time_or_relative,
    time_zone,
)

METRICS_OF_A_WIDGET_MAX = 500
ID = "[a-z][a-zA-Z0-9_]*"
NO_SOURCE = "The metric widget should have specified a region and a data source or an alarm annotation"

_LEGEND = members({"position": one_of("right", "bottom", "hidden")})
_AXIS = members({"min": number, "max": number, "label": text(), "showUnits": boolean})
_LINE = {
    "value": number,
    "label": text(),
    "color": annotation_colour,
    "visible": boolean,
    "yAxis": one_of("left", "right"),
}
_MOMENT = {"value": time, "label": text(), "color": annotation_colour, "visible": boolean}


def _annotation(properties: Mapping[str, Check], *fills: str) -> Check:
    """One line, or a band with two edges."""
    single = members({**properties, "fill": one_of(*fills, "none")}, required=("value",))
    band = items(single, least=2, most=2)

    def check(value: Any, path: str, report: Report) -> None:
        (band if isinstance(value, list) else single)(value, path, report)

    return check


_ANNOTATIONS = members(
    {
        "alarms": items(text(), most=1),
        "horizontal": items(_annotation(_LINE, "above", "below")),
        "vertical": items(_annotation(_MOMENT, "before", "after")),
    }
)
# Contributor Insights. The reference does not list it, but the console writes it.
_INSIGHT_RULE = members(
    {"ruleName": text(), "maxContributorCount": integer(1), "orderBy": one_of("Sum", "Maximum")}, required=("ruleName",)
)
_METRIC = members(
    {
        "accountId": text(),
        "annotations": _ANNOTATIONS,
        "legend": _LEGEND,
        "liveData": boolean,
        "metrics": items(anything, most=METRICS_OF_A_WIDGET_MAX),
        "period": period,
        "region": text(),
        "setPeriodToTimeRange": boolean,
        "singleValueFullPrecision": boolean,
        "sparkline": boolean,
        "stacked": boolean,
        "stat": statistic,
        "table": members(
            {
                "layout": one_of("vertical", "horizontal"),
                "stickySummary": boolean,
                "showTimeSeriesData": boolean,
                "summaryColumns": items(one_of("MIN", "MAX", "SUM", "AVG")),
            }
        ),
        "start": time_or_relative,
        "end": time_or_relative,
        "insightRule": _INSIGHT_RULE,
        "timezone": time_zone,
        "title": text(),
        "trend": boolean,
        "view": one_of("timeSeries", "singleValue", "gauge", "bar", "pie", "table"),
        "yAxis": members({"left": _AXIS, "right": _AXIS}),
    }
)
_TEXT = members({"markdown": text(), "background": one_of("transparent", "solid")}, required=("markdown",))
_LOG = members(
    {
        "accountId": text(),
        "region": text(),
        "title": text(),
        "query": text(),
        "queryLanguage": text(),  # not in the reference; the console and aws-cdk write CWLI, SQL and PPL
        "view": documented("table", "timeSeries", "bar", "pie"),
        "stacked": boolean,
    },
    required=("region", "query"),
)
_ALARM = members(
    {
        "alarms": items(text(), least=1, most=100),
        "sortBy": one_of("default", "stateUpdatedTimestamp", "timestamp"),
        "states": items(one_of("ALARM", "INSUFFICIENT_DATA", "OK")),
        "title": text(),
    },
    required=("alarms",),
)
_EXPLORED = members(
    {"metricName": text(), "resourceType": text(), "stat": statistic}, required=("metricName", "resourceType")
)
_EXPLORER = members(
    {
        "aggregateBy": members({"key": text(), "func": one_of("AVG", "MIN", "MAX", "STDDEV", "SUM")}),
        "labels": items(members({"key": text(), "value": text()}, required=("key",))),
        "metrics": items(_EXPLORED, least=1, most=100),
        "period": period,
        "splitBy": text(),
        "title": text(),
        "widgetOptions": members(
            {
                "legend": _LEGEND,
                "rowsPerPage": integer(1),
                "stacked": boolean,
                "view": one_of("timeSeries", "bar", "pie"),
                "widgetsPerRow": integer(1),
            }
        ),
    },
    required=("labels", "metrics"),
)


def _check_metric_widget(value: Any, path: str, report: Report) -> None:
    _METRIC(value, path, report)
    if not isinstance(value, Mapping):
        return
    check_range(value, path, report)
    annotations = value.get("annotations")
    annotations = annotations if isinstance(annotations, Mapping) else {}
    alarms = annotations.get("alarms")
    has_source = "region" in value and ("metrics" in value or "insightRule" in value)
    if not (has_source or alarms):
        report.refuse(path, NO_SOURCE)
    if alarms and ("metrics" in value or annotations.get("horizontal") or annotations.get("vertical")):
        report.refuse(f"{path}/annotations/alarms", "An alarm excludes metrics and other annotations")
    if value.get("view") == "gauge" and not _has_range(value.get("yAxis")):
        report.refuse(f"{path}/yAxis", "A gauge needs the minimum and the maximum of the left axis")


def _has_range(axes: Any) -> bool:
    left = axes.get("left") if isinstance(axes, Mapping) else None
    return isinstance(left, Mapping) and "min" in left and "max" in left


PROPERTIES: dict[str, Check] = {
    "metric": _check_metric_widget,
    "text": _TEXT,
    "log": _LOG,
    "alarm": _ALARM,
    "explorer": _EXPLORER,
    "custom": members({"endpoint": text(), "params": anything, "title": text(), "updateOn": anything}),
    "chart": anything,
}

# The options of one metric or expression in a widget.
RENDERING = members(
    {
        "accountId": text(),
        "color": colour,
        "expression": text(),
        "id": text(ID),
        "label": text(),
        "period": period,
        "region": text(),
        "stat": statistic,
        "visible": boolean,
        "yAxis": one_of("left", "right"),
    }
)

VARIABLE = members(
    {
        "type": one_of("property", "pattern"),
        "property": text(),
        "pattern": text(),
        "inputType": one_of("input", "select", "radio"),
        "id": text("[0-9A-Za-z_-]{1,32}"),
        "label": text(".{0,30}"),
        "defaultValue": scalar,
        "visible": boolean,
        "search": text("(?s).{0,2048}"),
        "populateFrom": text(),
        "values": items(members({"value": scalar, "label": text()}, required=("value",)), least=1, most=500),
    },
    required=("type", "inputType", "id"),
)
