"""A small version of the old system's worker: ``celery -A celery_bridge.tests.old_worker worker``.

Its task claims the video before the work, as docs/SQS_MIGRATION.md requires before both systems run side by side. The
task stays in the queue until the video is settled, because Celery alone has no sweeper that would send another one.
For each processed video it adds a line to OLD_WORKER_LEDGER, which the tests count.
"""

import logging
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

from celery import Celery
from celery.exceptions import Reject

from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs import jobs
from showcase.storage.media_store import MediaStore
from showcase.videos import result_key

TASK_SECONDS_MAX = 600
# Longer than the longest task, so that no renewal is needed. Much shorter than the visibility_timeout of the transport
# (1 h), because a worker holds a task that waits for the end of a lease.
LEASE_SECONDS = float(os.environ.get("OLD_WORKER_LEASE_SECONDS", TASK_SECONDS_MAX + 60))
RETRY_SECONDS = float(os.environ.get("OLD_WORKER_RETRY_SECONDS", "30"))
ATTEMPTS_MAX = 5
ALL_ATTEMPTS_FAILED = "El video no se pudo procesar después de varios intentos."

log = logging.getLogger(__name__)
app = Celery("anb", broker=os.environ["ANB_CELERY_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    # The broker keeps the task until it has ended, and delivers it again if its process is killed or too slow.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_acks_on_failure_or_timeout=False,
    task_time_limit=TASK_SECONDS_MAX,  # only the prefork pool enforces it
)
database = Database(os.environ["ANB_DATABASE_URL"], pool_size=1)
media = MediaStore(Aws(os.environ["OLD_WORKER_REGION"], os.environ["ANB_AWS_ENDPOINT_URL"]), os.environ["ANB_BUCKET"])
ledger = Path(os.environ["OLD_WORKER_LEDGER"])


def _process(task: Any, video_id: str) -> None:
    parsed_id = uuid.UUID(video_id)
    try:
        seconds = _attempt(parsed_id)
    except Exception:  # after any error the task is queued again; the row counts the attempts
        log.exception("video %s", video_id)
        seconds = LEASE_SECONDS
    if seconds is not None:
        _send_again(task, seconds)


def _attempt(video_id: uuid.UUID) -> float | None:
    """Seconds until the task is needed again. None if the video is settled or gone."""
    claim = _claim(video_id)
    if isinstance(claim, jobs.Claim):
        try:
            return None if _produce(claim) else LEASE_SECONDS
        except Exception as error:
            log.exception("video %s", video_id)
            return _hand_back(claim, attempt_counts=not isinstance(error, Unavailable))
    if claim is jobs.ClaimRefusal.EXHAUSTED:
        return None if _fail_exhausted(video_id) else LEASE_SECONDS
    return LEASE_SECONDS if claim is jobs.ClaimRefusal.BUSY else None


def _claim(video_id: uuid.UUID) -> jobs.Claim | jobs.ClaimRefusal:
    with database.writing() as connection:
        state = jobs.job_states(connection, [video_id]).get(video_id)
        if state is None:
            return jobs.ClaimRefusal.GONE
        return jobs.claim(
            connection,
            video_id,
            state.task_id,
            worker="celery",
            lease_seconds=LEASE_SECONDS,
            attempts_max=ATTEMPTS_MAX,
        )


def _produce(claim: jobs.Claim) -> bool:
    """Store a copy as the result, instead of encoding. False if the claim was lost meanwhile."""
    key = result_key(claim.video_id, claim.fence)
    with tempfile.TemporaryDirectory() as directory:
        clip = Path(directory) / "clip.mp4"
        media.download(claim.original_key, clip)
        media.put_file(key, clip)
    with database.writing() as connection:
        is_held = jobs.finish(connection, claim, key) is not None
    if is_held:
        with ledger.open("a") as lines:
            lines.write(f"{claim.video_id}\n")
    return is_held


def _hand_back(claim: jobs.Claim, *, attempt_counts: bool) -> float | None:
    """Free the video for the next attempt, or fail it after the last one. Returns the same as ``_attempt``."""
    with database.writing() as connection:
        if attempt_counts and claim.attempt >= ATTEMPTS_MAX:
            held = jobs.fail(connection, claim, code=jobs.GAVE_UP, reason=ALL_ATTEMPTS_FAILED)
            return None if held else LEASE_SECONDS
        due_seconds = RETRY_SECONDS + LEASE_SECONDS
        jobs.hand_back(connection, claim, due_seconds=due_seconds, attempt_counts=attempt_counts)
    return RETRY_SECONDS


def _fail_exhausted(video_id: uuid.UUID) -> bool:
    with database.writing() as connection:
        return jobs.fail_exhausted(
            connection, video_id, attempts_max=ATTEMPTS_MAX, code=jobs.GAVE_UP, reason=ALL_ATTEMPTS_FAILED
        )


def _send_again(task: Any, seconds: float) -> None:
    """Queue the task again. If that fails, the broker delivers this one again."""
    try:
        task.retry(countdown=seconds)
    except Reject as error:
        raise Reject(error.reason, requeue=True) from error


# No max_retries, because Celery would then drop the task. The attempts in the row are the limit.
process_video = app.task(bind=True, name="process_video", max_retries=None)(_process)
