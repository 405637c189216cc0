"""Widgets of objectives: a dashboard names the objective and what to show, and gets metrics, thresholds and range."""

from fractions import Fraction
from typing import Any

import pytest

from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.objective_widgets import with_widgets
from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from alarms.definition_reading import read_objectives
from cloudwatch.dashboard.body import Widget, read_dashboard
from cloudwatch.dashboard.expressions import expression_faults
from cloudwatch.dashboard.graphed_metrics import GraphedMetric
from cloudwatch.emf import Datapoint
from cloudwatch.metric_math import Query, evaluate_queries
from cloudwatch.series import Series
from cloudwatch.store import MetricStore
from tests.alarms.burn_rates.naive_promises import PROMISES, spent_share
from tests.alarms.burn_rates.published_events import EVENTS

ALL = ["api-availability", "api-latency", "clips-processed", "uploads-published"]
PERIOD = 28 * 24 * 3600


@pytest.fixture(scope="module")
def objectives(variables: Variables) -> list[ObjectiveFile]:
    return read_objectives(variables)


def completed(widget: dict[str, Any], objectives: list[ObjectiveFile], variables: Variables) -> Definition:
    parameters = {"DashboardName": "d", "DashboardBody": {"widgets": [{"type": "metric", **widget}]}}
    dashboard = Definition(DefinitionKind.DASHBOARD, "d.json", {}, {}, parameters, place="put_dashboard")
    (found,) = with_widgets([dashboard], objectives, variables)
    return found


def read(definition: Definition) -> Widget:
    dashboard = read_dashboard(definition.parameters["DashboardBody"])
    assert dashboard.problems == ()
    (widget,) = dashboard.widgets
    return widget


@pytest.mark.parametrize("shows", ["budget", "burn rate", "good share"])
@pytest.mark.parametrize("names", [ALL[:1], ALL], ids=["one", "all"])
def test_a_widget_draws_one_line_for_each_objective_and_its_expressions_are_valid(
    names: list[str], shows: str, objectives: list[ObjectiveFile], variables: Variables
) -> None:
    widget = read(completed({"objectives": names, "shows": shows}, objectives, variables))
    assert list(expression_faults(widget)) == []
    drawn = [each.options["label"] for each in widget.graphed if each.options.get("visible") is not False]
    assert drawn == names


def test_a_good_share_is_green_above_the_promise_and_red_where_the_fast_burn_rate_pages(
    objectives: list[ObjectiveFile], variables: Variables
) -> None:
    widget = read(completed({"objectives": ["api-availability"], "shows": "good share"}, objectives, variables))
    green, (low, high), red = widget.properties["annotations"]["horizontal"]
    assert (green["value"], green["fill"]) == (high["value"], "above") == (99.5, "above")
    assert (red["value"], red["fill"]) == (low["value"], "below") == (93.28, "below")


def test_a_widget_keeps_its_place_and_its_own_properties(objectives: list[ObjectiveFile], variables: Variables) -> None:
    given = {"x": 3, "y": 4, "objectives": ALL[:1], "shows": "budget", "properties": {"title": "Left"}}
    widget = read(completed(given, objectives, variables))
    assert (widget.x, widget.y, widget.properties["title"]) == (3, 4, "Left")


def test_the_dashboard_assumes_the_units_of_its_objectives(
    objectives: list[ObjectiveFile], variables: Variables
) -> None:
    found = completed({"objectives": ["api-availability"], "shows": "budget"}, objectives, variables)
    assert found.assumes == {"ServerErrors": "Count"}


def value_of(definition: Definition, store: MetricStore) -> float | None:
    """The value of the visible line over the first 28 days of the epoch."""
    entries = read(definition).graphed
    queries = [Query(each.options["id"], each.options.get("expression"), period=PERIOD) for each in entries]
    metrics = {
        each.options["id"]: Series(0, PERIOD, tuple(store.values(each.metric, each.statistic, [(0, PERIOD)])))
        for each in entries
        if isinstance(each, GraphedMetric)
    }
    (shown,) = [each.options["id"] for each in entries if each.options.get("visible", True)]
    result = evaluate_queries(queries, metrics, period=PERIOD, start=0, end=PERIOD)[shown]
    assert isinstance(result, Series)
    return result.values[0]


def store_of(stem: str, good: int, bad: int) -> MetricStore:
    """The metrics of good and bad events, which are spread over all publishers."""
    store = MetricStore()
    for events, number in ((EVENTS[stem].good, good), (EVENTS[stem].bad, bad)):
        for index in range(number):
            for metric, value in events[index % len(events)].items():
                store.add(Datapoint(metric, "None", 0, (value,)))
    return store


@pytest.mark.parametrize(("good", "bad"), [(1_000, 0), (999, 1), (4_975, 25), (0, 1_000), (2, 1)])
@pytest.mark.parametrize("stem", ALL)
def test_the_values_are_those_of_the_naive_promise(
    stem: str, good: int, bad: int, objectives: list[ObjectiveFile], variables: Variables
) -> None:
    """What a whole period of 28 days spends of its budget is its burn rate, too."""
    store, valid = store_of(stem, good, bad), good + bad
    spent = float(spent_share(bad, Fraction(valid), PROMISES[stem].target))
    values = {"budget": 100 - 100 * spent, "burn rate": spent, "good share": 100 - 100 * bad / valid}
    for shows, value in values.items():
        widget = completed({"objectives": [stem], "shows": shows}, objectives, variables)
        assert value_of(widget, store) == pytest.approx(value), shows


@pytest.mark.parametrize("shows", ["budget", "burn rate", "good share"])
def test_without_events_there_is_no_value(shows: str, objectives: list[ObjectiveFile], variables: Variables) -> None:
    widget = completed({"objectives": ["api-latency"], "shows": shows}, objectives, variables)
    assert value_of(widget, MetricStore()) is None


@pytest.mark.parametrize(
    ("widget", "problem"),
    [
        ({"objectives": "api-latency", "shows": "budget"}, "objectives: is not a list of objectives"),
        ({"objectives": [], "shows": "budget"}, "objectives: is not a list of objectives"),
        ({"objectives": [{}], "shows": "budget"}, "objectives: there is no {}"),
        ({"objectives": ["api-latency"]}, "shows: there is no None"),
        ({"objectives": ["api-latency"], "shows": "budget", "properties": "wide"}, "properties: is not a JSON object"),
    ],
)
def test_a_widget_of_another_form_is_refused_with_its_place(
    widget: dict[str, Any], problem: str, objectives: list[ObjectiveFile], variables: Variables
) -> None:
    with pytest.raises(DefinitionError) as caught:
        completed(widget, objectives, variables)
    assert caught.value.problems == [f"d.json: put_dashboard.DashboardBody.widgets[0].{problem}"]


@pytest.mark.parametrize(
    ("objective", "shows", "fault"),
    [
        ("api-availablity", "budget", "widgets[0].objectives: there is no 'api-availablity'; did you mean api-"),
        ("api-latency", "buget", "widgets[0].shows: there is no 'buget'; did you mean budget?"),
    ],
)
def test_an_unknown_name_is_refused_with_its_place(
    objective: str, shows: str, fault: str, objectives: list[ObjectiveFile], variables: Variables
) -> None:
    with pytest.raises(DefinitionError) as found:
        completed({"objectives": [objective], "shows": shows}, objectives, variables)
    assert fault in str(found.value)
