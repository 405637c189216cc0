"""``python -m local.costs``: what the system costs a month, and 1,000 more videos, from prices and sizes in a file.

The numbers of metrics, alarms and dashboards are those of the catalogue and the definitions.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from alarms.definition_files import FOLDERS, DefinitionKind
from local.costs.cost_parameters import CostParameters, Prices, Size, System
from telemetry.catalogue import RECORD_KINDS, ROUTE, ROUTES

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = ROOT / "infra" / "costs.json"
MONTH_HOURS = 730.0
GB_MB = 1000.0
INTERFACES_WITH_ADDRESS = 2  # of the load balancer: one a zone; each NAT gateway has one more
SECRETS = 2


@dataclass(frozen=True, slots=True)
class Watched:
    """What CloudWatch bills by number."""

    metrics: int
    alarms: int
    composites: int
    dashboards: int


def watched() -> Watched:
    """As many as the catalogue and the definitions make."""
    return Watched(
        metrics=sum(len(kind.metrics) * len(kind.services) * _series(kind.dimension_sets) for kind in RECORD_KINDS),
        alarms=len(list((ROOT / FOLDERS[DefinitionKind.METRIC_ALARM]).glob("*.json"))),
        composites=len(list((ROOT / FOLDERS[DefinitionKind.COMPOSITE_ALARM]).glob("*.json"))),
        dashboards=len(list((ROOT / FOLDERS[DefinitionKind.DASHBOARD]).glob("*.json"))),
    )


def _series(dimension_sets: tuple[tuple[str, ...], ...]) -> int:
    return sum(len(ROUTES) + 1 if ROUTE in each else 1 for each in dimension_sets)


def worker_hours(system: System, videos: int) -> float:
    """Hours of workers a month: at least the minimum, and so many that they are not too busy on average.

    Raises ValueError when that is more than the group may have.
    """
    busy = videos * system.cpu_seconds_a_video / 3600 / system.instance_vcpus
    hours = max(system.workers_min * MONTH_HOURS, busy / system.worker_share_busy_max)
    if hours > system.workers_max * MONTH_HOURS:
        workers = hours / MONTH_HOURS
        raise ValueError(f"{videos:,} videos a month keep {workers:.1f} workers busy, workers_max is less")
    return hours


def costs(prices: Prices, system: System, size: Size, count: Watched) -> Iterator[tuple[str, float]]:
    """What each service costs in a month, in dollars: the formula of docs/COSTS.md, line by line."""
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
    addresses = INTERFACES_WITH_ADDRESS + system.nat_gateways
    yield "Public addresses", addresses * MONTH_HOURS * prices.address_hour
    yield "S3, storage", _storage(prices, system, videos)
    writes, reads = videos * system.storage_writes_a_video, videos * system.storage_reads_a_video + views
    yield "S3, requests", (writes * prices.storage_write_thousand + reads * prices.storage_read_thousand) / 1000
    out_gb = views * system.result_mb / GB_MB
    yield "Data to the viewers", max(0.0, out_gb - prices.transfer_out_free_gb) * prices.transfer_out_gb
    polls = workers * 3600 / system.poll_seconds
    requests = (polls + videos * system.queue_requests_a_video) / 1e6
    yield "SQS", max(0.0, requests - prices.queue_free_million) * prices.queue_million
    dashboards = max(0, count.dashboards - prices.dashboards_free) * prices.dashboard_month
    alarms = count.alarms * prices.alarm_month + count.composites * prices.composite_alarm_month
    yield "CloudWatch, metrics", count.metrics * prices.metric_month
    yield "CloudWatch, alarms and dashboards", alarms + dashboards
    yield "CloudWatch, logs", logs_gb * prices.log_gb
    yield "Secrets and key", SECRETS * prices.secret_month + prices.key_month


def _storage(prices: Prices, system: System, videos: int) -> float:
    """Everything that is kept, once as many months went by as it is kept for."""
    rare = max(0.0, system.months_kept - 1)
    originals = system.original_mb * (
        min(1.0, system.months_kept) * prices.storage_gb_month + rare * prices.storage_rare_gb_month
    )
    results = system.result_mb * system.months_kept * prices.storage_gb_month
    return videos / GB_MB * (originals + results)


def table(parameters: CostParameters) -> Iterator[str]:
    """Lines of a Markdown table: a service a row, a size a column."""
    count, sizes = watched(), parameters.sizes
    columns = {name: dict(costs(parameters.prices, parameters.system, size, count)) for name, size in sizes.items()}
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
    more = [_thousand_more(parameters, size, count) for size in sizes.values()]
    yield "| 1,000 videos more | " + " | ".join(f"{each:,.2f}" for each in more) + " |"


def _thousand_more(parameters: CostParameters, size: Size, count: Watched) -> float:
    more = size.model_copy(update={"videos": size.videos + 1000})
    sums = [sum(cost for _, cost in costs(parameters.prices, parameters.system, each, count)) for each in (more, size)]
    return sums[0] - sums[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table: 0. 2 when the file is wrong."""
    parser = argparse.ArgumentParser("python -m local.costs", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "file", nargs="?", type=Path, default=PARAMETERS, help="prices, system, sizes (infra/costs.json)"
    )
    file = parser.parse_args(arguments).file
    try:
        print("\n".join(table(CostParameters.model_validate_json(file.read_text()))))
    except (OSError, ValidationError, ValueError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
