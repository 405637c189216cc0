"""The metrics that may be meant by a metric that does not exist."""

import difflib
from collections.abc import Iterable

from cloudwatch.metric import MetricId

NEAR_MAX = 3
NAME_LIKENESS = 0.75
COMPARED_MAX = 500  # metrics of one name; if there are more, a dimension is an id


def near_metrics(metric: MetricId, metrics: Iterable[MetricId]) -> list[MetricId]:
    """The metrics with the most similar names, and among these the most similar dimensions, up to NEAR_MAX.

    Upper and lower case count as the same.
    """
    by_name: dict[str, list[MetricId]] = {}
    for each in metrics:
        by_name.setdefault(each.name.casefold(), []).append(each)
    names = difflib.get_close_matches(metric.name.casefold(), by_name, n=NEAR_MAX, cutoff=NAME_LIKENESS)
    candidates = [each for name in names for each in by_name[name][:COMPARED_MAX]]
    wanted = str(metric).casefold()
    likeness = {each: difflib.SequenceMatcher(None, str(each).casefold(), wanted).ratio() for each in candidates}
    return sorted(candidates, key=lambda each: (names.index(each.name.casefold()), -likeness[each]))[:NEAR_MAX]


def near_text(metric: MetricId, metrics: Iterable[MetricId]) -> str:
    """``; near: Shop Errors {Service=cart}``, or nothing."""
    found = near_metrics(metric, metrics)
    return f"; near: {', '.join(map(str, found))}" if found else ""
