"""The dashboards. Source of all rules: the API reference of each operation."""

from collections.abc import Mapping
from typing import Any

from cloudwatch.dashboard.body import name_fault, read_dashboard
from cloudwatch.notice import Notice
from console.console_state import Console, StoredDashboard, moment
from console.operations.tag_operations import tags_of
from console.refusal import INVALID_VALUE, NOT_FOUND, Refusal
from console.result_pages import page_of

DASHBOARDS_A_PAGE = 100
DELETED_MAX = 100


def put_dashboard(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the text as it was given. An accepted body may have remarks."""
    name, body = parameters["DashboardName"], parameters["DashboardBody"]
    if fault := name_fault(name):
        raise Refusal("InvalidParameterInput", f"The name of the dashboard {fault}")
    read = read_dashboard(body)
    if read.refused:
        errors = [problem for problem in read.problems if problem.is_error]
        message = f"The dashboard body is invalid, there are {len(errors)} validation errors: {_text(errors)}"
        raise Refusal("InvalidParameterInput", message, dashboardValidationMessages=_messages(errors))
    tags = tags_of(parameters)
    console.dashboards[name] = StoredDashboard(body, console.clock.now())
    console.tags.setdefault(console.dashboard_arn(name), tags)
    return {"DashboardValidationMessages": _messages(read.problems)}


def _messages(problems: tuple[Notice, ...] | list[Notice]) -> list[dict[str, str]]:
    return [{"DataPath": problem.place, "Message": problem.text} for problem in problems]


def _text(problems: list[Notice]) -> str:
    return "; ".join(f"{problem.place}: {problem.text}" for problem in problems)


def get_dashboard(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    name = parameters["DashboardName"]
    if name not in console.dashboards:
        raise Refusal(NOT_FOUND, f"Dashboard {name} does not exist")
    body = console.dashboards[name].body
    return {"DashboardName": name, "DashboardArn": console.dashboard_arn(name), "DashboardBody": body}


def list_dashboards(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    prefix = parameters.get("DashboardNamePrefix", "")
    names = sorted(name for name in console.dashboards if name.startswith(prefix))
    page, more = page_of(names, parameters.get("NextToken"), DASHBOARDS_A_PAGE)
    return {"DashboardEntries": [_entry(console, name) for name in page], **more}


def _entry(console: Console, name: str) -> dict[str, Any]:
    dashboard = console.dashboards[name]
    return {
        "DashboardName": name,
        "DashboardArn": console.dashboard_arn(name),
        "LastModified": moment(dashboard.modified),
        "Size": len(dashboard.body.encode()),
    }


def delete_dashboards(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ "If there is an error during this call, no dashboards are deleted."""
    names = parameters["DashboardNames"]
    if len(names) > DELETED_MAX:
        raise Refusal(INVALID_VALUE, f"At most {DELETED_MAX} dashboards can be deleted in one call, not {len(names)}.")
    if missing := [name for name in names if name not in console.dashboards]:
        raise Refusal(NOT_FOUND, f"There is no dashboard {', '.join(missing)}.")
    for name in set(names):
        del console.dashboards[name], console.tags[console.dashboard_arn(name)]
    return {}
