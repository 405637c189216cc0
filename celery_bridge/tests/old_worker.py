"""The old system's worker in small: ``celery -A celery_bridge.tests.old_worker worker``.

Its task claims the video before it works on it, as docs/SQS_MIGRATION.md asks before both systems run side by side.
And it never drops its ticket before the video is settled: with Celery alone, nobody would write another one.
The line that it adds to OLD_WORKER_LEDGER for each video that it processed is what the tests count.
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
# Longer than the longest task, so that nobody must renew it. Well below the transport's visibility_timeout (1 h), too:
# a worker holds a ticket that waits for the end of a lease.
LEASE_SECONDS = float(os.environ.get("OLD_WORKER_LEASE_SECONDS", TASK_SECONDS_MAX + 60))
AGAIN_SECONDS = float(os.environ.get("OLD_WORKER_AGAIN_SECONDS", "30"))
ATTEMPTS_MAX = 5
GAVE_UP = "El video no se pudo procesar después de varios intentos."

log = logging.getLogger(__name__)
app = Celery("anb", broker=os.environ["ANB_CELERY_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    # The ticket stays in the broker until the task has ended, and goes back if its process is killed or too slow.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_acks_on_failure_or_timeout=False,
    task_time_limit=TASK_SECONDS_MAX,  # kept by the prefork pool
)
database = Database(os.environ["ANB_DATABASE_URL"], pool_size=1)
media = MediaStore(Aws(os.environ["OLD_WORKER_REGION"], os.environ["ANB_AWS_ENDPOINT_URL"]), os.environ["ANB_BUCKET"])
ledger = Path(os.environ["OLD_WORKER_LEDGER"])


def _process(task: Any, video_id: str) -> None:
    wanted = uuid.UUID(video_id)
    try:
        seconds = _attempt(wanted)
    except Exception:  # whatever it was, the ticket outlives it: attempts are counted in the row
        log.exception("video %s", video_id)
        seconds = LEASE_SECONDS
    if seconds is not None:
        _send_again(task, seconds)


def _attempt(video_id: uuid.UUID) -> float | None:
    """Seconds after which the ticket is needed again; None once the video is settled or gone."""
    claim = _claim(video_id)
    if isinstance(claim, jobs.Claim):
        try:
            return None if _produce(claim) else LEASE_SECONDS
        except Exception as error:
            log.exception("video %s", video_id)
            return _hand_back(claim, attempt_counts=not isinstance(error, Unavailable))
    if claim is jobs.ClaimRefusal.EXHAUSTED:
        return None if _give_up(video_id) else LEASE_SECONDS
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
    """Where the real task transcodes. False if the claim was lost meanwhile."""
    key = result_key(claim.video_id, claim.fence)
    with tempfile.TemporaryDirectory() as directory:
        clip = Path(directory) / "clip.mp4"
        media.download(claim.original_key, clip)
        media.put_file(key, clip)
    with database.writing() as connection:
        is_ours = jobs.finish(connection, claim, key) is not None
    if is_ours:
        with ledger.open("a") as lines:
            lines.write(f"{claim.video_id}\n")
    return is_ours


def _hand_back(claim: jobs.Claim, *, attempt_counts: bool) -> float | None:
    """Free the video for the next attempt, or fail it after the last."""
    with database.writing() as connection:
        if attempt_counts and claim.attempt >= ATTEMPTS_MAX:
            held = jobs.fail(connection, claim, code=jobs.GAVE_UP, reason=GAVE_UP)
            return None if held else LEASE_SECONDS
        due_seconds = AGAIN_SECONDS + LEASE_SECONDS
        jobs.hand_back(connection, claim, due_seconds=due_seconds, attempt_counts=attempt_counts)
    return AGAIN_SECONDS


def _give_up(video_id: uuid.UUID) -> bool:
    with database.writing() as connection:
        return jobs.fail_exhausted(connection, video_id, attempts_max=ATTEMPTS_MAX, code=jobs.GAVE_UP, reason=GAVE_UP)


def _send_again(task: Any, seconds: float) -> None:
    """Queue the ticket once more; this one goes back to the broker if that fails."""
    try:
        task.retry(countdown=seconds)
    except Reject as error:
        raise Reject(error.reason, requeue=True) from error


# Without max_retries: Celery would drop the ticket after so many, and the attempts in the row decide that.
process_video = app.task(bind=True, name="process_video", max_retries=None)(_process)
