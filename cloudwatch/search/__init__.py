"""The query text of ``SEARCH('{Namespace,Dimension} MetricName="Errors"', 'Sum')``: parsed, and matched with metrics.

Source: "CloudWatch search expression syntax" in the Amazon CloudWatch user guide.
"""

from cloudwatch.search.search_parser import SearchRefused, parse_search
from cloudwatch.search.search_query import AllOf, AnyOf, Match, Not, SearchQuery, Term

__all__ = ["AllOf", "AnyOf", "Match", "Not", "SearchQuery", "SearchRefused", "Term", "parse_search"]
