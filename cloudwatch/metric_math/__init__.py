"""CloudWatch's metric math, offline: parsed, checked and computed as CloudWatch does it.

``parse`` reads the text of an expression, and ``check`` returns the kind of its result. ``evaluate`` computes it once.
A ``Formula`` (from ``compile_expression``) computes it many times, and a ``QueryPlan`` computes several queries that
refer to each other. ``query_problems`` lists what CloudWatch would refuse in queries, and ``alarm_problems`` what it
would refuse in the ``Metrics`` of an alarm. ``remote_parts`` are the parts that only CloudWatch can compute.

Source of the rules: the page "Using math expressions with CloudWatch metrics" of the Amazon CloudWatch user guide.
"""

from cloudwatch.metric_math.alarms import alarm_problems, remote_parts
from cloudwatch.metric_math.checking import check
from cloudwatch.metric_math.errors import ExpressionError, QueryError
from cloudwatch.metric_math.evaluation import Result
from cloudwatch.metric_math.expression_parser import parse
from cloudwatch.metric_math.formula import Formula, compile_expression, evaluate
from cloudwatch.metric_math.grid import Grid
from cloudwatch.metric_math.mentions import Selection, read_selection, references, selections, undocumented
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.query_plan import QueryPlan, evaluate_queries
from cloudwatch.metric_math.resolution import query_problems, resolve
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.syntax import Expression, unparse

__all__ = [
    "Expression",
    "ExpressionError",
    "Formula",
    "Grid",
    "Query",
    "QueryError",
    "QueryPlan",
    "Result",
    "Selection",
    "ValueKind",
    "alarm_problems",
    "check",
    "compile_expression",
    "evaluate",
    "evaluate_queries",
    "parse",
    "query_problems",
    "read_selection",
    "references",
    "remote_parts",
    "resolve",
    "selections",
    "undocumented",
    "unparse",
]
