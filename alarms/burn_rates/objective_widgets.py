"""The widgets of an objective on a dashboard: the budget that is left, as a number, and the burn rates, as lines.

A dashboard places them: ``{"type": "metric", "x": 0, …, "objective": "api-availability", "shows": "budget"}``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alarms.burn_rates.event_queries import event_queries
from alarms.burn_rates.objective import Objective, promise_text
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.windows import BURN_RATES, DAY, HOUR, OBJECTIVE_DAYS
from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from alarms.wording import suggestion

Json = dict[str, Any]
OBJECTIVE, SHOWS = "objective", "shows"
RED, ORANGE, GREY = "#d62728", "#ff7f0e", "#7f7f7f"
_BURN_WINDOW = HOUR  # of the line of burn rates: the window that pages first


def with_widgets(
    definitions: Iterable[Definition], objectives: Sequence[ObjectiveFile], variables: Variables
) -> list[Definition]:
    """The definitions, with the properties of the widgets that show an objective. Raises DefinitionError."""
    by_stem = {each.stem: each for each in objectives}
    return [
        _with_widgets(each, by_stem, variables) if each.kind is DefinitionKind.DASHBOARD else each
        for each in definitions
    ]


def _with_widgets(dashboard: Definition, objectives: Mapping[str, ObjectiveFile], variables: Variables) -> Definition:
    body = dashboard.parameters.get("DashboardBody")
    if not isinstance(body, dict) or not isinstance(widgets := body.get("widgets"), list):
        return dashboard  # the check of the call names what is wrong
    shown: dict[str, str] = {}
    completed = []
    for index, widget in enumerate(widgets):
        if isinstance(widget, dict) and OBJECTIVE in widget:
            place = f"{dashboard.file}: {dashboard.place_of('DashboardBody')}.widgets[{index}]"
            read = _named(objectives, widget[OBJECTIVE], f"{place}.{OBJECTIVE}")
            properties = _named(_PROPERTIES, widget.get(SHOWS), f"{place}.{SHOWS}")(read.objective, variables)
            given = {key: value for key, value in widget.items() if key not in (OBJECTIVE, SHOWS)}
            completed.append({**given, "properties": {**properties, **widget.get("properties", {})}})
            shown |= read.assumes
        else:
            completed.append(widget)
    parameters = {**dashboard.parameters, "DashboardBody": {**body, "widgets": completed}}
    return replace(dashboard, parameters=parameters, assumes={**shown, **dashboard.assumes})


def _named(known: Mapping[str, Any], name: Any, place: str) -> Any:
    if name not in known:
        raise DefinitionError([f"{place}: there is no {name!r}{suggestion(str(name), known)}"])
    return known[name]


def _budget(objective: Objective, variables: Variables) -> Json:
    """The part of the budget that the last 28 days left, in percent. It is negative if more was spent."""
    days = OBJECTIVE_DAYS * DAY
    left = f"100 - 100 * (100 * bad / valid) / {float(objective.budget_percent):g}"
    return {
        "view": "singleValue",
        "title": f"Budget left: {promise_text(objective)}",
        "region": variables.get("REGION", ""),
        "start": f"-P{OBJECTIVE_DAYS}D",
        "end": "P0D",
        "setPeriodToTimeRange": True,
        "sparkline": False,
        "metrics": _graphed(objective, days, variables, ("left", left, "% of the budget of 28 days")),
    }


def _burn_rate(objective: Objective, variables: Variables) -> Json:
    """How fast the last hour spends the budget. At 1 the budget lasts exactly 28 days."""
    rate = f"(100 * bad / valid) / {float(objective.budget_percent):g}"
    lines = [
        {
            "label": f"{each.name}: {float(each.factor):.4g}",
            "value": round(float(each.factor), 4),
            "color": RED if each.pages else ORANGE,
        }
        for each in BURN_RATES
    ]
    return {
        "view": "timeSeries",
        "stacked": False,
        "title": f"Burn rate: {promise_text(objective)}",
        "region": variables.get("REGION", ""),
        "metrics": _graphed(objective, _BURN_WINDOW, variables, ("rate", rate, "burn rate of an hour")),
        "yAxis": {"left": {"label": "budgets in 28 days", "min": 0, "showUnits": False}},
        "annotations": {"horizontal": lines},
    }


_PROPERTIES: dict[str, Callable[[Objective, Variables], Json]] = {"budget": _budget, "burn rate": _burn_rate}


def _graphed(objective: Objective, period: int, variables: Variables, shown: tuple[str, str, str]) -> list[list[Any]]:
    """The queries in the form of a widget. ``shown`` is the id, the expression and the label of the visible line."""
    lines: list[list[Any]] = []
    for query in event_queries(objective, period, str(variables["NAMESPACE"])):
        options = {"id": query["Id"], "visible": False}
        if "Expression" in query:
            lines.append([{"expression": query["Expression"], **options}])
        else:
            stat = query["MetricStat"]
            metric = stat["Metric"]
            pairs = [text for pair in metric["Dimensions"] for text in (pair["Name"], pair["Value"])]
            given = {"stat": stat["Stat"], "period": period, **options}
            lines.append([metric["Namespace"], metric["MetricName"], *pairs, given])
    id_, expression, label = shown
    return [[{"expression": expression, "label": label, "id": id_}], *lines]
