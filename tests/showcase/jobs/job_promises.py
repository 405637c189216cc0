"""The invariants of jobs, checked from the observed rows and claims, without a model of the code.

``job_model`` could repeat a mistake of the code; these checks could not. Each names its invariant (I1-I8 of
docs/RELIABILITY.md).
"""

from collections import Counter
from datetime import datetime
from uuid import UUID

from showcase.database.tables import VideoStatus
from showcase.jobs.jobs import LEASE_GRACE_SECONDS, Claim
from showcase.jobs.outbox import VANISHED_SECONDS
from tests.showcase.jobs.job_model import Row, Rows
from tests.showcase.jobs.virtual_time import VirtualClock


class Promises:
    """Takes note of every claim and its end, and checks the rows after every step. Raises AssertionError."""

    def __init__(self, clock: VirtualClock, *, lease_seconds: float, attempts_max: int) -> None:
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._attempts_max = attempts_max
        self._rows: Rows = {}
        self._gone: set[UUID] = set()
        self._fences: dict[UUID, int] = {}
        self._leases: dict[
            tuple[UUID, int], datetime
        ] = {}  # end of the lease of each worker that has not ended its job
        self._counted: Counter[UUID] = Counter()  # attempts since the upload or the reopening
        self._commits: Counter[UUID] = Counter()

    def granted(self, claim: Claim) -> None:
        """Note that a worker has received this claim."""
        assert claim.fence > self._fences.get(claim.video_id, 0), f"I3: fence {claim.fence} was given before"
        live = [fence for (id_, fence), until in self._leases.items() if id_ == claim.video_id and until >= self._now]
        assert not live, f"two live leases: fences {live} and {claim.fence}"
        self._fences[claim.video_id] = claim.fence
        self._counted[claim.video_id] += 1
        assert claim.attempt == self._counted[claim.video_id], "the attempt of the claim has the wrong number"
        self.renewed(claim)

    def renewed(self, claim: Claim) -> None:
        self._leases[claim.video_id, claim.fence] = self._clock.after(self._lease_seconds)

    def handed_back(self, claim: Claim, *, attempt_counts: bool) -> None:
        self._end(claim)
        self._counted[claim.video_id] -= not attempt_counts

    def committed(self, claim: Claim) -> None:
        self._end(claim)
        self._commits[claim.video_id] += 1
        assert self._commits[claim.video_id] == 1, "I2: a second result was committed"

    def failed(self, claim: Claim) -> None:
        self._end(claim)

    def given_up(self, video_id: UUID) -> None:
        """Note that a worker failed a video whose last worker had not ended its attempt."""
        last = self._leases.pop((video_id, self._fences.get(video_id, 0)), None)
        assert last is None or last < self._now, "a video with a live lease was failed"

    def _end(self, claim: Claim) -> None:
        assert not self.is_stale(claim), "a stale claim changed the row"
        del self._leases[claim.video_id, claim.fence]

    def reopened(self, video_id: UUID) -> None:
        self._counted[video_id] = 0

    def is_stale(self, claim: Claim) -> bool:
        """True if another worker has claimed the video, the claim has ended, or the video is deleted."""
        superseded = claim.fence < self._fences.get(claim.video_id, 0)
        ended = (claim.video_id, claim.fence) not in self._leases
        return superseded or ended or claim.video_id in self._gone

    def look(self, rows: Rows) -> None:
        """Check the rows, and how they have changed since the last call."""
        self._gone |= self._rows.keys() - rows.keys()
        assert not self._gone & rows.keys(), "a deleted video is back"
        for video_id, row in rows.items():
            self._check_row(row)
            assert row.attempts == self._counted[video_id], "an attempt was counted wrongly"
            if before := self._rows.get(video_id):
                _check_change(before, row)
        self._rows = rows

    def _check_row(self, row: Row) -> None:
        assert (row.message_due_at is None) == row.is_settled, "exactly the unsettled rows must have a due time"
        assert (row.lease_until is None) == (row.worker is None) == (row.status != VideoStatus.PROCESSING)
        assert 0 <= row.attempts <= self._attempts_max, f"{row.attempts} attempts"
        if row.message_due_at:
            assert row.message_due_at <= self._clock.after(VANISHED_SECONDS), "a message is due too late"
        if row.lease_until and row.lease_until >= self._now:
            grace = (row.message_due_at or self._now) - row.lease_until
            assert grace.total_seconds() == LEASE_GRACE_SECONDS, "a message is not due when lease and grace end"

    @property
    def _now(self) -> datetime:
        return self._clock.now


def _check_change(before: Row, after: Row) -> None:
    assert (before.task_id, before.uploaded_at) == (after.task_id, after.uploaded_at)
    assert before.fence <= after.fence <= before.fence + 1, "I3: a fence must rise by one"
    if before.fence < after.fence:
        assert after.attempts, "a new fence without a new attempt"
    if before.status == VideoStatus.PROCESSED:
        assert _published(before) == _published(after), "I2: a published video was changed"


def _published(row: Row) -> tuple[object, ...]:
    return (row.status, row.processed_key, row.processed_at, row.fence, row.attempts, row.progress_percent)
