"""Workers that call the real functions of jobs. Each move is one of ``worker.job``, and can be the last of its worker.

A worker keeps its claim and delivery here for ever: one that crashed makes no more moves, and one that slept makes its
next move late.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Connection

from showcase.jobs import jobs
from showcase.jobs.job_message import JobMessage, parse_message
from showcase.jobs.job_queue import Delivery
from showcase.jobs.jobs import GAVE_UP, Claim, ClaimRefusal, Ending
from showcase.videos import result_key
from tests.showcase.jobs.job_model import read_rows
from tests.showcase.jobs.job_world import ATTEMPTS_MAX, LEASE_SECONDS, VISIBILITY_SECONDS, WORKER, JobWorld, Visit
from worker.job import HANDED_BACK_SECONDS, MESSAGE_GRACE_SECONDS

NEVER = 9  # the number of steps after which a worker dies; no move has that many
REASON = "El video no se pudo procesar."

T = TypeVar("T")


class Commit(StrEnum):
    """How a commit ends. The worker gets an answer only to the first."""

    CONFIRMED = "confirmed"
    ANSWER_LOST = "answer lost"  # it was committed
    ROLLED_BACK = "rolled back"  # it was not committed


class _RolledBack(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Held:
    """The claim and the delivery that a worker has."""

    claim: Claim
    delivery: Delivery


class Workers:
    """The moves of all workers."""

    def __init__(self, world: JobWorld) -> None:
        self._world = world
        self._database, self._queue, self._model = world.database, world.queue, world.model
        self._promises = world.promises

    def take(self, delivery: Delivery, *, is_answered: bool = True, dies_after: int = NEVER) -> Held | None:
        """Claim the video of the message, or handle the refusal."""
        message = parse_message(delivery.body)
        row = self._model.rows.get(message.video_id)
        expected = self._model.claim(message.video_id, message.task_id)
        answer = self._write(lambda connection: _claim(connection, message))
        if isinstance(answer, ClaimRefusal):
            assert answer is expected
            self._settle_refusal(answer, message, delivery, dies_after)
            return None
        assert (answer.fence, answer.task_id, answer.claimed_at) == (expected, message.task_id, self._world.clock.now)
        self._promises.granted(answer)
        self._world.visit(Visit.RECLAIMED, row is not None and row.lease_until is not None)
        if is_answered:
            return Held(answer, delivery)
        self._world.visit(Visit.UNKNOWN_CLAIM)
        self._world.check()
        self.hand_back(Held(answer, delivery), HANDED_BACK_SECONDS, attempt_counts=False)
        return None

    def _settle_refusal(self, refusal: ClaimRefusal, message: JobMessage, delivery: Delivery, dies_after: int) -> None:
        is_deleted = message.video_id not in self._model.rows
        self._world.visit(Visit.GONE if is_deleted else _REFUSALS[refusal])
        if refusal is ClaimRefusal.BUSY:
            self._queue.release(delivery, LEASE_SECONDS + 1)
        elif refusal is ClaimRefusal.EXHAUSTED:
            self.give_up(delivery, dies_after=dies_after)
        else:
            self._queue.delete(delivery)

    def give_up(self, delivery: Delivery, *, dies_after: int = NEVER) -> None:
        """Fail a video whose attempts are used up, or were used up when this worker looked."""
        video_id = parse_message(delivery.body).video_id
        self._queue.copy_to_dead_letters(delivery, "all attempts are used up")
        if dies_after == 1:
            return
        expected = self._model.fail_exhausted(video_id, GAVE_UP, REASON)
        assert expected == self._write(
            lambda connection: jobs.fail_exhausted(
                connection, video_id, attempts_max=ATTEMPTS_MAX, code=GAVE_UP, reason=REASON
            )
        )
        if expected:
            self._promises.given_up(video_id)
        if dies_after > 2:
            self._queue.delete(delivery)

    def renew(self, held: Sequence[Held]) -> None:
        """One turn of a heartbeat."""
        pairs = {(each.claim.video_id, each.claim.fence) for each in held}
        expected = {(h.claim.video_id, h.claim.fence) for h in held if self._model.renew(h.claim)}
        renewed = self._write(lambda connection: jobs.renew_leases(connection, pairs, lease_seconds=LEASE_SECONDS))
        assert renewed == expected
        for each in held:
            if (each.claim.video_id, each.claim.fence) in renewed:
                self._promises.renewed(each.claim)
        self._world.visit(Visit.STALE_RENEWAL, renewed != pairs)
        self._queue.extend([each.delivery for each in held], VISIBILITY_SECONDS)

    def show_progress(self, held: Held, percent: int) -> None:
        expected = self._model.report_progress(held.claim, percent)
        assert expected == self._write_as(held.claim, lambda c: jobs.report_progress(c, held.claim, percent))

    def finish(self, held: Held, commit: Commit = Commit.CONFIRMED, dies_after: int = NEVER) -> None:
        """Store the result, commit, delete the message."""
        claim, key = held.claim, result_key(held.claim.video_id, held.claim.fence)
        self._world.results.add(key)
        if dies_after == 1:
            return
        if commit is Commit.ROLLED_BACK:
            self._roll_back(lambda connection: jobs.finish(connection, claim, key))
        elif self._commit(claim, key):
            self._world.visit(Visit.UNKNOWN_COMMIT, commit is Commit.ANSWER_LOST)
        elif commit is Commit.CONFIRMED:
            self._abandon(held, key)
            return
        if commit is not Commit.CONFIRMED:
            self.hand_back(held, HANDED_BACK_SECONDS, attempt_counts=False)
        elif dies_after > 2:
            self._queue.delete(held.delivery)

    def _commit(self, claim: Claim, key: str) -> bool:
        is_late = not self._model.has_live_lease(claim.video_id)
        expected = self._model.finish(claim, key)
        processed_at = self._write_as(claim, lambda connection: jobs.finish(connection, claim, key))
        assert processed_at == (self._world.clock.now if expected else None)
        self._world.visit(Visit.LATE_FINISH, is_late and expected)
        if expected:
            self._promises.committed(claim)
        return expected

    def _abandon(self, held: Held, key: str) -> None:
        claim = held.claim
        self._world.visit(Visit.STALE_FINISH)
        self._world.results.discard(key)
        with self._database.reading() as connection:
            is_there = jobs.exists(connection, claim)
        assert is_there == (claim.video_id in self._model.rows)
        if not is_there:
            self._queue.delete(held.delivery)

    def fail(self, held: Held, *, gives_up: bool, dies_after: int = NEVER) -> None:
        """Fail the video: its clip is at fault, or the last attempt has failed."""
        claim, code = held.claim, GAVE_UP if gives_up else "too_short"
        if gives_up:
            self._queue.copy_to_dead_letters(held.delivery, "attempt failed")
        if dies_after == 1:
            return
        expected = self._model.fail(claim, code, REASON)
        assert expected == self._write_as(claim, lambda c: jobs.fail(c, claim, code=code, reason=REASON))
        if expected:
            self._promises.failed(claim)
            if dies_after > 2:
                self._queue.delete(held.delivery)

    def hand_back(self, held: Held, seconds: int, *, attempt_counts: bool) -> None:
        claim, due_seconds = held.claim, seconds + MESSAGE_GRACE_SECONDS
        expected = self._model.hand_back(claim, due_seconds, attempt_counts=attempt_counts)
        assert expected == self._write_as(
            claim,
            lambda connection: jobs.hand_back(
                connection, claim, due_seconds=due_seconds, attempt_counts=attempt_counts
            ),
        )
        if expected:
            self._promises.handed_back(claim, attempt_counts=attempt_counts)
            self._world.visit(Visit.UNCOUNTED, not attempt_counts)
        elif self._look_at_ending(claim):
            self._queue.delete(held.delivery)
            return
        self._queue.release(held.delivery, seconds)

    def _look_at_ending(self, claim: Claim) -> Ending | None:
        """How the claim settled the video by a commit without an answer; None if it did not."""
        with self._database.reading() as connection:
            ending = jobs.ending_of(connection, claim)
        assert ending == self._model.ending_of(claim)
        self._world.visit(Visit.ENDING_SEEN, ending is not None)
        return ending

    def _write_as(self, claim: Claim, operation: Callable[[Connection], T]) -> T:
        """Write with a claim. A stale claim must be refused and change no row."""
        if not self._promises.is_stale(claim):
            return self._write(operation)
        before = read_rows(self._database)
        answer = self._write(operation)
        assert not answer and read_rows(self._database) == before, "a stale claim changed a row"
        return answer

    def _write(self, operation: Callable[[Connection], T]) -> T:
        with self._database.writing() as connection:
            return operation(connection)

    def _roll_back(self, operation: Callable[[Connection], object]) -> None:
        with suppress(_RolledBack), self._database.writing() as connection:
            operation(connection)
            raise _RolledBack


_REFUSALS = {
    ClaimRefusal.GONE: Visit.OTHER_GENERATION,
    ClaimRefusal.SETTLED: Visit.DUPLICATE_SUPPRESSED,
    ClaimRefusal.BUSY: Visit.BUSY,
    ClaimRefusal.EXHAUSTED: Visit.EXHAUSTED,
}


def _claim(connection: Connection, message: JobMessage) -> Claim | ClaimRefusal:
    return jobs.claim(
        connection,
        message.video_id,
        message.task_id,
        worker=WORKER,
        lease_seconds=LEASE_SECONDS,
        attempts_max=ATTEMPTS_MAX,
    )
