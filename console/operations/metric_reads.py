"""ListMetrics, GetMetricStatistics, GetMetricData. Source of all rules: the API reference of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudwatch.metric import MetricId
from cloudwatch.spans import SlidingSpans
from cloudwatch.statistics import parse_statistic
from console.console_state import Console, moment
from console.dynamic_labels import written_label
from console.refusal import INVALID_COMBINATION, INVALID_VALUE, MISSING, VALIDATION, Refusal, UnsupportedOperation
from console.result_pages import offset_of, page_of, token_of
from console.series_queries import LabelledSeries, compute_queries

METRICS_A_PAGE = 500
LISTED_SECONDS = 14 * 24 * 3_600
RECENT_SECONDS = 3 * 3_600
DATAPOINTS_MAX = 1_440
DATAPOINTS_A_PAGE_MAX = 100_800
DAY = 24 * 3_600
SECONDS_ALLOWED = (1, 5, 10, 20, 30)
# The oldest start of a request, and the divisions to which it is rounded down.
ROUNDED_BY_AGE = ((63 * DAY, 3_600), (15 * DAY, 300), (0, 60))


def list_metrics(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics with data in the last two weeks."""
    for name in ("IncludeLinkedAccounts", "OwningAccount"):
        if parameters.get(name):
            raise UnsupportedOperation(f"{name} of ListMetrics")
    seconds = RECENT_SECONDS if "RecentlyActive" in parameters else LISTED_SECONDS
    oldest = console.clock.now() - seconds
    found = sorted(
        metric
        for metric, newest in console.store.newest().items()
        if newest >= oldest and _is_asked(metric, parameters)
    )
    metrics, more = page_of(found, parameters.get("NextToken"), METRICS_A_PAGE)
    return {"Metrics": [_described(metric) for metric in metrics], **more}


def _is_asked(metric: MetricId, parameters: Mapping[str, Any]) -> bool:
    dimensions = dict(metric.dimensions)
    return (
        metric.namespace == parameters.get("Namespace", metric.namespace)
        and metric.name == parameters.get("MetricName", metric.name)
        and all(
            each["Name"] in dimensions and dimensions[each["Name"]] == each.get("Value", dimensions[each["Name"]])
            for each in parameters.get("Dimensions", [])
        )
    )


def _described(metric: MetricId) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def get_metric_statistics(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """One datapoint for each period and unit. Periods begin at the start of the request, rounded down."""
    simple, extended = parameters.get("Statistics", []), parameters.get("ExtendedStatistics", [])
    if bool(simple) == bool(extended):
        raise Refusal(INVALID_COMBINATION, "Either Statistics or ExtendedStatistics must be specified, not both.")
    for statistic in extended:
        try:
            needs_values = parse_statistic(statistic).needs_values
        except ValueError as error:
            raise Refusal(INVALID_VALUE, str(error)) from error
        if not needs_values:
            raise Refusal(INVALID_VALUE, f"{statistic} is not an extended statistic.")
    period = parameters["Period"]
    _check_period(period)
    start, end = _range(console, parameters, period, INVALID_VALUE)
    spans = SlidingSpans(start, period, period, -(-(end - start) // period))
    if len(spans) > DATAPOINTS_MAX:
        raise Refusal(
            INVALID_COMBINATION,
            f"You have requested up to {len(spans)} datapoints, which exceeds the limit of {DATAPOINTS_MAX}.",
        )
    metric = MetricId.from_api(parameters["Namespace"], parameters["MetricName"], parameters.get("Dimensions", []))
    units = console.store.units(metric)
    asked = parameters.get("Unit")
    points = [
        point
        for unit in sorted(units)
        if asked in (None, unit)
        for point in _datapoints(console, metric, spans, unit, simple, extended)
    ]
    return {"Label": metric.name, "Datapoints": points}


def _datapoints(
    console: Console,
    metric: MetricId,
    spans: SlidingSpans,
    unit: str,
    simple: Sequence[str],
    extended: Sequence[str],
) -> Iterator[dict[str, Any]]:
    found = {name: console.store.values(metric, name, spans, unit) for name in (*simple, *extended)}
    counts = console.store.values(metric, "SampleCount", spans, unit)
    for index, (start, _) in enumerate(spans):
        if counts[index] is None:
            continue
        values = {name: column[index] for name, column in found.items() if column[index] is not None}
        point = {name: value for name, value in values.items() if name in simple}
        if more := {name: value for name, value in values.items() if name in extended}:
            point["ExtendedStatistics"] = more  # type: ignore[assignment] # a map among numbers
        if point:
            yield {"Timestamp": moment(start), "Unit": unit, **point}


def get_metric_data(console: Console, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values of metrics, expressions, searches and Metrics Insights queries, page by page."""
    most = parameters.get("MaxDatapoints", DATAPOINTS_A_PAGE_MAX)
    if not 1 <= most <= DATAPOINTS_A_PAGE_MAX:
        raise Refusal(VALIDATION, f"MaxDatapoints must be from 1 to {DATAPOINTS_A_PAGE_MAX}.")
    newest_first = parameters.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    for query in parameters["MetricDataQueries"]:
        _check_query(query)
    start, end = _range(console, parameters, _shortest_period(parameters), VALIDATION)
    computed = compute_queries(console.store, parameters["MetricDataQueries"], start, end)
    labelled = [
        (series, written_label(series, parameters.get("LabelOptions", {}), console.region, console.account))
        for series in computed
    ]
    return _data_page(labelled, newest_first, offset_of(parameters.get("NextToken")), most)


def _check_query(query: Mapping[str, Any]) -> None:
    if "AccountId" in query:
        raise UnsupportedOperation("AccountId of a query")
    if ("Expression" in query) == ("MetricStat" in query):
        raise Refusal(VALIDATION, f"The query {query['Id']} needs either an Expression or a MetricStat.")
    if "MetricStat" in query:
        stat = query["MetricStat"]
        _check_period(stat["Period"], VALIDATION)
        if "Period" in query:
            raise Refusal(VALIDATION, f"The query {query['Id']} has a MetricStat, so its own Period is not allowed.")
        for name in ("Namespace", "MetricName"):
            if name not in stat["Metric"]:
                raise Refusal(MISSING, f"The query {query['Id']} has no {name}.")
        try:
            parse_statistic(stat["Stat"])
        except ValueError as error:
            raise Refusal(VALIDATION, f"{query['Id']}: {error}") from error
    elif "Period" in query:
        _check_period(query["Period"], VALIDATION)


def _shortest_period(parameters: Mapping[str, Any]) -> int:
    queries = parameters["MetricDataQueries"]
    periods = [query.get("MetricStat", query).get("Period") for query in queries]
    return min((period for period in periods if period is not None), default=60)


def _data_page(
    labelled: Sequence[tuple[LabelledSeries, str]], newest_first: bool, offset: int, most: int
) -> dict[str, Any]:
    """The datapoints from ``offset`` on, at most ``most``. A result that ends on a later page is PartialData.

    A result without datapoints takes the place of one, so that it is on exactly one page.
    """
    first, results = 0, []
    for series, label in labelled:
        points = series.points[::-1] if newest_first else series.points
        after = first + max(len(points), 1)
        if first < offset + most and after > offset:
            page = points[max(offset - first, 0) : offset + most - first]
            results.append(
                {
                    "Id": series.id,
                    "Label": label,
                    "Timestamps": [moment(at) for at, _ in page],
                    "Values": [value for _, value in page],
                    "StatusCode": "PartialData" if after > offset + most else "Complete",
                }
            )
        first = after
    more = {"NextToken": token_of(offset + most)} if first > offset + most else {}
    return {"MetricDataResults": results, "Messages": [], **more}


def _check_period(period: int, code: str = INVALID_VALUE) -> None:
    if period not in SECONDS_ALLOWED and (period < 60 or period % 60):
        allowed = ", ".join(map(str, SECONDS_ALLOWED))
        raise Refusal(code, f"The parameter Period must be {allowed} or a multiple of 60, not {period}.")


def _range(console: Console, parameters: Mapping[str, Any], period: int, code: str) -> tuple[int, int]:
    """[start, end) in seconds. The start is rounded down by its age. The periods of all metrics begin there, at any
    minute ("timestamps aligned to the provided StartTime", boto3 issue 3457). Raises Refusal with ``code``.
    """
    start, end = parameters["StartTime"], parameters["EndTime"]
    if start == end:
        raise Refusal(code, "The parameter StartTime must not equal parameter EndTime.")
    if start > end:
        raise Refusal(code, "The parameter StartTime must be less than the parameter EndTime.")
    first, last = int(start.timestamp()), -int(-end.timestamp() // 1)
    age = console.clock.now() - first
    division = next(each for oldest, each in ROUNDED_BY_AGE if age >= oldest or not oldest)
    if period < 60 and division == 60:
        division = period
    return first // division * division, last
