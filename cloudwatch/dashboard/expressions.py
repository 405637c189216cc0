"""The expressions of a widget, checked together with the ids that they refer to.

PutDashboard does not read expressions: the widget shows an error instead of the graph. So each fault is an error here.
"""

from collections.abc import Iterator
from itertools import count

from cloudwatch.dashboard.body import Widget
from cloudwatch.dashboard.graphed_metrics import Graphed, GraphedExpression
from cloudwatch.metric_math import Query, Selection, ValueKind, resolve, selections
from cloudwatch.notice import Notice, Severity


def expression_faults(widget: Widget) -> Iterator[Notice]:
    """Each fault of an expression of the widget, at its path in the body; ``file`` is empty."""
    named = _named(widget)
    resolution = resolve([_query(name, each) for name, each in named.items()], offline=False)
    hidden = {name for name, each in named.items() if isinstance(each, GraphedExpression) and not each.is_drawn}
    numbers = {name for name, kind in resolution.kinds.items() if kind is ValueKind.SCALAR}
    for problem in resolution.problems:
        if problem.query_id in hidden & numbers:
            continue  # a number may be part of another expression
        place = "" if problem.position is None else f"character {problem.position + 1}: "
        path = f"{named[problem.query_id].path}/0/expression"
        yield Notice(Severity.ERROR, "", path, f"{place}{problem.reason}")


def widget_selections(widget: Widget) -> Iterator[tuple[GraphedExpression, Selection]]:
    """Every SEARCH and every query of Metrics Insights in the widget, with the expression that has it."""
    named = _named(widget)
    resolution = resolve([_query(name, each) for name, each in named.items()], offline=False)
    for name, expression in resolution.expressions.items():
        holder = named[name]
        if isinstance(holder, GraphedExpression):
            yield from ((holder, selection) for selection in selections(expression))


def _named(widget: Widget) -> dict[str, Graphed]:
    """The metrics and expressions by id. An id is optional in a widget: without one, an unused id is assigned."""
    taken = " ".join(f"{each.id} {each.options.get('expression')}" for each in widget.graphed)
    free = (name for number in count(1) if (name := f"unnamed{number}") not in taken)
    return {each.id or next(free): each for each in widget.graphed}


def _query(name: str, each: Graphed) -> Query:
    return Query(name, each.expression if isinstance(each, GraphedExpression) else None, period=each.period)
