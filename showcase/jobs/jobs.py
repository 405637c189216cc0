"""The processing of a video as states of its row.

Every change is one guarded UPDATE, and its row count says whether it happened. A claim takes a new *fence* (a number
that only rises) and a *lease* with a deadline in database time. Every later write of that job compares the fence, so a
worker whose lease has ended changes nothing. docs/ARCHITECTURE.md walks through it.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, get_args

from sqlalchemy import (
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
from showcase.database.row_columns import columns_of
from showcase.database.tables import Video, VideoStatus
from showcase.errors import ClipFault

LEASE_GRACE_SECONDS = 10.0  # after an expired lease, before the sweeper sends the message again
REOPENED_SECONDS = 10.0  # the time in which the command that reopens sends the message; afterwards the sweeper sends it
# Failure codes of videos whose clip is not at fault: all attempts are used up, or the storage has no original.
GAVE_UP, ORIGINAL_MISSING = "processing_failed", "original_missing"
CLIP_FAULTS: tuple[str, ...] = get_args(ClipFault)  # all other failures are ours
FAILURE_CODES = (*CLIP_FAULTS, GAVE_UP, ORIGINAL_MISSING)


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
    uploaded_at: datetime
    enqueued_at: datetime | None
    claimed_at: datetime


class ClaimRefusal(StrEnum):
    """Why a claim is refused."""

    GONE = "gone"  # the video was deleted, or the message is of another generation: nothing to do
    SETTLED = "settled"  # the video is already processed or failed: the message is a duplicate
    BUSY = "busy"  # another worker holds a live lease: keep the message, it is needed if that worker dies
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
    """Take the video for this worker, or return why the claim is refused."""
    bound = {
        "claimed_video": video_id,
        "claimed_task": task_id,
        "claiming_worker": worker,
        "lease_seconds": lease_seconds,
        "attempts_max": attempts_max,
    }
    row = connection.execute(_claim_statement(), bound).one_or_none()
    return Claim(*row) if row else _why_not(connection, video_id, task_id, attempts_max)


# Building a statement costs three times as much as executing it, so the statements of every job are built once.


@cache
def _claim_statement() -> ReturningUpdate[*tuple[Any, ...]]:
    lease_seconds = bindparam("lease_seconds", type_=Float())
    return (
        update(Video)
        .where(
            Video.id == bindparam("claimed_video"),
            Video.task_id == bindparam("claimed_task"),
            _is_free(),
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
            *columns_of(Claim, Video, video_id=Video.id, attempt=Video.attempts, claimed_at=database_time()),
        )
    )


def _is_free() -> ColumnElement[bool]:
    """Whether the video waits for a worker: it was never claimed, it was handed back, or its worker has died."""
    is_dropped = and_(Video.status == VideoStatus.PROCESSING, Video.lease_until < database_time())
    return or_(Video.status == VideoStatus.UPLOADED, is_dropped)


def _why_not(connection: Connection, video_id: uuid.UUID, task_id: uuid.UUID, attempts_max: int) -> ClaimRefusal:
    bound = {"claimed_video": video_id, "claimed_task": task_id}
    row = connection.execute(_refusal_statement(), bound).one_or_none()
    if row is None:
        return ClaimRefusal.GONE
    if row.status in (VideoStatus.PROCESSED, VideoStatus.FAILED):
        return ClaimRefusal.SETTLED
    # If the row was freed after the claim's UPDATE, it may have attempts left, so the message is still needed.
    is_exhausted = row.attempts >= attempts_max and not row.is_leased
    return ClaimRefusal.EXHAUSTED if is_exhausted else ClaimRefusal.BUSY


@cache
def _refusal_statement() -> Select[str, int, bool]:
    is_leased = and_(Video.status == VideoStatus.PROCESSING, Video.lease_until >= database_time())
    return select(Video.status, Video.attempts, is_leased.label("is_leased")).where(
        Video.id == bindparam("claimed_video"), Video.task_id == bindparam("claimed_task")
    )


def _is_held() -> ColumnElement[bool]:
    """Whether the claim still holds: the video was not claimed again, settled or deleted. See ``_parameters_of``."""
    return and_(
        Video.id == bindparam("held_video"),
        Video.fence == bindparam("held_fence"),
        Video.status == VideoStatus.PROCESSING,
    )


def _parameters_of(claim: Claim) -> dict[str, Any]:
    return {"held_video": claim.video_id, "held_fence": claim.fence}


def renew_leases(
    connection: Connection, held: Iterable[tuple[uuid.UUID, int]], *, lease_seconds: float
) -> set[tuple[uuid.UUID, int]]:
    """Extend the leases of ``(video id, fence)`` pairs; return the pairs that are still held."""
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
    """Write the progress that the owner sees. False if the claim no longer holds."""
    return connection.execute(_progress_statement(), _parameters_of(claim) | {"percent": percent}).rowcount == 1


@cache
def _progress_statement() -> Update:
    return update(Video).where(_is_held()).values(progress_percent=bindparam("percent"))


def exists(connection: Connection, claim: Claim) -> bool:
    """True unless the owner has deleted the video."""
    found = connection.execute(select(Video.id).where(Video.id == claim.video_id)).one_or_none()
    return found is not None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claim settled its video."""

    status: str
    processed_at: datetime | None


def ending_of(connection: Connection, claim: Claim) -> Ending | None:
    """How this claim has settled its video; None if it has not settled it.

    A worker that got no answer to its commit asks this. Only the claim with this fence can have published its result.
    """
    row = connection.execute(
        select(Video.status, Video.processed_at).where(
            Video.id == claim.video_id,
            Video.fence == claim.fence,
            Video.status.in_((VideoStatus.PROCESSED, VideoStatus.FAILED)),
        )
    ).one_or_none()
    return Ending(*row) if row else None


_SETTLED: dict[str, Any] = {"lease_until": None, "message_due_at": None, "worker": None}


def finish(connection: Connection, claim: Claim, processed_key: str) -> datetime | None:
    """Publish the result that is stored under the key; return the time. None if the claim no longer holds."""
    bound = _parameters_of(claim) | {"result_key": processed_key}
    return connection.execute(_finish_statement(), bound).scalar_one_or_none()


@cache
def _finish_statement() -> ReturningUpdate[datetime | None]:
    return (
        update(Video)
        .where(_is_held())
        .values(
            status=VideoStatus.PROCESSED,
            processed_key=bindparam("result_key"),
            processed_at=database_time(),
            progress_percent=100,
            **_SETTLED,
        )
        .returning(Video.processed_at)
    )


def _failure(code: str, reason: str) -> dict[str, Any]:
    failed = {
        "status": VideoStatus.FAILED,
        "failed_at": database_time(),
        "failure_code": code,
        "failure_reason": reason,
    }
    return failed | _SETTLED


def fail(connection: Connection, claim: Claim, *, code: str, reason: str) -> bool:
    """Fail the video for good, with a reason for its owner. False if the claim no longer holds."""
    result = connection.execute(
        update(Video).where(_is_held()).values(_failure(code, reason)),
        _parameters_of(claim),
    )
    return result.rowcount == 1


def fail_exhausted(connection: Connection, video_id: uuid.UUID, *, attempts_max: int, code: str, reason: str) -> bool:
    """Fail a video whose last attempt never ended. False if a worker holds it or has settled it meanwhile."""
    result = connection.execute(
        update(Video)
        .where(Video.id == video_id, _is_free(), Video.attempts >= attempts_max)
        .values(_failure(code, reason))
    )
    return result.rowcount == 1


def hand_back(connection: Connection, claim: Claim, *, due_seconds: float, attempt_counts: bool) -> bool:
    """Free the video for another attempt: its message must be received again within ``due_seconds``.

    An attempt that a drain or an outage interrupted does not count. False if the claim no longer holds.
    """
    result = connection.execute(
        update(Video)
        .where(_is_held())
        .values(
            status=VideoStatus.UPLOADED,
            attempts=Video.attempts - (0 if attempt_counts else 1),
            lease_until=None,
            worker=None,
            progress_percent=0,
            message_due_at=database_time(due_seconds),
        ),
        _parameters_of(claim),
    )
    return result.rowcount == 1


def reopen(connection: Connection, video_id: uuid.UUID, task_id: uuid.UUID, *, code: str) -> bool:
    """Give a failed video all its attempts again. False unless it has failed with this code.

    From the commit on it will be processed like an accepted upload. Sending its message at once only makes that faster.
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
            failed_at=None,
            enqueued_at=database_time(),  # its wait begins now: the days since the upload do not count as backlog
            message_due_at=database_time(REOPENED_SECONDS),
        )
    )
    return result.rowcount == 1


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of a video's job."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    status: str
    failure_code: str | None
    original_key: str
    uploaded_at: datetime
    request_id: str
    traceparent: str


def job_states(connection: Connection, video_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, JobState]:
    """The states of these videos by id, without those that do not exist."""
    columns = columns_of(JobState, Video, video_id=Video.id)
    query: Select[*tuple[Any, ...]] = select(*columns).where(Video.id.in_(set(video_ids)))
    return {row.id: JobState(*row) for row in connection.execute(query)}


def oldest_wait_seconds(connection: Connection) -> float:
    """How long the oldest video without a worker has been queued, in database time; 0 if there is none.

    A video whose worker died counts too, from the time when it was first queued.
    """
    queued_at = func.coalesce(Video.enqueued_at, Video.uploaded_at)
    row = connection.execute(
        select(func.min(queued_at).label("oldest"), database_time().label("now")).where(_is_free())
    ).one()
    return max(0.0, (row.now - row.oldest).total_seconds()) if row.oldest else 0.0
