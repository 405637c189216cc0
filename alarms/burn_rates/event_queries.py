"""The queries that count the events of an objective, and compute the share of bad ones.

SUM of several series adds those that have data: a load balancer without errors publishes no count of them. The share is
filled with 0, because an alarm without FILL would go on with older periods while data are missing.
"""

from collections.abc import Sequence
from typing import Any

from alarms.burn_rates.objective import EventMetric, Objective
from alarms.burn_rates.windows import Window

Json = dict[str, Any]
VALID, BAD, GOOD = "valid", "bad", "good"  # the ids of the numbers of events


def share_queries(objective: Objective, window: Window, namespace: str) -> list[Json]:
    """The share of bad events in percent; 0 without events, and if a long window has too few of them to decide."""
    share = f"100 * {BAD} / {VALID}"
    if window.is_long:
        share = f"IF({VALID} >= {objective.valid_events_min}, {share})"
    result = _expression("share", f"FILL({share}, 0)", label="bad events, %")
    return [*event_queries(objective, window.seconds, namespace), result]


def event_queries(objective: Objective, period: int, namespace: str, prefix: str = "") -> list[Json]:
    """The queries VALID and BAD: the numbers of events in each ``period``, in seconds. None is returned.

    A statistic that counts both kinds of events is read once, because CloudWatch bills each one. ``prefix`` begins
    every id, so that the queries of several objectives can stand together.
    """
    valid, bad, good = (f"{prefix}{name}" for name in (VALID, BAD, GOOD))
    counted = bad if objective.bad_events else good
    only = objective.counted_events[0] if len(objective.counted_events) == 1 else None
    ids = _Ids({counted: only} if only else {})  # its id is that of its sum, also where it is among the valid ones
    sums = {valid: ids.of(objective.valid_events, valid), counted: ids.of(objective.counted_events, counted)}
    queries = [_statistic(id_, each, period, namespace) for id_, each in ids.metrics.items()]
    queries += [_expression(name, f"SUM([{', '.join(parts)}])") for name, parts in sums.items() if parts != [name]]
    return queries + ([_expression(bad, f"{valid} - {good}")] if counted == good else [])


class _Ids:
    """The ids of metrics, in the order in which they are asked for."""

    def __init__(self, metrics: dict[str, EventMetric]) -> None:
        self.metrics = metrics

    def of(self, metrics: Sequence[EventMetric], name: str) -> list[str]:
        """The id of each metric: the one that it has already, ``name`` for the only one, else ``name_1`` and so on."""
        found = []
        for number, each in enumerate(metrics, start=1):
            known = next((id_ for id_, other in self.metrics.items() if other == each), None)
            id_ = known or (name if len(metrics) == 1 else f"{name}_{number}")
            self.metrics[id_] = each
            found.append(id_)
        return found


def _statistic(id_: str, each: EventMetric, period: int, namespace: str) -> Json:
    metric = each.metric(namespace)
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    identity = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {
        "Id": id_,
        "MetricStat": {"Metric": identity, "Period": period, "Stat": each.statistic},
        "ReturnData": False,
    }


def _expression(id_: str, expression: str, label: str = "") -> Json:
    query = {"Id": id_, "Expression": expression, "ReturnData": bool(label)}
    return {**query, "Label": label} if label else query
