"""Settings: the only reader of the environment. Read once at start, frozen, checked, documented in .env.example.

Every field names its variable (letter case does not matter) and has a default that runs on a laptop,
or none where a default would be dangerous. The ``sqs_*`` variables keep the names of the migration plan.
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from showcase.errors import SettingsError
from showcase.rate_limits import Limit, read_limit

MIB = 1024 * 1024


def _without_trailing_slash(url: str) -> str:
    return url.rstrip("/")


def _not_of_aws(namespace: str) -> str:
    if namespace.startswith("AWS/"):
        raise ValueError("namespaces that begin with AWS/ belong to AWS")
    return namespace


def _address_or_everybody(text: str) -> str:
    return text if text == "*" else str(ip_address(text))


def _request_limit(value: object) -> object:
    return read_limit(value) if isinstance(value, str) else value


def _redis(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        is_usable = (
            parts.scheme in ("redis", "rediss")
            and bool(parts.hostname)
            and parts.port != 0
            and re.fullmatch(r"/?|/\d+", parts.path) is not None
            and not parts.fragment
        )
    except ValueError:  # its text may quote the password
        is_usable = False
    if not is_usable:
        raise ValueError(
            "the broker must be redis://user:password@host:port/number, or rediss:// for TLS, with special characters "
            "of the password percent-encoded (%2F for /, %23 for #, %3F for ?)"
        )
    return url


MetricsNamespace = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.#/-]+$"), AfterValidator(_not_of_aws)]
EmfDestination = Annotated[str, Field(pattern=r"^(stdout|none|file:.+|tcp://[^:/]+:\d+)$")]
Url = Annotated[str, Field(pattern=r"^https?://[^/\s]+"), AfterValidator(_without_trailing_slash)]
TrustedProxy = Annotated[str, AfterValidator(_address_or_everybody)]
RequestLimit = Annotated[Limit | None, NoDecode, BeforeValidator(_request_limit)]
CeleryBroker = Annotated[SecretStr, AfterValidator(_redis)]
Origins = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s,]+(,https?://[^/\s,]+)*)$")]


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
    """What both processes need: database, queue, storage, telemetry."""

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
        description="Log group that the CloudWatch agent is told (tcp:// only).",
    )
    emf_queue_records_max: int = Field(
        10_000,
        validation_alias="ANB_EMF_QUEUE_RECORDS_MAX",
        ge=1,
        description="EMF records that may wait for a slow destination before the oldest are dropped (~1 KB each).",
    )
    outbox_interval_seconds: float = Field(
        15.0,
        validation_alias="ANB_OUTBOX_INTERVAL_SECONDS",
        gt=0,
        description="How often the sweeper looks for accepted videos whose message must be sent (again).",
    )
    log_level: str = Field(
        "INFO",
        validation_alias="ANB_LOG_LEVEL",
        pattern=r"^(DEBUG|INFO|WARNING|ERROR)$",
        description="Lowest level that is logged (JSON lines on stderr).",
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


class ApiSettings(ServedSettings):
    """What only the HTTP API needs."""

    jwt_secret: SecretStr = Field(
        validation_alias="ANB_JWT_SECRET",
        min_length=32,
        description="Signs the access tokens; at least 32 characters, from the secret store.",
    )
    jwt_secret_previous: SecretStr | None = Field(
        None,
        validation_alias="ANB_JWT_SECRET_PREVIOUS",
        min_length=32,
        description="Still accepted, never used to sign: the other secret while one is being replaced.",
    )
    token_seconds: int = Field(
        3600, validation_alias="ANB_TOKEN_SECONDS", ge=60, description="Life of an access token."
    )
    host: str = Field("127.0.0.1", validation_alias="ANB_API_HOST", description="Address to listen on.")
    port: int = Field(
        8080, validation_alias="ANB_API_PORT", ge=0, le=65_535, description="Port to listen on; 0 takes a free one."
    )
    threads: int = Field(
        8,
        validation_alias="ANB_API_THREADS",
        ge=1,
        le=64,
        description="Requests handled at once. Each upload in progress holds one, and about 10 MB.",
    )
    connections_max: int = Field(
        400,
        validation_alias="ANB_API_CONNECTIONS_MAX",
        ge=4,
        le=10_000,
        description="Connections open at once; more wait in the backlog. Each takes one or two file descriptors.",
    )
    connections_per_address_max: int = Field(
        100,
        validation_alias="ANB_API_CONNECTIONS_PER_ADDRESS_MAX",
        ge=0,
        description="Connections of one peer, but never of the trusted proxy; 0: no limit.",
    )
    header_bytes_max: int = Field(
        32 * 1024,
        validation_alias="ANB_API_HEADER_BYTES_MAX",
        ge=1024,
        description="Request line and headers together.",
    )
    head_seconds: float = Field(
        30.0,
        validation_alias="ANB_API_HEAD_SECONDS",
        gt=0,
        description="From the first byte of a request to the end of its headers, however it drips.",
    )
    body_seconds: float = Field(
        900.0,
        validation_alias="ANB_API_BODY_SECONDS",
        gt=0,
        description="From the headers to the end of the body: 100 MB take 800 s at 1 Mbit/s.",
    )
    body_grace_seconds: float = Field(
        30.0,
        validation_alias="ANB_API_BODY_GRACE_SECONDS",
        ge=0,
        description="A body may be as slow as it likes for so long; then its average counts.",
    )
    body_bytes_per_second_min: int = Field(
        8192,
        validation_alias="ANB_API_BODY_BYTES_PER_SECOND_MIN",
        ge=0,
        description="Slowest body on average after the grace.",
    )
    idle_seconds: float = Field(
        75.0,
        validation_alias="ANB_API_IDLE_SECONDS",
        gt=0,
        description="How long a connection is kept between requests; longer than the balancer's idle timeout.",
    )
    disk_free_bytes_min: int = Field(
        512 * MIB,
        validation_alias="ANB_DISK_FREE_BYTES_MIN",
        ge=0,
        description="No upload begins when the folder of temporary files could end up with less than this free.",
    )
    lame_duck_seconds: float = Field(
        0.0,
        validation_alias="ANB_API_LAME_DUCK_SECONDS",
        ge=0,
        description="After SIGTERM: fail readiness and serve on so long, until the balancer has noticed.",
    )
    drain_seconds: float = Field(
        60.0,
        validation_alias="ANB_API_DRAIN_SECONDS",
        ge=0,
        description="How long requests in flight may go on after that. The service manager must wait longer than both.",
    )
    trusted_proxy: TrustedProxy | None = Field(
        None,
        validation_alias="ANB_TRUSTED_PROXY",
        description="Peer whose X-Forwarded-For and -Proto are believed: an address, or * if only it can reach us.",
    )
    trusted_proxy_hops: int = Field(
        1,
        validation_alias="ANB_TRUSTED_PROXY_HOPS",
        ge=1,
        le=10,
        description="Proxies in a row before us: only so many last addresses of X-Forwarded-For count.",
    )
    upload_bytes_max: int = Field(
        100 * MIB, validation_alias="ANB_UPLOAD_BYTES_MAX", ge=1, description="Largest clip accepted, in bytes."
    )
    link_seconds: int = Field(
        900,
        validation_alias="ANB_LINK_SECONDS",
        ge=10,
        le=43_200,
        description="Life of a presigned link; one that was shown before may have half of it left.",
    )
    direct_upload_seconds: int = Field(
        21_600,
        validation_alias="ANB_DIRECT_UPLOAD_SECONDS",
        ge=60,
        le=604_800,
        description="Life of a direct upload, from its opening to its completion; its links are renewed meanwhile.",
    )
    own_vote_allowed: bool = Field(
        True, validation_alias="ANB_OWN_VOTE_ALLOWED", description="May players vote for their own video?"
    )
    cors_origins: Origins | None = Field(
        None,
        validation_alias="ANB_CORS_ORIGINS",
        description="Web pages of these origins may call the API: https://a.example,https://b.example, or *.",
    )

    # Requests at once, and again in each so many seconds, for all instances together; off: no limit.
    # An address is often a school or a whole mobile network: its limits only stop floods.
    limit_login_account: RequestLimit = Field(
        Limit(10, 60),
        validation_alias="ANB_LIMIT_LOGIN_ACCOUNT",
        description="Log-ins for one e-mail, right or wrong: slows down who guesses a password.",
    )
    limit_login_address: RequestLimit = Field(
        Limit(300, 60),
        validation_alias="ANB_LIMIT_LOGIN_ADDRESS",
        description="Log-ins from one address: what a small share of the hashing can bear.",
    )
    limit_signup_account: RequestLimit = Field(
        Limit(10, 60),
        validation_alias="ANB_LIMIT_SIGNUP_ACCOUNT",
        description="Sign-ups with one e-mail: each costs a hash, and says whether the e-mail is taken.",
    )
    limit_signup_address: RequestLimit = Field(
        Limit(200, 60),
        validation_alias="ANB_LIMIT_SIGNUP_ADDRESS",
        description="Sign-ups from one address: accounts are votes.",
    )
    limit_vote_account: RequestLimit = Field(
        Limit(60, 60),
        validation_alias="ANB_LIMIT_VOTE_ACCOUNT",
        description="Votes of one player, counted or not.",
    )
    limit_vote_address: RequestLimit = Field(
        Limit(1200, 60),
        validation_alias="ANB_LIMIT_VOTE_ADDRESS",
        description="Votes from one address.",
    )


class WorkerSettings(ServedSettings):
    """What only the worker needs."""

    slots: int = Field(
        2,
        validation_alias="ANB_WORKER_SLOTS",
        ge=1,
        le=64,
        description="Videos processed at once. Two single-threaded encodes beat one with two threads by 9 %.",
    )
    attempts_max: int = Field(
        5,
        validation_alias="ANB_ATTEMPTS_MAX",
        ge=1,
        le=100,
        description="Attempts that count (counted in the database) before a video is failed.",
    )
    lease_seconds: int = Field(
        60,
        validation_alias="ANB_LEASE_SECONDS",
        ge=2,
        description="How long a claim on a video holds without a heartbeat.",
    )
    heartbeat_seconds: float = Field(
        15.0,
        validation_alias="ANB_HEARTBEAT_SECONDS",
        gt=0,
        description="How often lease and visibility are renewed; at most a third of either.",
    )
    poll_seconds: int = Field(
        20, validation_alias="ANB_POLL_SECONDS", ge=0, le=20, description="Long poll of the queue."
    )
    drain_seconds: float = Field(
        120.0,
        validation_alias="ANB_DRAIN_SECONDS",
        ge=0,
        description="How long running jobs may go on after SIGTERM before they are handed back.",
    )
    job_seconds_max: float = Field(
        600.0, validation_alias="ANB_JOB_SECONDS_MAX", gt=0, description="Wall-clock limit of one encode."
    )
    stall_seconds_max: float = Field(
        30.0,
        validation_alias="ANB_STALL_SECONDS_MAX",
        gt=0,
        description="An encode that shows no progress for so long is killed.",
    )
    work_directory: Path = Field(
        Path(".local/work"), validation_alias="ANB_WORK_DIRECTORY", description="Scratch space; one folder a job."
    )
    housekeeping_seconds: float = Field(
        600.0,
        validation_alias="ANB_HOUSEKEEPING_SECONDS",
        gt=0,
        description="How often orphan objects, unfinished uploads and folders of dead workers are removed.",
    )
    orphan_age_seconds: float = Field(
        86_400.0,
        validation_alias="ANB_ORPHAN_AGE_SECONDS",
        ge=0,
        description="Objects younger than this are never orphans: longer than any upload or job may take.",
    )
    ffmpeg: Path | None = Field(
        None,
        validation_alias="ANB_FFMPEG",
        description="ffmpeg to use; empty: the system's if it is good enough, else the one of the wheel.",
    )
    ffmpeg_threads: int = Field(
        1,
        validation_alias="ANB_FFMPEG_THREADS",
        ge=0,
        le=64,
        description="Threads of one encode; 0 lets ffmpeg decide. One is best when all slots are busy.",
    )
    ffmpeg_memory_bytes_max: int = Field(
        2048 * MIB,
        validation_alias="ANB_FFMPEG_MEMORY_BYTES_MAX",
        ge=512 * MIB,
        description="Address space of one encode (4K HEVC needs 1.5 GB of it, and 0.34 GB of memory).",
    )
    watermark: Path | None = Field(
        None, validation_alias="ANB_WATERMARK", description="PNG drawn over the clip; empty: the project's own."
    )
    opening_bumper: Path | None = Field(
        None,
        validation_alias="ANB_OPENING_BUMPER",
        description="Video or still shown for 2.5 s before the clip; empty: the project's own.",
    )
    closing_bumper: Path | None = Field(
        None,
        validation_alias="ANB_CLOSING_BUMPER",
        description="Video or still shown for 2.5 s after the clip; empty: the project's own.",
    )

    metadata_url: str | None = Field(
        None,
        validation_alias="ANB_METADATA_URL",
        pattern=r"^http://[^/\s]+$",
        description="EC2 instance metadata, http://169.254.169.254 on EC2; empty: this is no EC2 instance.",
    )
    metadata_seconds: float = Field(
        5.0,
        validation_alias="ANB_METADATA_SECONDS",
        gt=0,
        description="How often the metadata is asked whether this instance must leave. Spot warns 2 min before.",
    )
    auto_scaling_group: str | None = Field(
        None, validation_alias="ANB_AUTO_SCALING_GROUP", description="Auto Scaling group of this instance."
    )
    backlog_interval_seconds: float = Field(
        60.0,
        validation_alias="ANB_BACKLOG_INTERVAL_SECONDS",
        gt=0,
        description="How often backlog, queue depths and workers are published; the scaling policy needs a minute.",
    )
    publishes_backlog: bool = Field(
        True,
        validation_alias="ANB_PUBLISH_BACKLOG",
        description="Does the worker publish them itself? If not, run python -m worker.backlog somewhere.",
    )
    lifecycle_hook: str | None = Field(
        None,
        validation_alias="ANB_LIFECYCLE_HOOK",
        description="Termination hook of the group that waits for this worker to drain; empty: none.",
    )
    scale_in_protection: bool = Field(
        False,
        validation_alias="ANB_SCALE_IN_PROTECTION",
        description="Protect this instance from scale-in while it works? The drain makes up for it otherwise.",
    )

    @model_validator(mode="after")
    def _heartbeat_fits_lease_and_visibility(self) -> Self:
        for variable, seconds in (
            ("ANB_LEASE_SECONDS", self.lease_seconds),
            ("sqs_visibility_timeout", self.visibility_timeout_seconds),
        ):
            if self.heartbeat_seconds > seconds / 3:
                raise ValueError(f"ANB_HEARTBEAT_SECONDS must be at most a third of {variable} ({seconds} s)")
        return self

    @model_validator(mode="after")
    def _attempts_end_before_the_queue_gives_up(self) -> Self:
        if self.attempts_max > self.receive_count_max:
            raise ValueError("ANB_ATTEMPTS_MAX must be at most sqs_max_receive_count")
        return self

    @model_validator(mode="after")
    def _a_member_knows_its_group_and_its_instance(self) -> Self:
        for variable, wanted in (
            ("ANB_LIFECYCLE_HOOK", self.lifecycle_hook),
            ("ANB_SCALE_IN_PROTECTION", self.scale_in_protection),
        ):
            if wanted and not (self.auto_scaling_group and self.metadata_url):
                raise ValueError(f"{variable} needs ANB_AUTO_SCALING_GROUP and ANB_METADATA_URL")
        return self


class CeleryBridgeSettings(SharedSettings):
    """What only the way between the old Celery queue and SQS needs."""

    celery_broker_url: CeleryBroker = Field(
        validation_alias="ANB_CELERY_BROKER_URL",
        description="Redis of the old Celery queue: redis://:password@host:6379/0, or rediss:// for TLS.",
    )
    celery_queue: str = Field(
        "celery", validation_alias="ANB_CELERY_QUEUE", min_length=1, description="Celery's queue of clips to process."
    )
    celery_task: str = Field(
        "process_video",
        validation_alias="ANB_CELERY_TASK",
        min_length=1,
        description="Name of the Celery task that processes a video; its only argument is the video's id.",
    )


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process: this process' own, with some variables set."""
    return {**os.environ, **overrides}


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
