"""Checks that a SEARCH or a Metrics Insights query matches metrics that are known to exist."""

from collections.abc import Collection, Iterator

from alarms.check.scope import doubt, error
from alarms.check.watched_metrics import SelectionUse
from alarms.selection_faults import selection_faults
from cloudwatch.metric import MetricId
from cloudwatch.notice import Notice


def selection_notices(use: SelectionUse, metrics: Collection[MetricId]) -> Iterator[Notice]:
    """An error for each name that no metric of the namespace has, and a doubt about values of dimensions."""
    for fault in selection_faults(use.selection.query, metrics):
        notice = doubt if fault.is_of_values else error
        place = f"character {use.selection.position + fault.position + 1}"
        yield notice(use.definition, use.key, f"{place}: {fault.text}")
