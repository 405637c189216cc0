"""The invariants of jobs, judged from what was seen and not from how a row should come to look.

The model of ``job_model`` could make the same mistake as the code; these could not. Each says which promise it is
(I1-I8 of docs/RELIABILITY.md).
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
    """Told of every claim and its end, shown the rows after every step. Raises AssertionError."""

    def __init__(self, clock: VirtualClock, *, lease_seconds: float, attempts_max: int) -> None:
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._attempts_max = attempts_max
        self._rows: Rows = {}
        self._gone: set[UUID] = set()
        self._fences: dict[UUID, int] = {}
        self._leases: dict[tuple[UUID, int], datetime] = {}  # of those who believe to work, until when
        self._counted: Counter[UUID] = Counter()  # attempts since the upload or the reopening
        self._commits: Counter[UUID] = Counter()

    def granted(self, claim: Claim) -> None:
        """A worker has just got this claim."""
        assert claim.fence > self._fences.get(claim.video_id, 0), f"I3: fence {claim.fence} was given before"
        live = [fence for (id_, fence), until in self._leases.items() if id_ == claim.video_id and until >= self._now]
        assert not live, f"two live leases: fences {live} and {claim.fence}"
        self._fences[claim.video_id] = claim.fence
        self._counted[claim.video_id] += 1
        assert claim.attempt == self._counted[claim.video_id], "attempts are counted as they happened"
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
        """Over the head of whoever had it last."""
        last = self._leases.pop((video_id, self._fences.get(video_id, 0)), None)
        assert last is None or last < self._now, "given up under a live lease"

    def _end(self, claim: Claim) -> None:
        assert not self.is_stale(claim), "a stale claim changed the row"
        del self._leases[claim.video_id, claim.fence]

    def reopened(self, video_id: UUID) -> None:
        self._counted[video_id] = 0

    def is_stale(self, claim: Claim) -> bool:
        """Another worker has the video, its worker has ended it, or the video is gone."""
        superseded = claim.fence < self._fences.get(claim.video_id, 0)
        ended = (claim.video_id, claim.fence) not in self._leases
        return superseded or ended or claim.video_id in self._gone

    def look(self, rows: Rows) -> None:
        """Judge what has become of the rows since the last look."""
        self._gone |= self._rows.keys() - rows.keys()
        assert not self._gone & rows.keys(), "a deleted video is back"
        for video_id, row in rows.items():
            self._judge(row)
            assert row.attempts == self._counted[video_id], "uncounted attempts do not count, all others do"
            if before := self._rows.get(video_id):
                _judge_change(before, row)
        self._rows = rows

    def _judge(self, row: Row) -> None:
        assert (row.message_due_at is None) == row.is_settled, "unsettled rows are never forgotten, settled ones done"
        assert (row.lease_until is None) == (row.worker is None) == (row.status != VideoStatus.PROCESSING)
        assert 0 <= row.attempts <= self._attempts_max, f"{row.attempts} attempts"
        if row.message_due_at:
            assert row.message_due_at <= self._clock.after(VANISHED_SECONDS), "nothing waits for longer than this"
        if row.lease_until and row.lease_until >= self._now:
            grace = (row.message_due_at or self._now) - row.lease_until
            assert grace.total_seconds() == LEASE_GRACE_SECONDS, "a live lease and its grace end together"

    @property
    def _now(self) -> datetime:
        return self._clock.now


def _judge_change(before: Row, after: Row) -> None:
    assert (before.task_id, before.uploaded_at) == (after.task_id, after.uploaded_at)
    assert before.fence <= after.fence <= before.fence + 1, "I3: fences only rise, one by one"
    if before.fence < after.fence:
        assert after.attempts, "who takes a fence takes an attempt"
    if before.status == VideoStatus.PROCESSED:
        assert _published(before) == _published(after), "I2: what is published stays as it is"


def _published(row: Row) -> tuple[object, ...]:
    return (row.status, row.processed_key, row.processed_at, row.fence, row.attempts, row.progress_percent)
