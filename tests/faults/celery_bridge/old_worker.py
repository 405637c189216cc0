"""The old system's worker in small: ``celery -A tests.faults.celery_bridge.old_worker worker``.

Its task claims the video before it works on it, as docs/SQS_MIGRATION.md asks before both systems run side by side.
The line that it adds to OLD_WORKER_LEDGER for each video that it processed is what the tests count.
"""

import io
import os
import uuid
from pathlib import Path

from celery import Celery

from showcase import jobs
from showcase.aws import Aws
from showcase.database import Database
from showcase.media_store import MediaStore
from showcase.videos import result_key
from tests.records import original_of

LEASE_SECONDS = 60.0
ATTEMPTS_MAX = 5

app = Celery("anb", broker=os.environ["ANB_CELERY_BROKER_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True, task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=1
)
database = Database(os.environ["ANB_DATABASE_URL"], pool_size=1)
media = MediaStore(Aws(os.environ["OLD_WORKER_REGION"], os.environ["ANB_AWS_ENDPOINT_URL"]), os.environ["ANB_BUCKET"])
ledger = Path(os.environ["OLD_WORKER_LEDGER"])


def _process(video_id: str) -> None:
    claim = _claim(uuid.UUID(video_id))
    if claim is None:
        return
    key = result_key(claim.video_id, claim.fence)
    media.put_stream(key, io.BytesIO(original_of(claim.video_id)))
    with database.writing() as connection:
        is_ours = jobs.finish(connection, claim, key) is not None
    if is_ours:
        with ledger.open("a") as lines:
            lines.write(f"{video_id}\n")


def _claim(video_id: uuid.UUID) -> jobs.Claim | None:
    with database.writing() as connection:
        state = jobs.job_states(connection, [video_id]).get(video_id)
        if state is None:
            return None
        claim = jobs.claim(
            connection,
            video_id,
            state.task_id,
            worker="celery",
            lease_seconds=LEASE_SECONDS,
            attempts_max=ATTEMPTS_MAX,
        )
    return claim if isinstance(claim, jobs.Claim) else None


process_video = app.task(name="process_video")(_process)
