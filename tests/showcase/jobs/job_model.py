"""A model of the job domain in plain Python, without SQL: it predicts each row after each step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.jobs.jobs import LEASE_GRACE_SECONDS, REOPENED_SECONDS, Claim, ClaimRefusal, Ending
from showcase.jobs.outbox import RESERVED_SECONDS, VANISHED_SECONDS, Entry
from showcase.videos import FAST_PATH_SECONDS
from tests.showcase.jobs.virtual_time import VirtualClock


@dataclass(frozen=True, slots=True)
class Row:
    """The columns that the job domain writes."""

    task_id: UUID
    uploaded_at: datetime
    message_due_at: datetime | None
    status: str = VideoStatus.UPLOADED
    enqueued_at: datetime | None = None
    fence: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    worker: str | None = None
    progress_percent: int = 0
    processed_at: datetime | None = None
    processed_key: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None

    @property
    def is_settled(self) -> bool:
        return self.status in (VideoStatus.PROCESSED, VideoStatus.FAILED)


Rows = dict[UUID, Row]

_SELECT_ROWS = select(Video.id, *(getattr(Video, name) for name in Row.__dataclass_fields__))
_SETTLED: dict[str, Any] = {"lease_until": None, "message_due_at": None, "worker": None}


def read_rows(database: Database) -> Rows:
    """Read all rows of the database."""
    with database.reading() as connection:
        return {row.id: Row(*row[1:]) for row in connection.execute(_SELECT_ROWS)}


class JobModel:
    """``rows`` as they must be. Each method predicts the function of its name; ``worker`` makes all claims."""

    def __init__(self, clock: VirtualClock, *, worker: str, lease_seconds: float, attempts_max: int) -> None:
        self._clock = clock
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._attempts_max = attempts_max
        self.rows: Rows = {}

    def _set(self, video_id: UUID, **changes: Any) -> None:
        self.rows[video_id] = replace(self.rows[video_id], **changes)

    def accept(self, entry: Entry) -> None:
        due_at = self._clock.after(FAST_PATH_SECONDS)
        self.rows[entry.video_id] = Row(entry.task_id, self._clock.now, due_at)

    def delete(self, video_id: UUID) -> bool:
        if video_id not in self.rows or self.rows[video_id].status == VideoStatus.PROCESSED:
            return False
        del self.rows[video_id]
        return True

    def due(self) -> set[UUID]:
        now = self._clock.now
        return {id_ for id_, row in self.rows.items() if row.message_due_at and row.message_due_at < now}

    def reserve(self, video_ids: Iterable[UUID]) -> None:
        for video_id in video_ids:
            self._set(video_id, message_due_at=self._clock.after(RESERVED_SECONDS))

    def give_back(self, video_ids: Iterable[UUID], reserved_until: datetime) -> None:
        for video_id in self.rows.keys() & set(video_ids):
            if self.rows[video_id].message_due_at == reserved_until:
                self._set(video_id, message_due_at=self._clock.now)

    def note_sent(self, video_id: UUID, reserved_until: datetime | None = None) -> None:
        if (row := self.rows.get(video_id)) is None:
            return
        self._set(video_id, enqueued_at=row.enqueued_at or self._clock.now)
        is_untouched = reserved_until is not None and row.message_due_at == reserved_until
        if row.status == VideoStatus.UPLOADED or is_untouched:
            self._set(video_id, message_due_at=self._clock.after(VANISHED_SECONDS))

    def has_live_lease(self, video_id: UUID) -> bool:
        row = self.rows.get(video_id)
        return bool(row and row.lease_until and row.lease_until >= self._clock.now)

    def waits(self, video_id: UUID) -> bool:
        """True if the video waits for a worker."""
        row = self.rows.get(video_id)
        return bool(row and not row.is_settled and not self.has_live_lease(video_id))

    def claim(self, video_id: UUID, task_id: UUID) -> int | ClaimRefusal:
        """The fence of the claim, or why it is refused."""
        row = self.rows.get(video_id)
        if row is None or row.task_id != task_id:
            return ClaimRefusal.GONE
        if row.is_settled:
            return ClaimRefusal.SETTLED
        if self.has_live_lease(video_id):
            return ClaimRefusal.BUSY
        if row.attempts >= self._attempts_max:
            return ClaimRefusal.EXHAUSTED
        self._set(
            video_id,
            status=VideoStatus.PROCESSING,
            fence=row.fence + 1,
            attempts=row.attempts + 1,
            worker=self._worker,
            progress_percent=0,
        )
        self._extend_lease(video_id)
        return row.fence + 1

    def _extend_lease(self, video_id: UUID) -> None:
        lease_until = self._clock.after(self._lease_seconds)
        due_at = self._clock.after(self._lease_seconds + LEASE_GRACE_SECONDS)
        self._set(video_id, lease_until=lease_until, message_due_at=due_at)

    def holds(self, claim: Claim) -> bool:
        row = self.rows.get(claim.video_id)
        return bool(row and row.status == VideoStatus.PROCESSING and row.fence == claim.fence)

    def renew(self, claim: Claim) -> bool:
        if held := self.holds(claim):
            self._extend_lease(claim.video_id)
        return held

    def report_progress(self, claim: Claim, percent: int) -> bool:
        if held := self.holds(claim):
            self._set(claim.video_id, progress_percent=percent)
        return held

    def finish(self, claim: Claim, key: str) -> bool:
        result = {"processed_key": key, "processed_at": self._clock.now, "progress_percent": 100}
        if held := self.holds(claim):
            self._set(claim.video_id, status=VideoStatus.PROCESSED, **result, **_SETTLED)
        return held

    def fail(self, claim: Claim, code: str, reason: str) -> bool:
        if held := self.holds(claim):
            self._fail(claim.video_id, code, reason)
        return held

    def fail_exhausted(self, video_id: UUID, code: str, reason: str) -> bool:
        is_exhausted = self.waits(video_id) and self.rows[video_id].attempts >= self._attempts_max
        if is_exhausted:
            self._fail(video_id, code, reason)
        return is_exhausted

    def _fail(self, video_id: UUID, code: str, reason: str) -> None:
        self._set(video_id, status=VideoStatus.FAILED, failure_code=code, failure_reason=reason, **_SETTLED)

    def hand_back(self, claim: Claim, due_seconds: float, *, attempt_counts: bool) -> bool:
        if not self.holds(claim):
            return False
        self._set(
            claim.video_id,
            status=VideoStatus.UPLOADED,
            attempts=self.rows[claim.video_id].attempts - (not attempt_counts),
            lease_until=None,
            worker=None,
            progress_percent=0,
            message_due_at=self._clock.after(due_seconds),
        )
        return True

    def ending_of(self, claim: Claim) -> Ending | None:
        row = self.rows.get(claim.video_id)
        return Ending(row.status, row.processed_at) if row and row.is_settled and row.fence == claim.fence else None

    def reopen(self, video_id: UUID, code: str) -> bool:
        row = self.rows.get(video_id)
        if row is None or row.failure_code != code:
            return False
        fresh = Row(row.task_id, row.uploaded_at, self._clock.after(REOPENED_SECONDS), fence=row.fence)
        self.rows[video_id] = replace(fresh, enqueued_at=self._clock.now)
        return True

    def oldest_wait_seconds(self) -> float:
        waiting = [row for video_id, row in self.rows.items() if self.waits(video_id)]
        queued_at = [row.enqueued_at or row.uploaded_at for row in waiting]
        return (self._clock.now - min(queued_at)).total_seconds() if queued_at else 0.0
