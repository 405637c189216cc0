"""Settings: the only reader of the environment. Read once at start, frozen, checked, documented in .env.example.

Every field names its variable (letter case does not matter) and has a default that runs on a laptop,
or none where a default would be dangerous. The ``sqs_*`` variables keep the names of the migration plan.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from showcase.errors import SettingsError

MIB = 1024 * 1024


def _without_trailing_slash(url: str) -> str:
    return url.rstrip("/")


Url = Annotated[str, Field(pattern=r"^https?://[^/\s]+"), AfterValidator(_without_trailing_slash)]


class DatabaseSettings(BaseSettings):
    """What the migrations need."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    database_url: str = Field(
        "sqlite:///.local/anb.db",
        validation_alias="ANB_DATABASE_URL",
        pattern=r"^(sqlite:///.+|postgresql(\+psycopg2)?://.+)$",
        description="SQLAlchemy URL: sqlite:///path or postgresql://user:password@host/name.",
    )


class SharedSettings(DatabaseSettings):
    """What both processes need: database, queue, storage."""

    queue_url: Url = Field(validation_alias="sqs_queue_url", description="URL of the SQS queue of clips to process.")
    dead_letter_queue_url: Url = Field(
        validation_alias="sqs_dead_letter_queue_url",
        description="URL of the queue for messages that nobody can understand or that keep failing.",
    )
    region: str = Field("us-east-1", validation_alias="sqs_region", description="AWS region.")
    visibility_timeout_seconds: int = Field(
        60,
        validation_alias="sqs_visibility_timeout",
        ge=2,
        le=43_200,
        description="How long a received message stays hidden. Short: a heartbeat renews it.",
    )
    receive_count_max: int = Field(
        20,
        validation_alias="sqs_max_receive_count",
        ge=1,
        le=1000,
        description="Redrive policy of the queue (the doctor compares). Far above ANB_ATTEMPTS_MAX: a message that is "
        "handed back because a worker stops or the database is away is received again, and nobody's fault.",
    )
    bucket: str = Field(validation_alias="ANB_BUCKET", min_length=3, description="S3 bucket of all clips.")
    aws_endpoint_url: Url | None = Field(
        None, validation_alias="ANB_AWS_ENDPOINT_URL", description="Emulator instead of AWS; empty on AWS."
    )
    outbox_interval_seconds: float = Field(
        15.0,
        validation_alias="ANB_OUTBOX_INTERVAL_SECONDS",
        gt=0,
        description="How often the sweeper looks for accepted videos whose message must be sent (again).",
    )


class ServedSettings(SharedSettings):
    """What systemd tells the processes that it runs."""

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
        description="Longest silence that the service manager bears. systemd sets it for WatchdogSec=.",
    )


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process: this process' own, with some variables set."""
    return {**os.environ, **overrides}


def set_environment(variables: Mapping[str, str]) -> None:
    """Set variables of this process, for libraries that read their own: boto3's credentials on a laptop."""
    os.environ.update(variables)


S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S], env_file: Path | None = Path(".env")) -> S:
    """Read the settings of one process from the environment, and from ``env_file`` where it exists.

    Raises SettingsError with one line for each variable that is missing or wrong; never with its value.
    """
    try:
        return kind(_env_file=env_file)
    except ValidationError as error:
        lines = [_explain(str(fault["loc"][0]) if fault["loc"] else "", fault["msg"]) for fault in error.errors()]
        raise SettingsError("The settings are not usable (see .env.example):\n" + "\n".join(lines)) from None


def _explain(variable: str, message: str) -> str:
    return f"  {variable}: {message}" if variable else f"  {message.removeprefix('Value error, ')}"
