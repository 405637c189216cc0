"""Metrics Insights queries (``SELECT … FROM …``): parsed, and matched with metrics.

Source: "Metrics Insights query components and syntax" in the Amazon CloudWatch user guide.
"""

from cloudwatch.insights.select_parser import SelectRefused, parse_select
from cloudwatch.insights.select_query import Condition, Named, Order, SelectQuery
from cloudwatch.insights.select_text import select_text

__all__ = ["Condition", "Named", "Order", "SelectQuery", "SelectRefused", "parse_select", "select_text"]
