"""``python -m local.costs``: the monthly costs of the system, and of 1,000 more videos."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from alarms.alarm_costs import billed_metrics
from alarms.definition_files import DefinitionKind, read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.costs.cost_parameters import CostParameters, Prices, Size, System
from telemetry.catalogue import RECORD_KINDS, ROUTE, RecordKind, routes_of

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = ROOT / "infra" / "costs.json"
MONTH_HOURS = 730.0
GB_MB = 1000.0
BALANCER_ADDRESSES = 2  # one in each zone
SECRETS = 2

DESCRIPTION = """\
Compute the monthly costs of the system, service by service, and of 1,000 more videos. Prices, set-up and sizes come
from a file; the numbers of metrics, alarms and dashboards come from the catalogue and the definitions.

Prints a Markdown table, which docs/COSTS.md contains and explains.
"""
EXAMPLES = [("", "with infra/costs.json"), ("mine.json", "with prices and sizes of your own")]
EXIT_CODES = {ExitCode.REFUSED: "the file cannot be read, a value in it is wrong, or the group is too small for a size"}


@dataclass(frozen=True, slots=True)
class BilledItems:
    """The items that CloudWatch bills by number."""

    metrics: int
    alarm_metrics: int
    composites: int
    dashboards: int


def count_billed_items() -> BilledItems:
    """Count the metrics of the catalogue, those that alarms analyse, and the other definitions."""
    definitions = read_definitions(read_variables(EXAMPLE))
    return BilledItems(
        metrics=sum(map(_series, RECORD_KINDS)),
        alarm_metrics=sum(
            billed_metrics(each.parameters) for each in definitions if each.kind is DefinitionKind.METRIC_ALARM
        ),
        composites=sum(each.kind is DefinitionKind.COMPOSITE_ALARM for each in definitions),
        dashboards=sum(each.kind is DefinitionKind.DASHBOARD for each in definitions),
    )


def _series(kind: RecordKind) -> int:
    """How many metrics are billed: of each name and service, one for each dimension set, route and NO_ROUTE."""
    series = (
        len(routes_of(metric.name)) + 1 if ROUTE in keys else 1
        for metric in kind.metrics
        for keys in kind.dimension_sets
    )
    return len(kind.services) * sum(series)


def worker_hours(system: System, videos: int) -> float:
    """Hours of workers a month: the minimum, or as many as keep their average load at the allowed share.

    Raises ValueError when that takes more workers than the group may have.
    """
    busy = videos * system.cpu_seconds_a_video / 3600 / system.instance_vcpus
    hours = max(system.workers_min * MONTH_HOURS, busy / system.worker_share_busy_max)
    if hours > system.workers_max * MONTH_HOURS:
        workers = hours / MONTH_HOURS
        raise ValueError(f"{videos:,} videos a month need {workers:.1f} workers; workers_max is less")
    return hours


def monthly_costs(prices: Prices, system: System, size: Size, items: BilledItems) -> Iterator[tuple[str, float]]:
    """The monthly costs of each service in dollars: the formula of docs/COSTS.md, line by line."""
    videos, views = size.videos, size.videos * size.views_a_video
    workers = worker_hours(system, videos)
    instances = system.api_instances * MONTH_HOURS + workers
    yield "EC2, API", system.api_instances * MONTH_HOURS * prices.instance_hour
    yield "EC2, workers", workers * prices.instance_hour
    burst = videos * system.cpu_seconds_a_video / 3600 - workers * system.instance_vcpus * system.instance_baseline
    yield "EC2, CPU credits of the workers", max(0.0, burst) * prices.surplus_vcpu_hour
    yield "EBS", instances / MONTH_HOURS * system.volume_gb * prices.volume_gb_month
    yield "RDS", MONTH_HOURS * prices.database_hour + system.database_gb * prices.database_gb_month
    yield "Load balancer", MONTH_HOURS * (prices.balancer_hour + system.balancer_units * prices.balancer_unit_hour)
    logs_gb = (views * system.requests_a_view + 2 * videos) * system.log_kb_a_request / 1e6
    yield "NAT gateways", system.nat_gateways * MONTH_HOURS * prices.nat_hour + logs_gb * prices.nat_gb
    addresses = BALANCER_ADDRESSES + system.nat_gateways  # each NAT gateway has one address
    yield "Public addresses", addresses * MONTH_HOURS * prices.address_hour
    yield "S3, storage", _storage(prices, system, videos)
    writes, reads = videos * system.storage_writes_a_video, videos * system.storage_reads_a_video + views
    yield "S3, requests", (writes * prices.storage_write_thousand + reads * prices.storage_read_thousand) / 1000
    out_gb = views * system.result_mb / GB_MB
    yield "Data to the viewers", max(0.0, out_gb - prices.transfer_out_free_gb) * prices.transfer_out_gb
    polls = workers * 3600 / system.poll_seconds
    requests = (polls + videos * system.queue_requests_a_video) / 1e6
    yield "SQS", max(0.0, requests - prices.queue_free_million) * prices.queue_million
    dashboards = max(0, items.dashboards - prices.dashboards_free) * prices.dashboard_month
    alarms = items.alarm_metrics * prices.alarm_month + items.composites * prices.composite_alarm_month
    yield "CloudWatch, metrics", items.metrics * prices.metric_month
    yield "CloudWatch, alarms and dashboards", alarms + dashboards
    yield "CloudWatch, logs", logs_gb * prices.log_gb
    yield "Secrets and key", SECRETS * prices.secret_month + prices.key_month


def _storage(prices: Prices, system: System, videos: int) -> float:
    """The storage of a month, once the system has run for as long as it keeps clips."""
    rare = max(0.0, system.months_kept - 1)
    originals = system.original_mb * (
        min(1.0, system.months_kept) * prices.storage_gb_month + rare * prices.storage_rare_gb_month
    )
    results = system.result_mb * system.months_kept * prices.storage_gb_month
    return videos / GB_MB * (originals + results)


def markdown_table(parameters: CostParameters) -> Iterator[str]:
    """The lines of a Markdown table: a row for each service, a column for each size. Raises ValueError."""
    items, sizes, prices, system = count_billed_items(), parameters.sizes, parameters.prices, parameters.system
    columns = {name: dict(monthly_costs(prices, system, size, items)) for name, size in sizes.items()}
    yield "| a month, " + parameters.currency + " | " + " | ".join(sizes) + " |"
    yield "| --- |" + " ---: |" * len(sizes)
    heads = [f"{size.videos:,} videos, {size.videos * size.views_a_video:,.0f} views" for size in sizes.values()]
    yield "| | " + " | ".join(heads) + " |"
    for service in next(iter(columns.values())):
        yield f"| {service} | " + " | ".join(f"{column[service]:,.0f}" for column in columns.values()) + " |"
    yield "| **sum** | " + " | ".join(f"**{sum(column.values()):,.0f}**" for column in columns.values()) + " |"
    mean = [
        sum(column.values()) / size.videos * 1000 for column, size in zip(columns.values(), sizes.values(), strict=True)
    ]
    yield "| sum for each 1,000 videos | " + " | ".join(f"{each:,.0f}" for each in mean) + " |"
    more = [_thousand_more(prices, system, size, items) for size in sizes.values()]
    yield "| 1,000 videos more | " + " | ".join(f"{each:,.2f}" for each in more) + " |"


def _thousand_more(prices: Prices, system: System, size: Size, items: BilledItems) -> float:
    """The costs that 1,000 more videos a month add."""
    more = size.model_copy(update={"videos": size.videos + 1000})
    sums = [sum(cost for _, cost in monthly_costs(prices, system, each, items)) for each in (more, size)]
    return sums[0] - sums[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return an ExitCode."""
    parser = command_parser("local.costs", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument(
        "file", nargs="?", type=Path, default=PARAMETERS, help="prices, system and sizes (default infra/costs.json)"
    )
    file = parser.parse_args(arguments).file
    screen = Screen()
    try:
        screen.line("\n".join(markdown_table(CostParameters.model_validate_json(file.read_text()))))
    except (OSError, ValidationError, ValueError) as error:
        screen.fail(f"{file}: {error}")
        return ExitCode.REFUSED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
