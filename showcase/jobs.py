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
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_, update

from showcase.database import database_time
from showcase.tables import Video, VideoStatus

LEASE_GRACE_SECONDS = 10.0  # after an expired lease, before the sweeper sends the message again


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to process one video until the lease ends. Times are the database's."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    fence: int
    attempt: int
    original_key: str
    original_bytes: int
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
    free = or_(
        Video.status == VideoStatus.UPLOADED,
        and_(Video.status == VideoStatus.PROCESSING, Video.lease_until < database_time()),
    )
    row = connection.execute(
        update(Video)
        .where(Video.id == video_id, Video.task_id == task_id, free, Video.attempts < attempts_max)
        .values(
            status=VideoStatus.PROCESSING,
            fence=Video.fence + 1,
            attempts=Video.attempts + 1,
            worker=worker,
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
            Video.request_id,
            Video.uploaded_at,
            Video.enqueued_at,
            database_time().label("claimed_at"),
        )
    ).one_or_none()
    return Claim(**row._mapping) if row else _why_not(connection, video_id, task_id)


def _why_not(connection: Connection, video_id: uuid.UUID, task_id: uuid.UUID) -> ClaimRefusal:
    leased = and_(Video.status == VideoStatus.PROCESSING, Video.lease_until >= database_time())
    row = connection.execute(
        select(Video.status, leased.label("leased")).where(Video.id == video_id, Video.task_id == task_id)
    ).one_or_none()
    if row is None:
        return ClaimRefusal.GONE
    if row.status in (VideoStatus.PROCESSED, VideoStatus.FAILED):
        return ClaimRefusal.SETTLED
    return ClaimRefusal.BUSY if row.leased else ClaimRefusal.EXHAUSTED


def _held(video_id: uuid.UUID, fence: int) -> ColumnElement[bool]:
    return and_(Video.id == video_id, Video.fence == fence, Video.status == VideoStatus.PROCESSING)


def renew_leases(
    connection: Connection, held: Iterable[tuple[uuid.UUID, int]], *, lease_seconds: float
) -> set[uuid.UUID]:
    """Prolong the leases of ``(video id, fence)`` pairs; return the ids that are still held."""
    renewed = connection.execute(
        update(Video)
        .where(tuple_(Video.id, Video.fence).in_(list(held)), Video.status == VideoStatus.PROCESSING)
        .values(
            lease_until=database_time(lease_seconds),
            message_due_at=database_time(lease_seconds + LEASE_GRACE_SECONDS),
        )
        .returning(Video.id)
    )
    return set(renewed.scalars())


def report_progress(connection: Connection, claim: Claim, percent: int) -> bool:
    """Show the owner how far the job is. False if the claim no longer holds."""
    result = connection.execute(
        update(Video).where(_held(claim.video_id, claim.fence)).values(progress_percent=percent)
    )
    return result.rowcount == 1


def exists(connection: Connection, claim: Claim) -> bool:
    """False once the owner has deleted the video."""
    found = connection.execute(select(Video.id).where(Video.id == claim.video_id)).one_or_none()
    return found is not None


_SETTLED: dict[str, Any] = {"lease_until": None, "message_due_at": None, "worker": None}


def finish(connection: Connection, claim: Claim, processed_key: str) -> datetime | None:
    """Publish the result: its object becomes *the* result. None if the claim no longer holds."""
    return connection.execute(
        update(Video)
        .where(_held(claim.video_id, claim.fence))
        .values(
            status=VideoStatus.PROCESSED,
            processed_key=processed_key,
            processed_at=database_time(),
            progress_percent=100,
            **_SETTLED,
        )
        .returning(Video.processed_at)
    ).scalar_one_or_none()


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
    abandoned = or_(
        Video.status == VideoStatus.UPLOADED,
        and_(Video.status == VideoStatus.PROCESSING, Video.lease_until < database_time()),
    )
    result = connection.execute(
        update(Video)
        .where(Video.id == video_id, abandoned, Video.attempts >= attempts_max)
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
