"""Queries of CloudWatch Logs Insights (``fields … | filter … | stats …``): parsed, for the fields that they read.

Source: "CloudWatch Logs Insights language query syntax" in the Amazon CloudWatch Logs user guide.
"""

from cloudwatch.log_queries.log_query_parser import LogQueryRefused, LogsInsightsQuery, parse_log_query

__all__ = ["LogQueryRefused", "LogsInsightsQuery", "parse_log_query"]
