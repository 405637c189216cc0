"""The widgets of objectives on a dashboard: the budget that is left, the burn rate, and the share of good events.

A dashboard places them, for one objective or for several together::

    {"type": "metric", "x": 0, …, "objectives": ["api-availability", "api-latency"], "shows": "budget"}

Properties that the widget gives itself, for example its title, replace those that are made here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alarms.burn_rates.event_queries import event_queries
from alarms.burn_rates.objective_files import ObjectiveFile
from alarms.burn_rates.windows import BURN_RATES, DAY, FAST, HOUR, OBJECTIVE_DAYS
from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from alarms.wording import suggestion

Json = dict[str, Any]
OBJECTIVES, SHOWS = "objectives", "shows"
GREEN, ORANGE, RED = "#2ca02c", "#ff7f0e", "#d62728"
_BURN_WINDOW = FAST.short.seconds  # it shows the beginning and the end of an incident at once


def with_widgets(
    definitions: Iterable[Definition], objectives: Sequence[ObjectiveFile], variables: Variables
) -> list[Definition]:
    """The definitions, with the properties of the widgets that show objectives. Raises DefinitionError."""
    by_stem = {each.stem: each for each in objectives}
    return [
        _with_widgets(each, by_stem, variables) if each.kind is DefinitionKind.DASHBOARD else each
        for each in definitions
    ]


def names_objectives(definition: Definition) -> bool:
    """Whether the definition is a dashboard with a widget that shows objectives."""
    return any(isinstance(widget, dict) and OBJECTIVES in widget for widget in _widgets(definition))


def _widgets(definition: Definition) -> list[Any]:
    """The widgets of a dashboard as written. The check of the call names what is wrong with them."""
    body = definition.parameters.get("DashboardBody")
    widgets = body.get("widgets") if isinstance(body, dict) else None
    return widgets if isinstance(widgets, list) else []


def _with_widgets(dashboard: Definition, objectives: Mapping[str, ObjectiveFile], variables: Variables) -> Definition:
    if not names_objectives(dashboard):
        return dashboard
    shown: dict[str, str] = {}
    completed = []
    for index, widget in enumerate(_widgets(dashboard)):
        if isinstance(widget, dict) and OBJECTIVES in widget:
            place = f"{dashboard.file}: {dashboard.place_of('DashboardBody')}.widgets[{index}]"
            names = _names(widget[OBJECTIVES], f"{place}.{OBJECTIVES}")
            read = [_named(objectives, name, f"{place}.{OBJECTIVES}") for name in names]
            properties = _named(_PROPERTIES, widget.get(SHOWS), f"{place}.{SHOWS}")(read, variables)
            given = {key: value for key, value in widget.items() if key not in (OBJECTIVES, SHOWS)}
            own = _object(widget.get("properties", {}), f"{place}.properties")
            completed.append({**given, "properties": {**properties, **own}})
            shown |= {name: unit for each in read for name, unit in each.assumes.items()}
        else:
            completed.append(widget)
    body = {**dashboard.parameters["DashboardBody"], "widgets": completed}
    parameters = {**dashboard.parameters, "DashboardBody": body}
    return replace(dashboard, parameters=parameters, assumes={**shown, **dashboard.assumes})


def _named(known: Mapping[str, Any], name: Any, place: str) -> Any:
    if not isinstance(name, str) or name not in known:
        raise DefinitionError([f"{place}: there is no {name!r}{suggestion(str(name), known)}"])
    return known[name]


def _names(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise DefinitionError([f"{place}: is not a list of objectives"])
    return value


def _object(value: Any, place: str) -> Json:
    if not isinstance(value, dict):
        raise DefinitionError([f"{place}: is not a JSON object"])
    return value


def _budget(read: Sequence[ObjectiveFile], variables: Variables) -> Json:
    """The part of the budget that the last 28 days left, in percent. It is negative if more was spent."""
    return {
        "view": "singleValue",
        "title": f"Budget left of {OBJECTIVE_DAYS} days, %",
        "region": variables.get("REGION", ""),
        **_whole_range(f"-P{OBJECTIVE_DAYS}D"),
        "metrics": _graphed(read, OBJECTIVE_DAYS * DAY, variables, "100 - 100 * {spent}"),
    }


def _burn_rate(read: Sequence[ObjectiveFile], variables: Variables) -> Json:
    """How fast the last minutes spend the budget. At 1 the budget lasts exactly 28 days."""
    lines = [
        {
            "label": f"{'page' if each.pages else 'ticket'} ({each.name}): {float(each.factor):.4g}",
            "value": round(float(each.factor), 4),
            "color": RED if each.pages else ORANGE,
        }
        for each in BURN_RATES
    ]
    return {
        "view": "timeSeries",
        "stacked": False,
        "title": "How fast are the budgets spent?",
        "region": variables.get("REGION", ""),
        "metrics": _graphed(read, _BURN_WINDOW, variables, "{spent}"),
        "yAxis": {"left": {"label": "budgets in 28 days", "min": 0, "showUnits": False}},
        "annotations": {"horizontal": lines},
    }


def _good_share(read: Sequence[ObjectiveFile], variables: Variables) -> Json:
    """The share of good events of the last hour, in percent.

    Green keeps the promise. Red is a share at which the fast burn rate pages.
    """
    promised = max(each.objective.target_percent for each in read)
    paging = max(100 - each.objective.threshold_percent(FAST) for each in read)
    between = [{"value": paging, "color": ORANGE}, {"value": promised, "label": "below the promise"}]
    return {
        "view": "gauge",
        "title": "Good of the last hour, %",
        "region": variables.get("REGION", ""),
        **_whole_range("-PT1H"),
        "metrics": _graphed(read, HOUR, variables, "100 - 100 * {bad} / {valid}"),
        "yAxis": {"left": {"min": 0, "max": 100}},
        "annotations": {
            "horizontal": [
                {"value": promised, "color": GREEN, "label": "promised", "fill": "above"},
                between,
                {"value": paging, "color": RED, "label": "pages", "fill": "below"},
            ]
        },
    }


_PROPERTIES: dict[str, Callable[[Sequence[ObjectiveFile], Variables], Json]] = {
    "budget": _budget,
    "burn rate": _burn_rate,
    "good share": _good_share,
}


def _whole_range(start: str) -> Json:
    """One value over the whole time since ``start``, whatever range the dashboard shows."""
    return {"start": start, "end": "P0D", "setPeriodToTimeRange": True, "sparkline": False}


def _graphed(read: Sequence[ObjectiveFile], period: int, variables: Variables, shown: str) -> list[list[Any]]:
    """The queries in the form of a widget, with one visible line for each objective, labelled with its name.

    ``shown`` is the expression of the line. In it ``{bad}`` and ``{valid}`` stand for the numbers of events, and
    ``{spent}`` for the share of bad events divided by the budget.
    """
    lines: list[list[Any]] = []
    hidden: list[list[Any]] = []
    for number, each in enumerate(read, start=1):
        prefix = f"o{number}_" if len(read) > 1 else ""
        bad, valid, budget = f"{prefix}bad", f"{prefix}valid", f"{float(each.objective.budget_percent):g}"
        expression = shown.format(bad=bad, valid=valid, spent=f"(100 * {bad} / {valid}) / {budget}")
        lines.append([{"expression": expression, "label": each.stem, "id": f"{prefix}shown", "period": period}])
        queries = event_queries(each.objective, period, str(variables["NAMESPACE"]), prefix)
        hidden += [_hidden(query) for query in queries]
    return [*lines, *hidden]


def _hidden(query: Json) -> list[Any]:
    """A query of an alarm, as an entry of a widget that draws no line."""
    options = {"id": query["Id"], "visible": False}
    if "Expression" in query:
        return [{"expression": query["Expression"], **options}]
    stat = query["MetricStat"]
    metric = stat["Metric"]
    pairs = [text for pair in metric["Dimensions"] for text in (pair["Name"], pair["Value"])]
    return [
        metric["Namespace"],
        metric["MetricName"],
        *pairs,
        {"stat": stat["Stat"], "period": stat["Period"], **options},
    ]
