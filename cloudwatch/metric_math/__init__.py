"""CloudWatch's metric math, offline: read, checked and computed as CloudWatch does.

``parse`` reads the text of an expression, ``check`` says what kind of result it has. ``evaluate`` computes one,
``Formula`` (from ``compile_expression``) the same one many times, ``QueryPlan`` several that refer to each other.
``query_problems`` is what CloudWatch would say of them, ``alarm_problems`` what it would say of an alarm's ``Metrics``.

Source of the rules: the page "Using math expressions with CloudWatch metrics" of the Amazon CloudWatch user guide.
"""

from cloudwatch.metric_math.alarms import alarm_problems
from cloudwatch.metric_math.checking import check
from cloudwatch.metric_math.errors import ExpressionError, QueryError
from cloudwatch.metric_math.evaluation import Result
from cloudwatch.metric_math.expression_parser import parse
from cloudwatch.metric_math.formula import Formula, compile_expression, evaluate
from cloudwatch.metric_math.mentions import references, undocumented
from cloudwatch.metric_math.queries import Query
from cloudwatch.metric_math.query_plan import QueryPlan, evaluate_queries
from cloudwatch.metric_math.resolution import query_problems
from cloudwatch.metric_math.signatures import ValueKind
from cloudwatch.metric_math.syntax import Expression, unparse

__all__ = [
    "Expression",
    "ExpressionError",
    "Formula",
    "Query",
    "QueryError",
    "QueryPlan",
    "Result",
    "ValueKind",
    "alarm_problems",
    "check",
    "compile_expression",
    "evaluate",
    "evaluate_queries",
    "parse",
    "query_problems",
    "references",
    "undocumented",
    "unparse",
]
