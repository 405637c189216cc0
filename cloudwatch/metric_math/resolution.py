"""Parses and checks queries that refer to each other, and finds an order in which they can be computed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from cloudwatch.metric_math.checking import check
from cloudwatch.metric_math.errors import ExpressionError, QueryError
from cloudwatch.metric_math.expression_parser import parse
from cloudwatch.metric_math.mentions import references
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.syntax import Expression

QUERIES_MAX = 500  # GetMetricData
_ID = re.compile(r"[a-z]\w{0,254}", re.ASCII)  # MetricId of the CloudWatch API
_NUMBER = "the result is a number, it must be a time series; TIME_SERIES() makes one of it"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The ids of the metrics in their order, and the expressions that are not refused, by id.

    ``expressions`` and ``kinds`` have each expression after the ones that it refers to.
    """

    metrics: tuple[str, ...]
    expressions: Mapping[str, Expression]
    kinds: Mapping[str, ValueKind]
    problems: tuple[QueryError, ...]


def resolve(queries: Sequence[Query], *, offline: bool = True) -> Resolution:
    """Parse and check the queries. With ``offline`` false, remote functions like SEARCH are allowed (see ``check``)."""
    metrics = tuple(query.id for query in queries if query.expression is None)
    problems = list(_problems_of_ids(queries))
    expressions = _parse_all(queries, problems)
    order = _order(expressions, problems)
    kinds: dict[str, ValueKind] = {}
    refused = {query.id for query in queries if query.expression is not None} - expressions.keys()
    for name in order:
        if references(expressions[name], ()) & refused:
            refused.add(name)  # the problem of the expression is already recorded
            continue
        try:
            kinds[name] = check(expressions[name], metrics, kinds, offline=offline)
        except ExpressionError as error:
            refused.add(name)
            problems.append(QueryError.within(name, error))
    problems += [QueryError(name, _NUMBER) for name, kind in kinds.items() if kind is ValueKind.SCALAR]
    return Resolution(metrics, {name: expressions[name] for name in kinds}, kinds, tuple(problems))


def query_problems(queries: Sequence[Query], *, offline: bool = True) -> list[str]:
    """A sentence for each reason why GetMetricData or a widget would refuse the queries; empty if there is none."""
    return [str(problem) for problem in resolve(queries, offline=offline).problems]


def _problems_of_ids(queries: Sequence[Query]) -> Iterator[QueryError]:
    for query in queries[QUERIES_MAX:]:
        yield QueryError(query.id, f"one of more than {QUERIES_MAX} queries")
    seen: set[str] = set()
    for query in queries:
        if not _ID.fullmatch(query.id):
            yield QueryError(query.id, "an id is a lowercase letter, then letters, digits and _, at most 255 in all")
        if query.id in seen:
            yield QueryError(query.id, "the id is used twice")
        seen.add(query.id)


def _parse_all(queries: Sequence[Query], problems: list[QueryError]) -> dict[str, Expression]:
    expressions = {}
    for query in queries:
        if query.expression is not None:
            try:
                expressions[query.id] = parse(query.expression)
            except ExpressionError as error:
                problems.append(QueryError.within(query.id, error))
    return expressions


def _order(expressions: Mapping[str, Expression], problems: list[QueryError]) -> list[str]:
    """The ids, each after the ids that it refers to; empty, with a problem, if some of them form a circle."""
    needed = {name: references(tree, ()) & expressions.keys() for name, tree in expressions.items()}
    try:
        return list(TopologicalSorter(needed).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        problems.append(QueryError(circle[0], f"a circle of references: {' -> '.join(reversed(circle))}"))
        return []
