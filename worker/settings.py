"""Settings of the worker. See showcase/settings.py for how they are read."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from showcase.settings import MIB, ServedSettings
from telemetry.settings import TelemetrySettings


class WorkerSettings(ServedSettings, TelemetrySettings):
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
