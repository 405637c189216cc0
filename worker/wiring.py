"""Builds the worker's parts from its settings. All wiring of the worker is in this file."""

import logging
import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.deadlines import DEADLINES
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.jobs.promises import UploadPromises
from showcase.orphans import Orphans
from showcase.periodic import Periodic
from showcase.places import check_places
from showcase.settings import MIB
from showcase.storage.media_store import MediaStore
from showcase.uploads.direct_uploads import forget_old
from telemetry.catalogue import SWEEP, WORKER, WORKER_HEARTBEAT
from telemetry.publications import record_publications
from telemetry.recorder import Recorder, open_process_recorder
from worker.backlog import BacklogPublisher, build_publisher
from worker.breaker import Breaker
from worker.ec2.host import Host, find_host
from worker.ec2.lifecycle import Protection
from worker.heartbeat import Heartbeat, Turn
from worker.job import JobHandler, JobLimits
from worker.loop import WorkerLoop
from worker.media.artwork import find_artwork
from worker.media.confinement import Limits, find_confinement
from worker.media.encoder import find_encoder
from worker.media.prepared_artwork import prepare_artwork
from worker.media.transcode import Transcoder
from worker.settings import WorkerSettings
from worker.workspace import Workspace

RESULT_BYTES_MAX = 256 * MIB

log = logging.getLogger(__name__)


class BackgroundPart(Protocol):
    """A part that runs in a thread of its own beside the loop."""

    def start(self) -> None:
        """Start the thread."""

    def stop(self) -> None:
        """End the thread, and wait until it has ended."""


@dataclass(frozen=True, slots=True)
class Worker:
    """The parts of one worker process."""

    host: Host
    database: Database
    recorder: Recorder
    workspace: Workspace
    heartbeat: Heartbeat
    loop: WorkerLoop
    sweepers: tuple[Periodic, ...]
    publishers: tuple[BacklogPublisher, ...]

    @property
    def background_parts(self) -> tuple[BackgroundPart, ...]:
        return (self.heartbeat, *self.sweepers, *self.publishers, self.host.watch)

    def close(self) -> None:
        self.workspace.close()
        self.database.close()
        self.recorder.close()


def build_worker(settings: WorkerSettings) -> Worker:
    """Build and check all parts, without starting them. Raises SettingsError, Unavailable or OSError."""
    recorder = open_process_recorder(settings, WORKER)
    database = Database(settings.database_url, pool_size=settings.slots + 5)
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url, poll_seconds=settings.poll_seconds)
    media = MediaStore(aws, settings.bucket)
    check_places(
        {
            "sqs_queue_url": queue.ping,
            "sqs_dead_letter_queue_url": queue.ping_dead_letters,
            "ANB_BUCKET": media.ping,
        }
    )
    transcoder = build_transcoder(settings)  # after the checks, because it may encode the bumpers
    workspace = Workspace(settings.work_directory)
    host = find_host(settings, aws)
    touch = host.liveness.touch
    heartbeat = _build_heartbeat(settings, database, queue, recorder, lambda: touch("heartbeat"))
    handler = JobHandler(
        name=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
        database=database,
        queue=queue,
        media=media,
        heartbeat=heartbeat,
        transcoder=transcoder,
        recorder=recorder,
        limits=JobLimits(settings.lease_seconds, settings.attempts_max),
        workspace=workspace,
    )
    member = host.member if settings.scale_in_protection else None
    loop = WorkerLoop(
        queue,
        handler,
        Breaker([database, media, workspace, queue, transcoder], lambda: touch("poller")),
        slots=settings.slots,
        on_turn=lambda: touch("poller"),
        gate=Protection(member, queue.has_work) if member else None,
    )
    sweepers = _build_sweepers(settings, database, queue, media, workspace, recorder)
    publishers = (build_publisher(settings, aws, queue, database, recorder),) if settings.publishes_backlog else ()
    return Worker(host, database, recorder, workspace, heartbeat, loop, sweepers, publishers)


def build_transcoder(settings: WorkerSettings) -> Transcoder:
    """Find and check all that encoding needs, and log the choice. Raises SettingsError, Unavailable or OSError."""
    encoder = find_encoder(settings.ffmpeg)
    confinement = find_confinement()
    log.info("ffmpeg %s (%s); confinement %s", encoder.version, encoder.origin, confinement.describe())
    files = find_artwork(settings.watermark, settings.opening_bumper, settings.closing_bumper)
    artwork = prepare_artwork(encoder, confinement, files, settings.work_directory / "bumpers")
    limits = Limits(
        wall_seconds=settings.job_seconds_max,
        stall_seconds=settings.stall_seconds_max,
        memory_bytes=settings.ffmpeg_memory_bytes_max,
        cpu_seconds=round(settings.job_seconds_max * (os.cpu_count() or 1)),
        file_bytes=RESULT_BYTES_MAX,
    )
    return Transcoder(encoder, confinement, limits, artwork, settings.ffmpeg_threads)


def _build_heartbeat(
    settings: WorkerSettings, database: Database, queue: JobQueue, recorder: Recorder, on_alive: Callable[[], None]
) -> Heartbeat:
    def record_turn(turn: Turn) -> None:
        on_alive()
        metrics = {
            "WorkerHeartbeat": 1,
            "BusySlots": turn.jobs,
            "OldestJobAge": round(turn.oldest_job_seconds, 1),
            "StillJobs": turn.still_jobs,
            "HeartbeatFailures": turn.failed_renewals,
        }
        recorder.record(WORKER_HEARTBEAT, metrics)

    return Heartbeat(
        database,
        queue,
        interval_seconds=settings.heartbeat_seconds,
        lease_seconds=settings.lease_seconds,
        visibility_seconds=settings.visibility_timeout_seconds,
        job_seconds=settings.job_seconds_max + DEADLINES["job, beside its encode"].seconds,
        on_turn=record_turn,
    )


def _build_sweepers(
    settings: WorkerSettings,
    database: Database,
    queue: JobQueue,
    media: MediaStore,
    workspace: Workspace,
    recorder: Recorder,
) -> tuple[Periodic, Periodic]:
    """The sweeper, which judges uploads and sends lost messages again, and the housekeeping. Each turn is recorded."""
    outbox = Outbox(database, queue, settings.bucket)
    promises = UploadPromises(database, settings.publish_within_seconds)
    orphans = Orphans(database, media, age_seconds=settings.orphan_age_seconds)

    def judge_and_send(is_stopping: Callable[[], bool]) -> None:
        if judged := promises.judge():
            record_publications(recorder, due=judged.due, late=judged.late, late_videos=judged.late_videos)
        recorder.record(SWEEP, {"MessagesResent": outbox.sweep(is_stopping)})

    def keep_house(is_stopping: Callable[[], bool]) -> None:
        folders = workspace.sweep()
        with database.writing() as connection:
            abandoned = forget_old(connection)
        orphaned = 0 if is_stopping() else orphans.sweep(is_stopping)
        removed = {"FoldersRemoved": folders, "UploadsAbandoned": abandoned, "OrphansRemoved": orphaned}
        recorder.record(SWEEP, removed)

    return (
        Periodic("outbox-sweeper", settings.outbox_interval_seconds, judge_and_send),
        Periodic("housekeeping", settings.housekeeping_seconds, keep_house),
    )
