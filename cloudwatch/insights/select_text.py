"""The text of a parsed Metrics Insights query."""

from cloudwatch.insights.select_parser import is_plain
from cloudwatch.insights.select_query import Condition, Named, SelectQuery


def select_text(query: SelectQuery) -> str:
    """Parsing the text gives an equal query."""
    source = _name(query.namespace)
    if query.schema is not None:
        source = f"SCHEMA({', '.join(map(_name, (query.namespace, *query.schema)))})"
    clauses = [f"SELECT {query.function}({_name(query.metric)}) FROM {source}"]  # noqa: S608 - not SQL
    if query.where:
        clauses.append(f"WHERE {' AND '.join(map(_condition, query.where))}")
    if query.group_by:
        clauses.append(f"GROUP BY {', '.join(map(_name, query.group_by))}")
    if query.order_by:
        clauses.append(f"ORDER BY {query.order_by.function}() {'DESC' if query.order_by.descending else 'ASC'}")
    if query.limit is not None:
        clauses.append(f"LIMIT {query.limit}")
    return " ".join(clauses)


def _name(name: Named) -> str:
    return name.text if is_plain(name.text) else _quoted(name.text, '"')


def _condition(condition: Condition) -> str:
    return f"{_name(condition.key)} {'!=' if condition.negated else '='} {_quoted(condition.value.text, chr(39))}"


def _quoted(text: str, mark: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{escaped}{mark}"
