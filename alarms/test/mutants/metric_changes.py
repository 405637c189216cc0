"""Changes of the metric that a definition watches: its name, dimensions, unit, statistic and period."""

from collections.abc import Iterator, Mapping
from typing import Any

from alarms.test.mutants.change import (
    REMOVED,
    ParameterChange,
    Parameters,
    Path,
    changes,
    key_of,
    near_minutes,
    value_at,
    with_value,
)
from alarms.test.mutants.expression_changes import expression_changes
from cloudwatch.alarm.watched import STATISTICS, WatchedMetric
from cloudwatch.metric import MetricId

PERCENTILES = ("p50", "p90", "p99", "p99.9")
OTHER = "-other"


def watched_changes(
    parameters: Parameters, path: Path, units: Mapping[str, str], period: int | None
) -> Iterator[ParameterChange]:
    """Changes of a single metric, or of the Metrics, at ``path``.

    ``units`` has the units in which metrics are published, by their names. ``period`` is the default of the call.
    """
    if value_at(parameters, [*path, "Metrics"]) is REMOVED:
        yield from _single_metric_changes(parameters, path, units, period)
    else:
        yield from _metrics_changes(parameters, [*path, "Metrics"], units)


def _single_metric_changes(
    parameters: Parameters, path: Path, units: Mapping[str, str], period: int | None
) -> Iterator[ParameterChange]:
    yield from _identity_changes(parameters, path)
    yield from _unit_changes(parameters, [*path, "Unit"], units.get(str(value_at(parameters, [*path, "MetricName"]))))
    if value_at(parameters, [*path, "Statistic"]) is not REMOVED:
        yield from changes(parameters, [*path, "Statistic"], STATISTICS)
    if value_at(parameters, [*path, "ExtendedStatistic"]) is not REMOVED:
        place = [*path, "ExtendedStatistic"]
        yield from changes(parameters, place, _other_percentiles(str(value_at(parameters, place))))
    old = value_at(parameters, [*path, "Period"], period)
    if old is not None:
        yield from changes(parameters, [*path, "Period"], near_minutes(old), period)


def _metrics_changes(parameters: Parameters, path: Path, units: Mapping[str, str]) -> Iterator[ParameterChange]:
    queries = value_at(parameters, path)
    ids = [query["Id"] for query in queries]
    for index, query in enumerate(queries):
        if query.get("MetricStat"):
            stat = [*path, index, "MetricStat"]
            yield from _identity_changes(parameters, [*stat, "Metric"])
            yield from _unit_changes(
                parameters, [*stat, "Unit"], units.get(query["MetricStat"]["Metric"]["MetricName"])
            )
            yield from changes(parameters, [*stat, "Stat"], (*STATISTICS, *PERCENTILES[1:2]))
        elif query.get("Expression"):
            place = [*path, index, "Expression"]
            others = [name for name in ids if name != query["Id"]]
            yield from changes(parameters, place, expression_changes(query["Expression"], others))
    yield from _period_changes(parameters, path)
    yield from _returned_changes(parameters, path)


def _returned_changes(parameters: Parameters, path: Path) -> Iterator[ParameterChange]:
    """Another entry is the one that is watched."""
    queries = value_at(parameters, path)
    returned = next((query["Id"] for query in queries if query.get("ReturnData", True)), None)
    for other in (query["Id"] for query in queries if query["Id"] != returned):
        changed = [{**query, "ReturnData": query["Id"] == other} for query in queries]
        yield ParameterChange(
            f"{key_of(path)}.ReturnData", f"{returned} -> {other}", with_value(parameters, path, changed)
        )


def _period_changes(parameters: Parameters, path: Path) -> Iterator[ParameterChange]:
    """All periods together: CloudWatch refuses an alarm whose metrics have different ones."""
    queries = value_at(parameters, path)
    places = [
        place
        for index, query in enumerate(queries)
        for place in ([*path, index, "MetricStat", "Period"], [*path, index, "Period"])
        if value_at(query, place[len(path) + 1 :], None) is not None
    ]
    if not places:
        return
    old = value_at(parameters, places[0])
    for period in near_minutes(old):
        changed: Any = parameters
        for place in places:
            changed = with_value(changed, place, period)
        yield ParameterChange(key_of([*path, "Period"]), f"{old} -> {period}", changed)


def _identity_changes(parameters: Parameters, path: Path) -> Iterator[ParameterChange]:
    """Changes of the names by which a metric is found: under each other name there are no data."""
    for name in ("Namespace", "MetricName"):
        place = [*path, name]
        yield from changes(parameters, place, [f"{value_at(parameters, place)}{OTHER}"])
    dimensions = value_at(parameters, [*path, "Dimensions"], [])
    for index, dimension in enumerate(dimensions):
        place = [*path, "Dimensions", index]
        yield from changes(parameters, [*place, "Value"], [f"{dimension['Value']}{OTHER}"])
        text = f"{dimension['Name']}={dimension['Value']} -> none"
        yield ParameterChange(key_of(place), text, with_value(parameters, place, REMOVED))


def _unit_changes(parameters: Parameters, path: Path, emitted: str | None) -> Iterator[ParameterChange]:
    """A unit is added, changed or removed. To ask for the unit in which the metric is published is no change."""
    old = value_at(parameters, path)
    wrong = "Seconds" if "Seconds" not in (emitted, old) else "Count"
    yield from changes(parameters, path, [wrong] if old is REMOVED else [wrong, REMOVED])


def _other_percentiles(statistic: str) -> list[str]:
    """The usual ones, and those close to it. A trimmed statistic is compared with the usual percentiles only."""
    number = WatchedMetric(MetricId("", ""), statistic, 60).percentile
    near = () if number is None else (100 * number - 1, 100 * number + 1, (100 * number + 100) / 2)
    return list(dict.fromkeys((*PERCENTILES, *(f"p{each:g}" for each in near if 0 < each < 100))))
