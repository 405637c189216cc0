"""The input of ``local.costs``: a JSON file of prices, set-up and sizes, such as infra/costs.json."""

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prices(_Parameters):
    """Prices of ``region`` in US dollars, each for the unit in its name."""

    region: str
    instance_hour: NonNegativeFloat
    surplus_vcpu_hour: NonNegativeFloat
    volume_gb_month: NonNegativeFloat
    database_hour: NonNegativeFloat
    database_gb_month: NonNegativeFloat
    balancer_hour: NonNegativeFloat
    balancer_unit_hour: NonNegativeFloat
    nat_hour: NonNegativeFloat
    nat_gb: NonNegativeFloat
    address_hour: NonNegativeFloat
    storage_gb_month: NonNegativeFloat
    storage_rare_gb_month: NonNegativeFloat
    storage_write_thousand: NonNegativeFloat
    storage_read_thousand: NonNegativeFloat
    transfer_out_gb: NonNegativeFloat
    transfer_out_free_gb: NonNegativeFloat
    queue_million: NonNegativeFloat
    queue_free_million: NonNegativeFloat
    metric_month: NonNegativeFloat
    alarm_month: NonNegativeFloat
    composite_alarm_month: NonNegativeFloat
    dashboard_month: NonNegativeFloat
    dashboards_free: int = Field(ge=0)
    log_gb: NonNegativeFloat
    secret_month: NonNegativeFloat
    key_month: NonNegativeFloat


class System(_Parameters):
    """The set-up of the stacks, and the resources that a video, a view and a request use."""

    api_instances: PositiveInt
    workers_min: PositiveInt
    workers_max: PositiveInt
    instance_vcpus: PositiveInt
    instance_baseline: PositiveFloat = Field(le=1, description="Share of each vCPU that a burstable instance earns.")
    volume_gb: NonNegativeFloat
    database_gb: NonNegativeFloat
    nat_gateways: int = Field(ge=0)
    balancer_units: NonNegativeFloat
    cpu_seconds_a_video: PositiveFloat
    worker_share_busy_max: PositiveFloat = Field(le=1, description="Above this average load, workers are added.")
    original_mb: NonNegativeFloat
    result_mb: NonNegativeFloat
    months_kept: PositiveFloat = Field(
        description="Of originals and results; after one month originals move to cheaper storage."
    )
    requests_a_view: NonNegativeFloat
    poll_seconds: PositiveFloat
    log_kb_a_request: NonNegativeFloat
    queue_requests_a_video: NonNegativeFloat
    storage_writes_a_video: NonNegativeFloat
    storage_reads_a_video: NonNegativeFloat


class Size(_Parameters):
    """A contest: videos uploaded in a month, and the views of each."""

    videos: int = Field(ge=0)
    views_a_video: NonNegativeFloat


class CostParameters(_Parameters):
    """The whole file."""

    currency: str
    prices: Prices
    system: System
    sizes: dict[str, Size]
