"""The worker process: built from its settings, runs until a signal, drains."""

import logging
import os
import select
import signal
import socket
import sys
import uuid
from collections.abc import Callable

from showcase.aws import Aws
from showcase.database import Database
from showcase.errors import ShowcaseError
from showcase.job_queue import JobQueue
from showcase.media_store import MediaStore
from showcase.outbox import Outbox
from showcase.settings import MIB, WorkerSettings, read_settings
from showcase.sweeping import Sweeping
from showcase.tables import verify_schema
from telemetry.catalogue import OUTBOX_SWEEP, WORKER_HEARTBEAT
from telemetry.destinations import open_destination
from telemetry.logs import start_logging
from telemetry.recorder import Recorder, open_recorder
from worker.breaker import Breaker
from worker.bumpers import find_artwork, prepare_bumpers
from worker.confinement import Limits, find_confinement
from worker.encoder import find_encoder
from worker.heartbeat import Heartbeat
from worker.job import JobHandler, JobLimits
from worker.loop import WorkerLoop
from worker.transcode import Transcoder

RESULT_BYTES_MAX = 256 * MIB
ALIVE_LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


def main() -> int:
    """Run the worker; the exit code is 1 when it cannot start or its poller died, else 0."""
    try:
        settings = read_settings(WorkerSettings)
        start_logging(settings.log_level, "worker")
        transcoder = build_transcoder(settings)
        database = Database(settings.database_url, pool_size=settings.slots + 3)
        verify_schema(database)
        recorder = _open_recorder(settings)
    except (ShowcaseError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - said to whoever starts it, before there is a log
        return 1
    try:
        return run(settings, database, transcoder, recorder)
    finally:
        database.close()
        recorder.close()


def build_transcoder(settings: WorkerSettings) -> Transcoder:
    """Find and check everything that encoding needs; says in the log what was chosen."""
    encoder = find_encoder(settings.ffmpeg)
    confinement = find_confinement()
    log.info("ffmpeg %s (%s); confinement %s", encoder.version, encoder.origin, confinement.describe())
    artwork = find_artwork(settings.watermark, settings.opening_bumper, settings.closing_bumper)
    bumpers = prepare_bumpers(encoder, confinement, artwork, settings.work_directory / "bumpers")
    limits = Limits(
        wall_seconds=settings.job_seconds_max,
        stall_seconds=settings.stall_seconds_max,
        memory_bytes=settings.ffmpeg_memory_bytes_max,
        cpu_seconds=round(settings.job_seconds_max * (os.cpu_count() or 1)),
        file_bytes=RESULT_BYTES_MAX,
    )
    return Transcoder(encoder, confinement, limits, artwork.watermark, bumpers, settings.ffmpeg_threads)


def _open_recorder(settings: WorkerSettings) -> Recorder:
    return open_recorder(
        open_destination(settings.emf_destination),
        namespace=settings.metrics_namespace,
        service="worker",
        log_group=settings.emf_log_group,
        records_max=settings.emf_queue_records_max,
    )


def run(settings: WorkerSettings, database: Database, transcoder: Transcoder, recorder: Recorder) -> int:
    """Wire the parts, run until a signal, drain."""
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url, poll_seconds=settings.poll_seconds)
    media = MediaStore(aws, settings.bucket)
    heartbeat = Heartbeat(
        database,
        queue,
        interval_seconds=settings.heartbeat_seconds,
        lease_seconds=settings.lease_seconds,
        visibility_seconds=settings.visibility_timeout_seconds,
        on_turn=lambda busy, failures: recorder.record(
            WORKER_HEARTBEAT, {"WorkerHeartbeat": 1, "BusySlots": busy, "HeartbeatFailures": failures}
        ),
    )
    handler = JobHandler(
        name=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
        database=database,
        queue=queue,
        media=media,
        heartbeat=heartbeat,
        transcoder=transcoder,
        recorder=recorder,
        limits=JobLimits(settings.lease_seconds, settings.receive_count_max),
        work_directory=settings.work_directory,
    )
    loop = WorkerLoop(queue, handler, Breaker([database, media]), slots=settings.slots)
    sweeping = Sweeping(
        Outbox(database, queue, settings.bucket),
        settings.outbox_interval_seconds,
        lambda sent: recorder.record(OUTBOX_SWEEP, {"MessagesResent": sent}),
    )
    for part in (heartbeat, sweeping, loop):
        part.start()
    log.info("ready: %d slots", settings.slots)
    asked_to_stop = _wait_for_signal(loop.is_alive)
    loop.stop()
    loop.drain(settings.drain_seconds, heartbeat.interrupt_all)
    sweeping.stop()
    heartbeat.stop()
    log.info("stopped")
    return 0 if asked_to_stop else 1


def _wait_for_signal(is_alive: Callable[[], bool]) -> bool:
    """Sleep until SIGTERM or SIGINT (True), or until ``is_alive`` is no more (False).

    The signal only writes a byte to a pipe: a handler that took locks could deadlock with the thread it
    interrupts. Further signals change nothing.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)
    while is_alive():
        if select.select([reader], [], [], ALIVE_LOOK_SECONDS)[0]:
            return True
    log.error("the poller has died")
    return False
