"""Settings of metrics and logs. The settings of each process inherit them and add their own."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from telemetry.destinations import check_destination


def _check_namespace(namespace: str) -> str:
    if namespace.startswith("AWS/"):
        raise ValueError("namespaces that begin with AWS/ belong to AWS")
    return namespace


MetricsNamespace = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.#/-]+$"), AfterValidator(_check_namespace)]
EmfDestination = Annotated[str, AfterValidator(check_destination)]


class TelemetrySettings(BaseSettings):
    """Where EMF records and log lines go."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    metrics_namespace: MetricsNamespace = Field(
        "ANB/RisingStars",
        validation_alias="ANB_METRICS_NAMESPACE",
        max_length=255,
        description="CloudWatch namespace of all metrics; one per environment.",
    )
    emf_destination: EmfDestination = Field(
        "stdout",
        validation_alias="ANB_EMF_DESTINATION",
        description="Where EMF records go: stdout, file:PATH, tcp://HOST:PORT (CloudWatch agent) or none.",
    )
    emf_log_group: str = Field(
        "anb-rising-stars",
        validation_alias="ANB_EMF_LOG_GROUP",
        min_length=1,
        max_length=512,
        description="Log group to which the CloudWatch agent writes the records (tcp:// only).",
    )
    emf_queue_records_max: int = Field(
        10_000,
        validation_alias="ANB_EMF_QUEUE_RECORDS_MAX",
        ge=1,
        description="EMF records that may wait for a slow destination (~1 KB each). Above that, the oldest are "
        "dropped.",
    )
    log_level: str = Field(
        "INFO",
        validation_alias="ANB_LOG_LEVEL",
        pattern=r"^(DEBUG|INFO|WARNING|ERROR)$",
        description="Lowest level that is logged (JSON lines on stderr).",
    )
