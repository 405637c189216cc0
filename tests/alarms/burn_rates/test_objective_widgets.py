"""Widgets of objectives: a dashboard names the objective and what to show, and gets metrics, thresholds and range."""

from typing import Any

import pytest

from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.objective_widgets import with_widgets
from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from alarms.definition_reading import read_objectives
from cloudwatch.dashboard.body import Widget, read_dashboard
from cloudwatch.dashboard.expressions import expression_faults

ALL = ["api-availability", "api-latency", "clips-processed", "uploads-published"]


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
