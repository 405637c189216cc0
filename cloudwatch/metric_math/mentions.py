"""The names in an expression: the ids that it uses, the searches and queries in it, and undocumented operators."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cloudwatch.insights import SelectQuery, SelectRefused, parse_select
from cloudwatch.metric_math.errors import ExpressionError
from cloudwatch.metric_math.syntax import Binary, Call, Expression, Id, InsightsQuery, Number, Text, Unary, postorder
from cloudwatch.search import SearchQuery, SearchRefused, parse_search
from cloudwatch.statistics import parse_statistic


@dataclass(frozen=True, slots=True)
class Selection:
    """A SEARCH or a Metrics Insights query in an expression, which selects metrics by a text.

    ``position`` is the index at which the text of the query begins in the expression. The position of a part of the
    query is relative to it. ``period`` (seconds) is None if the query gives none.
    """

    position: int
    query: SearchQuery | SelectQuery
    statistic: str
    period: int | None = None


def read_selection(node: Expression) -> Selection | None:
    """The selection of one node; None unless the node is a SEARCH with literal texts or a Metrics Insights query.

    Raises ExpressionError if CloudWatch would refuse its text or its statistic.
    """
    match node:
        case InsightsQuery(position=position, text=text):
            try:
                query = parse_select(text)
            except SelectRefused as error:
                raise ExpressionError(position + error.position, error.reason) from error
            return Selection(position, query, query.statistic)
        case Call(function="SEARCH", arguments=(Text() as text, Text() as statistic, *period)):
            return _read_search(text, statistic, period)
        case _:
            return None


def _read_search(text: Text, statistic: Text, period: list[Expression]) -> Selection:
    inside = text.position + 1
    try:
        search = parse_search(text.value)
    except SearchRefused as error:
        raise ExpressionError(inside + error.position, error.reason) from error
    try:
        parse_statistic(statistic.value)
    except ValueError as error:
        raise ExpressionError(statistic.position, str(error)) from error
    seconds = next((int(each.value) for each in period if isinstance(each, Number)), None)
    return Selection(inside, search, statistic.value, seconds)


def selections(root: Expression) -> Iterator[Selection]:
    """Every selection in a checked expression."""
    return (found for node in postorder(root) if (found := read_selection(node)))


def references(root: Expression, metrics: Collection[str]) -> frozenset[str]:
    """The ids that the expression uses. METRICS() stands for ids of ``metrics``."""
    found: set[str] = set()
    for node in postorder(root):
        if isinstance(node, Id):
            found.add(node.name)
        elif isinstance(node, Call) and node.function == "METRICS":
            found.update(selected(node, metrics))
    return frozenset(found)


def selected(call: Call, metrics: Collection[str]) -> list[str]:
    """The ids for which METRICS() stands: all metrics, or those with its string *anywhere* in their id."""
    wanted = [argument.value for argument in call.arguments if isinstance(argument, Text)]
    return [metric for metric in metrics if all(text in metric for text in wanted)]


def undocumented(root: Expression) -> list[tuple[int, str]]:
    """Position and name of each ``%`` and ``!`` (NOT). These operators are computed, but AWS does not document them."""
    operations = (node for node in postorder(root) if isinstance(node, Unary | Binary))
    return sorted((node.position, node.operator) for node in operations if node.operator in ("%", "!"))
