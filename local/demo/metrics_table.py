"""The metrics of one run, from its EMF records, as a table."""

from collections import defaultdict
from pathlib import Path
from statistics import fmean, median

from rich.box import SIMPLE_HEAD
from rich.table import Table

from cloudwatch.emf import Datapoint, read_lines, whole_lines

MetricKey = tuple[str, str, str]  # dimension values, metric, unit

# The metrics, in the order in which a video produces them. The latency of each route follows in a section of its own.
SHOWN = (
    ("worker", "QueueWait", "Queue wait"),
    ("worker", "ProcessingTime", "Processing time"),
    ("worker", "DownloadTime", "· download"),
    ("worker", "EncodeTime", "· encode"),
    ("worker", "PublishTime", "· publish"),
    ("worker", "UploadToProcessed", "Upload to processed"),
    ("worker", "VideosProcessed", "Videos processed"),
    ("worker", "JobErrors", "Worker error rate"),
    ("api", "Latency", "API latency"),
    ("api", "ClientErrors", "API client error rate (4xx)"),
    ("api", "ServerErrors", "API server error rate (5xx)"),
    ("api", "UploadBytes", "Upload size"),
)


def metrics_table(emf_log: Path) -> Table:
    """The table for a log of EMF records. Raises cloudwatch.emf.EmfViolation when a record breaks the format."""
    datapoints = list(read_lines(whole_lines(emf_log)))
    table = Table(title="What CloudWatch would show of this run", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("metric (EMF)", no_wrap=True, overflow="ellipsis")
    for column in ("n", "average", "p50", "max"):
        table.add_column(column, justify="right", no_wrap=True, min_width=3 if column == "n" else 8)
    by_service = _values_by_metric(datapoints, ("Service",))
    for service, metric, label in SHOWN:
        for (dimensions, name, unit), values in by_service.items():
            if (dimensions, name) == (service, metric):
                table.add_row(label, *_cells(unit, values))
    table.add_row("Throughput", "", _throughput(datapoints), "", "")
    table.add_section()
    for (dimensions, name, unit), values in sorted(_values_by_metric(datapoints, ("Route", "Service")).items()):
        if name == "Latency":
            table.add_row(dimensions.split(" | ", maxsplit=1)[0], *_cells(unit, values))
    return table


def _values_by_metric(datapoints: list[Datapoint], keys: tuple[str, ...]) -> dict[MetricKey, list[float]]:
    """All values of each metric with exactly these dimensions."""
    values: dict[MetricKey, list[float]] = defaultdict(list)
    for point in datapoints:
        if tuple(name for name, _ in point.dimensions) == keys:
            dimensions = " | ".join(value for _, value in point.dimensions)
            values[dimensions, point.name, point.unit].extend(point.values)
    return values


def _cells(unit: str, values: list[float]) -> list[str]:
    """The number of values, their average, median and maximum."""
    return [str(len(values)), *(_readable(number, unit) for number in (fmean(values), median(values), max(values)))]


def _readable(number: float, unit: str) -> str:
    if unit == "Milliseconds":
        return f"{number / 1000:.2f} s" if number >= 1000 else f"{number:.1f} ms"
    if unit == "Bytes":
        return f"{number / 1e6:.1f} MB"
    return f"{number:.3g}"


def _throughput(datapoints: list[Datapoint]) -> str:
    """Videos a minute, over the time from the first record to the last."""
    times = [point.timestamp_ms for point in datapoints]
    processed = sum(sum(point.values) for point in datapoints if point.name == "VideosProcessed")
    minutes = max((max(times) - min(times)) / 60_000, 1 / 60)
    return f"{processed / minutes:.2f}/min"
