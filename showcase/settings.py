"""Settings: read from the environment once at start, checked, frozen, and documented in .env.example.

No other module reads the environment. Every field names its variable (letter case does not matter) and has a default
that works on a laptop, except where a default would be dangerous. The ``sqs_*`` variables keep the names of the
migration plan.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from showcase.deadlines import DEADLINES
from showcase.errors import SettingsError

MIB = 1024 * 1024
INTERVAL_SECONDS_MIN = 0.05  # of work that a thread repeats: a shorter interval would take a whole core


Url = Annotated[str, Field(pattern=r"^https?://[^/\s]+"), AfterValidator(lambda url: url.rstrip("/"))]


class DatabaseSettings(BaseSettings):
    """The settings of the migrations."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    database_url: str = Field(
        "sqlite:///.local/anb.db",
        validation_alias="ANB_DATABASE_URL",
        pattern=r"^(sqlite:///.+|postgresql(\+psycopg2)?://.+)$",
        description="SQLAlchemy URL: sqlite:///path or postgresql://user:password@host/name.",
    )


class SharedSettings(DatabaseSettings):
    """Settings that the API and the worker share: database, queue, storage."""

    queue_url: Url = Field(validation_alias="sqs_queue_url", description="URL of the SQS queue of clips to process.")
    dead_letter_queue_url: Url = Field(
        validation_alias="sqs_dead_letter_queue_url",
        description="URL of the queue for messages that cannot be read or that keep failing.",
    )
    region: str = Field("us-east-1", validation_alias="sqs_region", description="AWS region.")
    visibility_timeout_seconds: int = Field(
        60,
        validation_alias="sqs_visibility_timeout",
        ge=2,
        le=43_200,
        description="How long a received message stays hidden. It can be short, because a heartbeat renews it.",
    )
    receive_count_max: int = Field(
        20,
        validation_alias="sqs_max_receive_count",
        ge=1,
        le=1000,
        description="Receives after which SQS moves a message to the dead-letter queue; the queue must have the same. "
        "Far above ANB_ATTEMPTS_MAX, because a message that is handed back is received again although nothing failed.",
    )
    bucket: str = Field(validation_alias="ANB_BUCKET", min_length=3, description="S3 bucket of all clips.")
    aws_endpoint_url: Url | None = Field(
        None, validation_alias="ANB_AWS_ENDPOINT_URL", description="Endpoint of an emulator of AWS; empty on AWS."
    )
    outbox_interval_seconds: float = Field(
        15.0,
        validation_alias="ANB_OUTBOX_INTERVAL_SECONDS",
        ge=INTERVAL_SECONDS_MIN,
        description="How often the sweeper looks for accepted videos whose message must be sent (again).",
    )
    publish_within_seconds: float = Field(
        300.0,
        validation_alias="ANB_PUBLISH_WITHIN_SECONDS",
        ge=DEADLINES["database transaction"].seconds,  # an upload must be visible when it is judged
        description="A video is promised to be published so long after its upload. UploadsLate counts the others.",
    )


class ServedSettings(SharedSettings):
    """Variables that systemd sets for the processes that it runs."""

    notify_socket: str | None = Field(
        None,
        validation_alias="NOTIFY_SOCKET",
        pattern=r"^[/@].",
        description="Socket of the service manager: a path or @abstract. systemd sets it for Type=notify.",
    )
    watchdog_usec: int | None = Field(
        None,
        validation_alias="WATCHDOG_USEC",
        gt=0,
        description="Microseconds after which systemd ends a process that does not report. systemd sets it for "
        "WatchdogSec=.",
    )


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with some variables changed, for a child process."""
    return {**os.environ, **overrides}


def set_environment(variables: Mapping[str, str]) -> None:
    """Set variables of this process for a library that reads them: on a laptop, boto3 reads its credentials there."""
    os.environ.update(variables)


S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S], env_file: Path | None = Path(".env")) -> S:
    """Read the settings of one process from the environment, and from ``env_file`` where it exists.

    Raises SettingsError with a line for each variable that is missing or wrong. The lines never quote values.
    """
    try:
        return kind(_env_file=env_file)
    except ValidationError as error:
        lines = [
            f"  {fault['loc'][0]}: {fault['msg']}"
            if fault["loc"]
            else f"  {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise SettingsError("The settings are not usable (see .env.example):\n" + "\n".join(lines)) from None
