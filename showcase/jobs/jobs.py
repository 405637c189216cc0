"""The processing of a video as states of its row.

Every change is one guarded UPDATE whose row count is looked at. A claim takes a new *fence* (a number
that only rises) and a *lease* with a deadline in database time; every later write of that job compares
the fence, so a worker that slept through its lease changes nothing. Walk through: docs/ARCHITECTURE.md.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Float,
    Select,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from showcase.database.engine import database_time
from showcase.database.tables import Video, VideoStatus

LEASE_GRACE_SECONDS = 10.0  # after an expired lease, before the sweeper sends the message again
REOPENED_SECONDS = 10.0  # what whoever reopens has to send the message itself, before the sweeper does
GAVE_UP = "processing_failed"  # failure code of a video whose attempts are used up, for reasons of ours


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to process one video until the lease ends. Times are the database's."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    fence: int
    attempt: int
    original_key: str
    original_bytes: int
    original_crc32: int | None
    request_id: str
    uploaded_at: datetime
    enqueued_at: datetime | None
    claimed_at: datetime


class ClaimRefusal(StrEnum):
    """Why a message gives no right to work."""

    GONE = "gone"  # deleted, or another generation of the video: nothing to do
    SETTLED = "settled"  # processed or failed already: a duplicate
    BUSY = "busy"  # another worker holds a live lease: the message is the retry ticket, keep it
    EXHAUSTED = "exhausted"  # all attempts are used up


def claim(
    connection: Connection,
    video_id: uuid.UUID,
    task_id: uuid.UUID,
    *,
    worker: str,
    lease_seconds: float,
    attempts_max: int,
) -> Claim | ClaimRefusal:
    """Take the video for this worker, or say why not."""
    bound = {
        "claimed_video": video_id,
        "claimed_task": task_id,
        "claiming_worker": worker,
        "lease_seconds": lease_seconds,
        "attempts_max": attempts_max,
    }
    row = connection.execute(_claiming(), bound).one_or_none()
    return Claim(**row._mapping) if row else _why_not(connection, video_id, task_id, attempts_max)


# The statements of every job are put together once: that costs three times as much as executing them.


@cache
def _claiming() -> ReturningUpdate[*tuple[Any, ...]]:
    lease_seconds = bindparam("lease_seconds", type_=Float())
    return (
        update(Video)
        .where(
            Video.id == bindparam("claimed_video"),
            Video.task_id == bindparam("claimed_task"),
            _free(),
            Video.attempts < bindparam("attempts_max"),
        )
        .values(
            status=VideoStatus.PROCESSING,
            fence=Video.fence + 1,
            attempts=Video.attempts + 1,
            worker=bindparam("claiming_worker"),
            progress_percent=0,
            lease_until=database_time(lease_seconds),
            message_due_at=database_time(lease_seconds + LEASE_GRACE_SECONDS),
        )
        .returning(
            Video.id.label("video_id"),
            Video.task_id,
            Video.fence,
            Video.attempts.label("attempt"),
            Video.original_key,
            Video.original_bytes,
            Video.original_crc32,
            Video.request_id,
            Video.uploaded_at,
            Video.enqueued_at,
            database_time().label("claimed_at"),
        )
    )


def _free() -> ColumnElement[bool]:
    """Waiting for a worker: never claimed, handed back, or left by a worker that died."""
    dropped = and_(Video.status == VideoStatus.PROCESSING, Video.lease_until < database_time())
    return or_(Video.status == VideoStatus.UPLOADED, dropped)


def _why_not(connection: Connection, video_id: uuid.UUID, task_id: uuid.UUID, attempts_max: int) -> ClaimRefusal:
    row = connection.execute(_looking(), {"claimed_video": video_id, "claimed_task": task_id}).one_or_none()
    if row is None:
        return ClaimRefusal.GONE
    if row.status in (VideoStatus.PROCESSED, VideoStatus.FAILED):
        return ClaimRefusal.SETTLED
    # A row that has become free since the claim looked at it has attempts left: the message is still needed.
    is_exhausted = row.attempts >= attempts_max and not row.leased
    return ClaimRefusal.EXHAUSTED if is_exhausted else ClaimRefusal.BUSY


@cache
def _looking() -> Select[str, int, bool]:
    leased = and_(Video.status == VideoStatus.PROCESSING, Video.lease_until >= database_time())
    return select(Video.status, Video.attempts, leased.label("leased")).where(
        Video.id == bindparam("claimed_video"), Video.task_id == bindparam("claimed_task")
    )


def _held(video_id: uuid.UUID | BindParameter[uuid.UUID], fence: int | BindParameter[int]) -> ColumnElement[bool]:
    return and_(Video.id == video_id, Video.fence == fence, Video.status == VideoStatus.PROCESSING)


def _by_the_claim() -> ColumnElement[bool]:
    return _held(bindparam("held_video"), bindparam("held_fence"))


def renew_leases(
    connection: Connection, held: Iterable[tuple[uuid.UUID, int]], *, lease_seconds: float
) -> set[tuple[uuid.UUID, int]]:
    """Prolong the leases of ``(video id, fence)`` pairs; return those that are still held."""
    renewed = connection.execute(
        update(Video)
        .where(tuple_(Video.id, Video.fence).in_(list(held)), Video.status == VideoStatus.PROCESSING)
        .values(
            lease_until=database_time(lease_seconds),
            message_due_at=database_time(lease_seconds + LEASE_GRACE_SECONDS),
        )
        .returning(Video.id, Video.fence)
    )
    return {(row.id, row.fence) for row in renewed}


def report_progress(connection: Connection, claim: Claim, percent: int) -> bool:
    """Show the owner how far the job is. False if the claim no longer holds."""
    bound = {"held_video": claim.video_id, "held_fence": claim.fence, "percent": percent}
    return connection.execute(_showing(), bound).rowcount == 1


@cache
def _showing() -> Update:
    return update(Video).where(_by_the_claim()).values(progress_percent=bindparam("percent"))


def exists(connection: Connection, claim: Claim) -> bool:
    """False once the owner has deleted the video."""
    found = connection.execute(select(Video.id).where(Video.id == claim.video_id)).one_or_none()
    return found is not None


_SETTLED: dict[str, Any] = {"lease_until": None, "message_due_at": None, "worker": None}


def finish(connection: Connection, claim: Claim, processed_key: str) -> datetime | None:
    """Publish the result: its object becomes *the* result. None if the claim no longer holds."""
    bound = {"held_video": claim.video_id, "held_fence": claim.fence, "result_key": processed_key}
    return connection.execute(_finishing(), bound).scalar_one_or_none()


@cache
def _finishing() -> ReturningUpdate[datetime | None]:
    return (
        update(Video)
        .where(_by_the_claim())
        .values(
            status=VideoStatus.PROCESSED,
            processed_key=bindparam("result_key"),
            processed_at=database_time(),
            progress_percent=100,
            **_SETTLED,
        )
        .returning(Video.processed_at)
    )


def fail(connection: Connection, claim: Claim, *, code: str, reason: str) -> bool:
    """Give the video up for good, with a reason that its owner reads. False if the claim no longer holds."""
    result = connection.execute(
        update(Video)
        .where(_held(claim.video_id, claim.fence))
        .values(status=VideoStatus.FAILED, failure_code=code, failure_reason=reason, **_SETTLED)
    )
    return result.rowcount == 1


def fail_exhausted(connection: Connection, video_id: uuid.UUID, *, attempts_max: int, code: str, reason: str) -> bool:
    """Give up a video whose last attempt never ended. False if somebody holds or settled it meanwhile."""
    result = connection.execute(
        update(Video)
        .where(Video.id == video_id, _free(), Video.attempts >= attempts_max)
        .values(status=VideoStatus.FAILED, failure_code=code, failure_reason=reason, **_SETTLED)
    )
    return result.rowcount == 1


def hand_back(connection: Connection, claim: Claim, *, due_seconds: float, attempt_counts: bool) -> bool:
    """Return the video to the queue: the message will be received again within ``due_seconds``.

    An attempt that was interrupted by a drain or by an outage does not count. False if the claim no longer holds.
    """
    result = connection.execute(
        update(Video)
        .where(_held(claim.video_id, claim.fence))
        .values(
            status=VideoStatus.UPLOADED,
            attempts=Video.attempts - (0 if attempt_counts else 1),
            lease_until=None,
            worker=None,
            progress_percent=0,
            message_due_at=database_time(due_seconds),
        )
    )
    return result.rowcount == 1


def reopen(connection: Connection, video_id: uuid.UUID, task_id: uuid.UUID, *, code: str) -> bool:
    """Give a failed video all its attempts again. False unless it is failed, with this code.

    From the commit on it will be processed, like an accepted upload; sending its message makes it faster.
    """
    result = connection.execute(
        update(Video)
        .where(
            Video.id == video_id,
            Video.task_id == task_id,
            Video.status == VideoStatus.FAILED,
            Video.failure_code == code,
        )
        .values(
            status=VideoStatus.UPLOADED,
            attempts=0,
            progress_percent=0,
            failure_code=None,
            failure_reason=None,
            enqueued_at=database_time(),  # its wait begins anew: the days before are nobody's backlog
            message_due_at=database_time(REOPENED_SECONDS),
        )
    )
    return result.rowcount == 1


@dataclass(frozen=True, slots=True)
class JobState:
    """What became of a video's job."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    status: str
    failure_code: str | None
    original_key: str
    uploaded_at: datetime
    request_id: str


def job_states(connection: Connection, video_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, JobState]:
    """The states of these videos, by id; those that do not exist are left out."""
    rows = connection.execute(
        select(
            Video.id.label("video_id"),
            Video.task_id,
            Video.status,
            Video.failure_code,
            Video.original_key,
            Video.uploaded_at,
            Video.request_id,
        ).where(Video.id.in_(set(video_ids)))
    )
    return {row.video_id: JobState(**row._mapping) for row in rows}


def oldest_wait_seconds(connection: Connection) -> float:
    """For how long the oldest video without a worker has been queued; 0 if there is none.

    A video whose worker died waits too, since it was first queued. Database time.
    """
    queued_at = func.coalesce(Video.enqueued_at, Video.uploaded_at)
    row = connection.execute(
        select(func.min(queued_at).label("oldest"), database_time().label("now")).where(_free())
    ).one()
    return max(0.0, (row.now - row.oldest).total_seconds()) if row.oldest else 0.0
