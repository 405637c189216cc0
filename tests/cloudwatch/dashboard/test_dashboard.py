"""Dashboard bodies: the shorthand is expanded, and every metric, expression and alarm is found."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.dashboard.body import Dashboard, NamedAlarm, read_dashboard
from cloudwatch.metric import MetricId

Json = dict[str, Any]

ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:api errors"
CPU = ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"]


def widget(type_: str = "text", **properties: Any) -> Json:
    return {"type": type_, "properties": {"markdown": "Hello"} | properties if type_ == "text" else properties}


def graph(*metrics: Any, **properties: Any) -> Json:
    given_ = {"region": "us-east-1", "metrics": list(metrics)} | properties
    return widget("metric", **{name: value for name, value in given_.items() if value is not None})


def at(x: int, y: int, width: int = 6, height: int = 6) -> Json:
    return widget() | {"x": x, "y": y, "width": width, "height": height}


def line(**annotation: Any) -> Json:
    return graph(CPU, annotations={"horizontal": [annotation]})


def read(*widgets: Any, **body: Any) -> Dashboard:
    return read_dashboard({"widgets": list(widgets)} | body)


def refusals(dashboard: Dashboard) -> list[tuple[str, str]]:
    return [(problem.place, problem.text) for problem in dashboard.problems if problem.is_error]


def remarks(dashboard: Dashboard) -> list[tuple[str, str]]:
    return [(problem.place, problem.text) for problem in dashboard.problems if not problem.is_error]


def named(*metrics: Any) -> list[MetricId]:
    dashboard = read(graph(*metrics))
    assert not dashboard.problems
    return [each.metric for each in dashboard.metrics]


def test_a_metric_has_its_own_settings_else_its_widgets_else_the_defaults() -> None:
    dashboard = read(graph(CPU, [*CPU, {"stat": "p90", "period": 60, "region": "eu-west-1", "id": "m1"}]))
    assert not dashboard.problems
    plain, own = dashboard.metrics
    assert plain.path == "/widgets/0/properties/metrics/0"
    assert plain.metric == MetricId.of("AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"})
    assert (plain.statistic, plain.period, plain.region, plain.id) == ("Average", 300, "us-east-1", None)
    assert (own.statistic, own.period, own.region, own.id) == ("p90", 60, "eu-west-1", "m1")
    (inherited,) = read(graph(CPU, stat="Sum", period=900)).metrics
    assert (inherited.statistic, inherited.period) == ("Sum", 900)


# The example of the reference.
def test_a_dot_repeats_the_same_item_of_the_metric_before() -> None:
    read_bytes = ["AWS/EC2", "DiskReadBytes", "InstanceId"]
    assert named(
        [*read_bytes, "i-xyz"], [".", ".", ".", "i-abc"], [".", ".", ".", "i-123", {"label": "Instance i-123"}]
    ) == [MetricId.of("AWS/EC2", "DiskReadBytes", {"InstanceId": each}) for each in ("i-xyz", "i-abc", "i-123")]


def test_three_dots_repeat_the_leading_items_of_the_metric_before() -> None:
    two = ["Shop", "Latency", "Service", "api", "Route", "/a"]
    assert (
        named(two, ["...", "/b"], ["...", "Service", "web", ".", "/c"], ["..."])
        == [
            MetricId.of("Shop", "Latency", {"Service": service, "Route": route})
            for service, route in (("api", "/a"), ("api", "/b"))
        ]
        + [MetricId.of("Shop", "Latency", {"Service": "web", "Route": "/c"})] * 2
    )


def test_shorthand_ignores_an_expression_in_between() -> None:
    assert named(CPU, [{"expression": "1 + 1"}], [".", "NetworkIn", ".", "."])[1].name == "NetworkIn"


def test_a_metric_may_have_no_dimensions() -> None:
    assert named(["AWS/EC2", "CPUUtilization"], [".", "NetworkIn"])[1] == MetricId("AWS/EC2", "NetworkIn")


@given(st.data(), st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=2), min_size=1, max_size=8))
def test_shorthand_expands_to_the_metrics_that_were_abbreviated(data: st.DataObject, values: list[list[str]]) -> None:
    full = [["Shop", "Latency", "Service", service, "Route", route] for service, route in values]
    short = [full[0]]
    for before, now in pairwise(full):
        dotted = ["." if a == b and data.draw(st.booleans()) else b for a, b in zip(before, now, strict=True)]
        same = next((i for i, (a, b) in enumerate(zip(before, now, strict=True)) if a != b), len(now))
        cut = data.draw(st.integers(0, same))
        short.append(["...", *dotted[cut:]] if data.draw(st.booleans()) else dotted)
    assert named(*short) == [
        MetricId.of("Shop", "Latency", {"Service": service, "Route": route}) for service, route in values
    ]


def test_expressions_are_found_with_their_path() -> None:
    (expression,) = read(graph(CPU, [{"expression": "SUM(METRICS())", "id": "e1", "period": 60}])).expressions
    assert (expression.path, expression.expression) == ("/widgets/0/properties/metrics/1", "SUM(METRICS())")
    assert (expression.id, expression.period, expression.region) == ("e1", 60, "us-east-1")


def test_alarms_of_alarm_widgets_and_annotations_are_found() -> None:
    annotated = graph(metrics=None, annotations={"alarms": [ARN]})
    dashboard = read(widget("alarm", alarms=[ARN, "other"]), annotated)
    assert not dashboard.problems
    assert list(dashboard.alarms) == [
        NamedAlarm("/widgets/0/properties/alarms/0", ARN),
        NamedAlarm("/widgets/0/properties/alarms/1", "other"),
        NamedAlarm("/widgets/1/properties/annotations/alarms/0", ARN),
    ]


def test_text_gives_the_same_dashboard_as_the_parsed_body() -> None:
    body = {"widgets": [graph(CPU)]}
    assert read_dashboard(json.dumps(body)) == read_dashboard(body)
