"""Settings of the worker. showcase/settings.py reads them."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from showcase.settings import INTERVAL_SECONDS_MIN, MIB, ServedSettings
from telemetry.settings import TelemetrySettings


class WorkerSettings(ServedSettings, TelemetrySettings):
    """The settings that only the worker needs."""

    slots: int = Field(
        2,
        validation_alias="ANB_WORKER_SLOTS",
        ge=1,
        le=64,
        description="Videos processed at the same time. Two single-threaded encodes are 9 % faster than one with "
        "two threads.",
    )
    attempts_max: int = Field(
        5,
        validation_alias="ANB_ATTEMPTS_MAX",
        ge=1,
        le=100,
        description="Attempts, counted in the database, after which a video fails. Interrupted attempts do not count.",
    )
    lease_seconds: int = Field(
        60,
        validation_alias="ANB_LEASE_SECONDS",
        ge=2,
        description="How long a claim on a video lasts without a heartbeat.",
    )
    heartbeat_seconds: float = Field(
        15.0,
        validation_alias="ANB_HEARTBEAT_SECONDS",
        ge=INTERVAL_SECONDS_MIN,
        description="How often the heartbeat renews leases and visibility; at most a third of either.",
    )
    poll_seconds: int = Field(
        20,
        validation_alias="ANB_POLL_SECONDS",
        ge=0,
        le=20,
        description="How long one poll of the queue waits for a message (long polling).",
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
        description="An encode that makes no progress for this long is killed.",
    )
    work_directory: Path = Field(
        Path(".local/work"),
        validation_alias="ANB_WORK_DIRECTORY",
        description="Folder for temporary files. Each job has a folder in it.",
    )
    housekeeping_seconds: float = Field(
        600.0,
        validation_alias="ANB_HOUSEKEEPING_SECONDS",
        ge=INTERVAL_SECONDS_MIN,
        description="How often orphan objects, unfinished uploads and folders of dead workers are removed.",
    )
    orphan_age_seconds: float = Field(
        86_400.0,
        validation_alias="ANB_ORPHAN_AGE_SECONDS",
        ge=0,
        description="Objects younger than this are never removed as orphans. Longer than any upload or job may take.",
    )
    ffmpeg: Path | None = Field(
        None,
        validation_alias="ANB_FFMPEG",
        description="ffmpeg to use; empty: the system's if it is good enough, else that of the package imageio-ffmpeg.",
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
        description="Address space of one encode. 4K HEVC needs 1.5 GB of it, and 0.34 GB of memory.",
    )
    watermark: Path | None = Field(
        None,
        validation_alias="ANB_WATERMARK",
        description="PNG of at most 1280x720 pixels that is drawn over the clip; empty: the watermark of this project.",
    )
    opening_bumper: Path | None = Field(
        None,
        validation_alias="ANB_OPENING_BUMPER",
        description="Video (MP4, MOV, MKV, WebM) or picture (PNG, JPEG, WebP) that is shown for 2.5 s before the clip; "
        "empty: the one of this project.",
    )
    closing_bumper: Path | None = Field(
        None,
        validation_alias="ANB_CLOSING_BUMPER",
        description="Like ANB_OPENING_BUMPER, after the clip; empty: the one of this project.",
    )

    metadata_url: str | None = Field(
        None,
        validation_alias="ANB_METADATA_URL",
        pattern=r"^http://[^/\s]+$",
        description="EC2 instance metadata, http://169.254.169.254 on EC2; empty: not an EC2 instance.",
    )
    metadata_seconds: float = Field(
        5.0,
        validation_alias="ANB_METADATA_SECONDS",
        ge=INTERVAL_SECONDS_MIN,
        description="How often the worker reads in the metadata whether this instance must stop. Spot warns 2 min "
        "before.",
    )
    auto_scaling_group: str | None = Field(
        None, validation_alias="ANB_AUTO_SCALING_GROUP", description="Auto Scaling group of this instance."
    )
    backlog_interval_seconds: float = Field(
        60.0,
        validation_alias="ANB_BACKLOG_INTERVAL_SECONDS",
        ge=INTERVAL_SECONDS_MIN,
        description="How often backlog, queue depths and number of workers are published; a minute for the scaling "
        "policy.",
    )
    publishes_backlog: bool = Field(
        True,
        validation_alias="ANB_PUBLISH_BACKLOG",
        description="Whether the worker publishes them. If not, run python -m worker.backlog somewhere.",
    )
    lifecycle_hook: str | None = Field(
        None,
        validation_alias="ANB_LIFECYCLE_HOOK",
        description="Termination hook of the group, which waits until this worker has drained; empty: none.",
    )
    scale_in_protection: bool = Field(
        False,
        validation_alias="ANB_SCALE_IN_PROTECTION",
        description="Whether this instance is protected from scale-in while it works. Otherwise its jobs end or are "
        "handed back.",
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
    def _attempts_end_before_the_redrive(self) -> Self:
        if self.attempts_max > self.receive_count_max:
            raise ValueError("ANB_ATTEMPTS_MAX must be at most sqs_max_receive_count")
        return self

    @model_validator(mode="after")
    def _options_of_a_group_need_group_and_metadata(self) -> Self:
        for variable, wanted in (
            ("ANB_LIFECYCLE_HOOK", self.lifecycle_hook),
            ("ANB_SCALE_IN_PROTECTION", self.scale_in_protection),
        ):
            if wanted and not (self.auto_scaling_group and self.metadata_url):
                raise ValueError(f"{variable} needs ANB_AUTO_SCALING_GROUP and ANB_METADATA_URL")
        return self
