"""Dashboard bodies: a problem is reported with its path, and a valid body has no problems."""

from typing import Any

import pytest

from cloudwatch.dashboard.body import name_fault, read_dashboard
from cloudwatch.dashboard.expressions import expression_faults
from tests.cloudwatch.dashboard.test_dashboard import ARN, CPU, Json, at, graph, line, read, refusals, remarks, widget

EXPLORED = {"metricName": "CPUUtilization", "resourceType": "AWS::EC2::Instance", "stat": "Average"}


@pytest.mark.parametrize(
    ("metric", "place", "message"),
    [
        (["AWS/EC2"], "", "less than 2 items"),
        (["AWS/EC2", "CPUUtilization", "InstanceId"], "", "'InstanceId' has no value"),
        ([*CPU, "InstanceId", "i-2"], "", "twice"),
        ([], "", "NOT be empty"),
        ("AWS/EC2", "", "Should be array"),
        (["AWS/Lambda", "Duration", {"stat": "Sum"}, {"FunctionName": "f"}], "/2", 'only "String" type'),
        (["AWS/EC2", "CPUUtilization", "InstanceId", 5], "/3", 'only "String" type'),
        ([".", "CPUUtilization"], "", "'.' as item 0"),
        (["..."], "/0", "'...' has no metric before it"),
        ([*CPU, {"stat": "Avg"}], "/4/stat", "statistic"),
        ([*CPU, {"period": 45}], "/4/period", "multiple of 60"),
        ([*CPU, {"color": "red"}], "/4/color", "hex colour"),
        ([*CPU, {"yAxis": "top"}], "/4/yAxis", "allowed values"),
        ([*CPU, {"id": "M1"}], "/4/id", "pattern"),
        ([*CPU, {"visible": "no"}], "/4/visible", "boolean"),
        ([{"expression": 5}], "/0/expression", "string"),
        (["AWS/EC2", {"expression": "m1"}], "", "must be alone"),
    ],
)
def test_a_faulty_metric_is_refused_with_its_path(metric: Any, place: str, message: str) -> None:
    dashboard = read(graph(metric))
    assert any(
        path == f"/widgets/0/properties/metrics/0{place}" and message in said for path, said in refusals(dashboard)
    )


def test_shorthand_with_too_many_items_is_refused() -> None:
    assert refusals(read(graph(CPU, ["...", *"abcde"])))[0][0] == "/widgets/0/properties/metrics/1/0"
    assert refusals(read(graph(CPU, [".", ".", ".", ".", ".", "x"])))[0][0] == "/widgets/0/properties/metrics/1"


def test_a_duplicate_id_is_refused_at_both_places() -> None:
    twice = refusals(read(graph([*CPU, {"id": "m1"}], [".", "NetworkIn", ".", ".", {"id": "m1"}])))
    assert [path for path, _ in twice] == [f"/widgets/0/properties/metrics/{index}" for index in (0, 1)]


def test_a_setting_of_the_wrong_type_is_refused_and_replaced_by_the_default() -> None:
    dashboard = read(graph([*CPU, {"stat": 5, "period": "60", "id": 7}]))
    (metric,) = dashboard.metrics
    assert dashboard.refused
    assert (metric.statistic, metric.period, metric.id) == ("Average", 300, None)


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        ({}, "", "Should have required property 'widgets'"),
        ([], "", "Should be object"),
        ({"widgets": {}}, "/widgets", "Should be array"),
        ({"widgets": [5]}, "/widgets/0", "Should be object"),
        ({"widgets": [{"properties": {}}]}, "/widgets/0", "required property 'type'"),
        ({"widgets": [{"type": "text"}]}, "/widgets/0", "required property 'properties'"),
        ({"widgets": [widget("graph")]}, "/widgets/0/type", "allowed values"),
        ({"widgets": [widget() | {"x": 0}]}, "/widgets/0", "required property 'y'"),
        ({"widgets": [widget() | {"y": 0}]}, "/widgets/0", "required property 'x'"),
        ({"widgets": [at(24, 0)]}, "/widgets/0/x", "Should be <= 23"),
        ({"widgets": [at(0, -1)]}, "/widgets/0/y", "Should be >= 0"),
        ({"widgets": [at(0, 0, width=25)]}, "/widgets/0/width", "Should be <= 24"),
        ({"widgets": [at(0, 0, height=1001)]}, "/widgets/0/height", "Should be <= 1000"),
        ({"widgets": [at(0, 0, height=0)]}, "/widgets/0/height", "Should be >= 1"),
        ({"widgets": [widget() | {"width": 6.5}]}, "/widgets/0/width", "Should be integer"),
        ({"widgets": [widget()] * 501}, "/widgets", "more than 500 items"),
        ({"widgets": [], "periodOverride": "always"}, "/periodOverride", "allowed values"),
        ({"widgets": [], "start": "6h"}, "/start", "ISO 8601"),
        ({"widgets": [], "variables": [{}] * 26}, "/variables", "more than 25 items"),
        ({"widgets": [], "variables": [{"type": "property", "inputType": "input"}]}, "/variables/0", "'id'"),
    ],
)
def test_a_fault_in_the_structure_of_a_body_is_refused_with_its_path(body: Any, place: str, message: str) -> None:
    assert any(path == place and message in said for path, said in refusals(read_dashboard(body)))


@pytest.mark.parametrize(
    ("wrong", "place", "message"),
    [
        (widget("text", markdown=5), "/markdown", "string"),
        ({"type": "text", "properties": {}}, "", "required property 'markdown'"),
        ({"type": "text", "properties": []}, "", "Should be object"),
        (widget("text", background="red"), "/background", "allowed values"),
        (widget("log", query="fields @message"), "", "required property 'region'"),
        (widget("log", region="us-east-1"), "", "required property 'query'"),
        (widget("alarm", alarms=[]), "/alarms", "Should NOT have less than 1 items"),
        (widget("alarm"), "", "required property 'alarms'"),
        (widget("alarm", alarms=[ARN] * 101), "/alarms", "more than 100 items"),
        (widget("alarm", alarms=[ARN], sortBy="name"), "/sortBy", "allowed values"),
        (widget("alarm", alarms=[ARN], states=["BAD"]), "/states/0", "allowed values"),
        (widget("explorer", labels=[]), "", "required property 'metrics'"),
        (graph(metrics=None), "", "a region and a data source or an alarm annotation"),
        (graph(CPU, region=None), "", "a region and a data source or an alarm annotation"),
        (graph(*[CPU] * 501), "/metrics", "more than 500 items"),
        (graph(CPU, stat="Avg"), "/stat", "statistic"),
        (graph(CPU, period=90), "/period", "multiple of 60"),
        (graph(CPU, view="line"), "/view", "allowed values"),
        (graph(CPU, stacked="no"), "/stacked", "boolean"),
        (graph(CPU, timezone=1), "/timezone", "string"),
        (graph(metrics=None, insightRule={"orderBy": "Sum"}), "/insightRule", "required property 'ruleName'"),
        (graph([*CPU[:2], *(f"D{index}" for index in range(62))]), "/metrics/0", "more than 30 dimensions"),
        (graph(CPU, legend={"position": "top"}), "/legend/position", "allowed values"),
        (graph(CPU, yAxis={"left": {"min": "0"}}), "/yAxis/left/min", "number"),
        (graph(CPU, view="gauge"), "/yAxis", "gauge"),
        (graph(CPU, view="gauge", yAxis={"left": {"min": 0}}), "/yAxis", "gauge"),
        (graph(CPU, annotations={"alarms": [ARN]}), "/annotations/alarms", "excludes metrics"),
        (graph(metrics=None, annotations={"alarms": [ARN, ARN]}), "/annotations/alarms", "more than 1 items"),
        (line(label="x"), "/annotations/horizontal/0", "'value'"),
        (line(value=1, color=5), "/annotations/horizontal/0/color", "string"),
        (widget("log", region="us-east-1", query="fields @message", view=5), "/view", "string"),
        (line(value=1, fill="after"), "/annotations/horizontal/0/fill", "allowed"),
        (graph(CPU, annotations={"horizontal": [[{"value": 1}]]}), "/annotations/horizontal/0", "less than 2 items"),
        (
            graph(CPU, annotations={"horizontal": [[{"value": 1}] * 3]}),
            "/annotations/horizontal/0",
            "more than 2 items",
        ),
        (widget("explorer", labels=[], metrics=[]), "/metrics", "less than 1 items"),
        (widget("explorer", labels=[], metrics=[EXPLORED] * 101), "/metrics", "more than 100 items"),
        (graph(CPU, annotations={"vertical": [{"value": 5}]}), "/annotations/vertical/0/value", "ISO 8601"),
    ],
)
def test_a_fault_in_a_widget_is_refused_with_its_path(wrong: Json, place: str, message: str) -> None:
    found = refusals(read(wrong))
    assert any(path == f"/widgets/0/properties{place}" and message in said for path, said in found)


@pytest.mark.parametrize(
    "right",
    [
        widget(background="transparent"),
        widget("log", region="us-east-1", query="fields @message", view="table"),
        widget("log", region="us-east-1", query="SELECT `@message` FROM `logs`", queryLanguage="SQL"),
        widget("alarm", alarms=[ARN], states=["ALARM"], sortBy="timestamp", title="Alarms"),
        widget("custom", endpoint="arn:aws:lambda:us-east-1:123456789012:function:f"),
        widget(
            "explorer",
            metrics=[EXPLORED] * 100,
            labels=[{"key": "State", "value": "running"}],
            widgetOptions={"view": "timeSeries", "rowsPerPage": 8},
        ),
        graph(CPU, view="gauge", yAxis={"left": {"min": 0, "max": 100}}),
        graph(CPU, period=10),
        graph(CPU, timezone="-0500", start="-PT3H"),
        graph(metrics=None, insightRule={"ruleName": "top", "maxContributorCount": 10, "orderBy": "Sum"}),
        graph(metrics=None, region=None, annotations={"alarms": [ARN]}),
        graph(CPU, annotations={"horizontal": [{"value": 20, "color": "#9467bd", "fill": "above", "yAxis": "right"}]}),
        graph(CPU, annotations={"horizontal": [[{"value": 200, "color": "#aaa"}, {"value": 95.5, "label": "bottom"}]]}),
        graph(CPU, annotations={"vertical": [{"value": "2018-08-28T15:25:26Z", "fill": "after"}]}),
        graph(),
    ],
)
def test_a_widget_of_the_reference_is_accepted(right: Json) -> None:
    assert read(right).problems == ()


@pytest.mark.parametrize(
    "start", ["-PT5M", "-PT8H", "-P7D", "-P2W", "-P3M", "-PT1H30M", "-P1DT12H", "-P0DT6H0M0S", "-PT300S"]
)
@pytest.mark.parametrize("end", [{}, {"end": "P0D"}, {"end": "PT0H"}, {"end": "-PT1M"}])
def test_a_dashboard_and_a_graph_may_have_a_range_relative_to_now(start: str, end: Json) -> None:
    assert read(start=start, **end).problems == ()
    assert read(graph(CPU, start=start, **end)).problems == ()


@pytest.mark.parametrize("moment", ["PT3H", "P1D", "-P", "-PT", "-3H", "-P1H", "-PT1D", "-P1DT", "P", "now", 3, None])
def test_a_time_that_is_neither_absolute_nor_before_now_is_refused(moment: Any) -> None:
    for name in ("start", "end"):
        found = refusals(read(graph(CPU, **{"start": "-PT3H", name: moment or ""})))
        assert [path for path, _ in found] == [f"/widgets/0/properties/{name}"]


def test_a_dashboard_may_have_an_absolute_range_and_variables() -> None:
    variable = {
        "type": "property",
        "property": "region",
        "inputType": "select",
        "id": "region",
        "label": "Region",
        "defaultValue": "us-east-1",
        "values": [{"label": "IAD", "value": "us-east-1"}],
    }
    body = {"start": "2018-12-17T06:00:00.000Z", "end": "2018-12-18T06:00:00.000Z", "variables": [variable]}
    assert read(**body, periodOverride="inherit").problems == ()


def test_all_widgets_together_have_at_most_2500_metrics() -> None:
    assert not read(*[graph(*[CPU] * 500)] * 5).refused
    (problem,) = refusals(read(*[graph(*[CPU] * 500)] * 5, graph(CPU)))
    assert problem == ("/widgets", "Should NOT have more than 2500 metrics in all, there are 2501")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"widgets": [graph(CPU, timezone="UTC")]}, "/widgets/0/properties/timezone"),
        ({"widgets": [graph(CPU, timezone="Local")]}, "/widgets/0/properties/timezone"),
        ({"widgets": [], "end": "2024-01-01T00:00:00Z"}, "/end"),
        ({"widgets": [], "start": "-PT6H", "end": "2024-01-01T00:00:00Z"}, "/end"),
        ({"widgets": [], "end": "P0D"}, "/end"),
        ({"widgets": [line(value=1, color="red")]}, "/widgets/0/properties/annotations/horizontal/0/color"),
        (
            {"widgets": [widget("log", region="us-east-1", query="fields @message", view="stackedArea")]},
            "/widgets/0/properties/view",
        ),
        ({"widgets": [graph(CPU, end="2024-01-01T00:00:00Z")]}, "/widgets/0/properties/end"),
    ],
)
def test_what_put_dashboard_takes_against_its_reference_is_a_remark(body: Any, place: str) -> None:
    dashboard = read_dashboard(body)
    assert not dashboard.refused
    assert [path for path, _ in remarks(dashboard)] == [place]


@pytest.mark.parametrize("name", ["anb.main", "anb main", "", "x" * 256, "años"])
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    assert "A-Z, a-z, 0-9, - and _" in name_fault(name)


@pytest.mark.parametrize("name", ["anb-main", "A_9", "x" * 255])
def test_a_name_of_letters_digits_hyphens_and_underscores_is_taken(name: str) -> None:
    assert name_fault(name) == ""


@pytest.mark.parametrize(
    ("metrics", "faults"),
    [
        ([[*CPU, {"id": "m1"}], [{"expression": "m1 * 2"}]], []),
        ([[*CPU, {"id": "m1"}], [{"expression": "m2 * 2", "id": "e1"}]], [("1", "character 1: unknown id 'm2'")]),
        ([[{"expression": "e2 + 1", "id": "e1"}], [{"expression": "e1 + 1", "id": "e2"}]], [("0", "a circle of")]),
        ([[*CPU, {"id": "m1"}], [{"expression": "AVG(m1)", "id": "e1"}]], [("1", "the result is a number")]),
        (
            [
                [*CPU, {"id": "m1"}],
                [{"expression": "AVG(m1)", "id": "e1", "visible": False}],
                [{"expression": "m1-e1"}],
            ],
            [],
        ),
        ([[*CPU], [{"expression": "unnamed1 + 1"}]], [("1", "unknown id 'unnamed1'")]),
        ([[*CPU, {"id": "unnamed1"}], [{"expression": "1 +"}], [{"expression": "("}]], [("1", ""), ("2", "")]),
    ],
)
def test_expressions_of_a_widget_are_checked_together(metrics: list[Any], faults: list[tuple[str, str]]) -> None:
    (graphed,) = read(graph(*metrics)).widgets
    found = list(expression_faults(graphed))
    assert [fault.place.split("/")[5] for fault in found] == [index for index, _ in faults]
    assert all(part in fault.text for fault, (_, part) in zip(found, faults, strict=True))


def test_overlapping_widgets_give_a_remark_and_are_not_refused() -> None:
    dashboard = read(at(0, 0), at(5, 5), at(6, 0), at(0, 11, 24))
    assert not dashboard.refused
    assert remarks(dashboard) == [
        ("/widgets/1", "overlaps /widgets/0"),
        ("/widgets/2", "overlaps /widgets/1"),
    ]


def test_a_widget_that_overlaps_many_others_gives_one_remark() -> None:
    assert remarks(read(at(0, 0), at(0, 0), at(0, 0), at(0, 0))) == [
        ("/widgets/1", "overlaps /widgets/0"),
        ("/widgets/2", "overlaps /widgets/0 and 1 more"),
        ("/widgets/3", "overlaps /widgets/0 and 2 more"),
    ]


def test_widgets_that_touch_or_have_no_place_do_not_overlap() -> None:
    assert read(at(0, 0), at(6, 0), at(0, 6), widget(), widget()).problems == ()


def test_widgets_of_default_size_can_overlap() -> None:
    assert remarks(read(widget() | {"x": 0, "y": 0}, widget() | {"x": 5, "y": 5})) == [
        ("/widgets/1", "overlaps /widgets/0")
    ]
    assert read(widget() | {"x": 0, "y": 0}, at(6, 0), at(0, 6)).problems == ()


def test_a_widget_beyond_the_grid_gives_a_remark() -> None:
    assert remarks(read(at(18, 0, 7))) == [("/widgets/0", "reaches beyond the 24 columns of the grid")]
    assert read(at(18, 0, 6)).problems == ()


def test_an_undocumented_property_gives_a_remark() -> None:
    assert remarks(read(graph(CPU, titel="CPU"))) == [
        ("/widgets/0/properties/titel", "is not a property that CloudWatch documents")
    ]


def test_a_faulty_widget_does_not_hide_the_metrics_of_the_others() -> None:
    dashboard = read({"type": "graph", "properties": {}}, graph(CPU))
    assert dashboard.refused
    assert [each.path for each in dashboard.metrics] == ["/widgets/1/properties/metrics/0"]


@pytest.mark.parametrize("body", ["{", "", "[" * 100_000, "null"])
def test_text_that_is_not_a_dashboard_is_refused_as_a_whole(body: str) -> None:
    assert refusals(read_dashboard(body))[0][0] == ""
