"""One message from receipt to end: claim → download → transcode → publish → commit → delete.

Only this file decides what an error means. One record is written for each message, however its job ends.
"""

import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from showcase.database.engine import Database
from showcase.database.tables import VideoStatus
from showcase.errors import ObjectDamaged, ObjectMissing, UnacceptableClip, Unavailable, UnreadableMessage
from showcase.jobs import jobs
from showcase.jobs.job_message import JobMessage, parse_message
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.jobs.jobs import Claim, ClaimRefusal, Ending
from showcase.storage.media_store import MediaStore
from showcase.videos import result_key
from telemetry.logs import add_to_log_context, enter_log_context
from telemetry.recorder import Recorder
from telemetry.trace_context import begin_span
from worker.download import check_download, check_still_whole
from worker.errors import EncodeFailed, EncodeStuck, EncodeWrong, Interrupted, LeaseLost
from worker.heartbeat import Heartbeat, Lease
from worker.job_record import JobReport, Outcome
from worker.outages import Outages
from worker.progress import ProgressReport
from worker.workspace import Workspace

BACKOFF_SECONDS = 10.0
BACKOFF_SECONDS_MAX = 900.0
HANDED_BACK_SECONDS = 2  # not 0: a message could arrive again before the call that released it has ended
MESSAGE_GRACE_SECONDS = 60.0  # after the time when a released message should be back, until it counts as lost
HAND_BACK_PAUSES = (0.0, 0.5, 1.0)  # before each try to hand a row back; if all fail, its lease ends by itself
HAND_BACK_SECONDS_MAX = 3.0  # after this time without an answer, there is no further try

_ALL_ATTEMPTS_FAILED = "El video no se pudo procesar después de varios intentos."
_ORIGINAL_MISSING = "El archivo original ya no está disponible; vuelve a subir el video."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobLimits:
    """The limits of each job. ``attempts_max`` counts the attempts in the database, without interrupted ones."""

    lease_seconds: int
    attempts_max: int


class ClipMaker(Protocol):
    """Turns a clip into a broadcast clip; see ``worker.media.transcode.Transcoder``."""

    def transcode(
        self, source: Path, directory: Path, cancelled: threading.Event, on_percent: Callable[[int], None], /
    ) -> Path | None:
        """See Transcoder.transcode."""

    def ping(self) -> None:
        """See Transcoder.ping."""


class JobHandler:
    """Handles messages. One object serves all slots of the process."""

    def __init__(
        self,
        *,
        name: str,
        database: Database,
        queue: JobQueue,
        media: MediaStore,
        heartbeat: Heartbeat,
        transcoder: ClipMaker,
        recorder: Recorder,
        limits: JobLimits,
        workspace: Workspace,
    ) -> None:
        self._name = name
        self._database = database
        self._queue = queue
        self._media = media
        self._heartbeat = heartbeat
        self._transcoder = transcoder
        self._recorder = recorder
        self._limits = limits
        self._workspace = workspace
        self._outages = Outages()

    def handle(self, delivery: Delivery) -> Outcome:
        """Process the video of the message. Expected errors are not raised: they become outcomes.

        The ids of the message stay on the lines that this thread logs, also on the line about an unexpected error.
        """
        span = begin_span(delivery.traceparent)
        enter_log_context(request_id=delivery.request_id, **span.ids)
        report = JobReport(delivery, span)
        outcome = Outcome.CRASHED
        try:
            outcome = self._claim_and_work(delivery, report)
        except Unavailable as error:
            log.warning("%s", error)
            report.note(error=str(error))
            outcome = Outcome.UNAVAILABLE
            with suppress(Unavailable):  # if this fails, its visibility timeout releases the message
                self._queue.release(delivery, self._outage_backoff(report))
        finally:
            if outcome is Outcome.CRASHED:
                report.note(error=repr(sys.exception()))
            report.write(self._recorder, outcome)
        if outcome in (Outcome.PROCESSED, Outcome.REFUSED):
            self._outages.end()
        return outcome

    def _claim_and_work(self, delivery: Delivery, report: JobReport) -> Outcome:
        try:
            message = parse_message(delivery.body)
        except UnreadableMessage as error:
            log.error("message %s is unreadable: %s", delivery.message_id, error)
            self._queue.dead_letter(delivery, str(error))
            report.note(error=str(error))
            return Outcome.UNREADABLE
        report.read(message)
        add_to_log_context(video_id=str(message.video_id))
        asked_at = time.monotonic()
        claim: Claim | ClaimRefusal | None = None
        try:
            with self._database.writing() as connection:
                claim = jobs.claim(
                    connection,
                    message.video_id,
                    message.task_id,
                    worker=self._name,
                    lease_seconds=self._limits.lease_seconds,
                    attempts_max=self._limits.attempts_max,
                )
        except Unavailable as error:
            if isinstance(claim, Claim):
                return self._undo_claim(claim, delivery, error, report)
            raise
        if isinstance(claim, ClaimRefusal):
            return self._settle_refusal(claim, message, delivery, report)
        report.claimed(claim)
        with self._heartbeat.holding(claim, delivery, asked_at) as lease:
            return self._work(lease, report)

    def _undo_claim(self, claim: Claim, delivery: Delivery, error: Unavailable, report: JobReport) -> Outcome:
        """Hand back a claim whose commit got no answer. If the commit happened, the claim costs no attempt."""
        log.warning("%s", error)
        report.note(error=str(error))
        seconds = self._outage_backoff(report)
        self._free_row(claim, seconds, attempt_counts=False)
        self._queue.release(delivery, seconds)
        return Outcome.UNAVAILABLE

    def _settle_refusal(
        self, refusal: ClaimRefusal, message: JobMessage, delivery: Delivery, report: JobReport
    ) -> Outcome:
        log.info("nothing to do: %s", refusal)
        if refusal is ClaimRefusal.BUSY:
            # This message retries the video if the worker that holds the lease dies: keep it until the lease ends.
            self._queue.release(delivery, self._limits.lease_seconds + random.randint(1, 5))  # noqa: S311
            return Outcome.BUSY
        if refusal is ClaimRefusal.EXHAUSTED:
            return self._fail_exhausted(message, delivery, report)
        self._queue.delete(delivery)
        return Outcome.DUPLICATE

    def _fail_exhausted(self, message: JobMessage, delivery: Delivery, report: JobReport) -> Outcome:
        """Fail a video whose workers all died. The dead letter comes first, because a redrive starts from it."""
        report.note(error="all attempts are used up")
        self._queue.copy_to_dead_letters(delivery, "all attempts are used up")
        with self._database.writing() as connection:
            jobs.fail_exhausted(
                connection,
                message.video_id,
                attempts_max=self._limits.attempts_max,
                code=jobs.GAVE_UP,
                reason=_ALL_ATTEMPTS_FAILED,
            )
        self._queue.delete(delivery)
        return Outcome.EXHAUSTED

    def _work(self, lease: Lease, report: JobReport) -> Outcome:
        """Produce the result, and turn each error into an outcome."""
        try:
            with self._workspace.job_folder() as directory:
                self._produce(lease, directory, report)
        except UnacceptableClip as refusal:
            return self._fail(lease, refusal.code, refusal.reason, Outcome.REFUSED, report)
        except ObjectMissing as error:
            log.error("%s", error)
            report.note(error=str(error))
            return self._fail(lease, jobs.ORIGINAL_MISSING, _ORIGINAL_MISSING, Outcome.ORIGINAL_MISSING, report)
        except LeaseLost as error:
            return self._abandon(lease, error, report)
        except Interrupted:
            return self._hand_back(lease, HANDED_BACK_SECONDS, Outcome.HANDED_BACK)
        except Unavailable as error:
            log.warning("%s", error)
            report.note(error=str(error))
            return self._settle_unknown(lease, Outcome.PROCESSED, report)
        except (EncodeFailed, EncodeStuck, EncodeWrong, ObjectDamaged, OSError) as error:
            log.error("attempt %d failed: %s", lease.claim.attempt, error, exc_info=error)
            report.note(error=str(error))
            return self._retry(lease, report)
        self._delete_settled(lease)
        return Outcome.PROCESSED

    def _produce(self, lease: Lease, directory: Path, report: JobReport) -> None:
        """Download, encode, publish, commit. The commit makes the stored object the result of the video."""
        claim = lease.claim
        original = directory / "original.mp4"
        with report.timing("DownloadTime"):
            self._media.download(claim.original_key, original)
            check_download(original, claim.original_bytes, claim.original_crc32)
        lease.move()
        lease.check()
        with report.timing("EncodeTime"):
            result = self._encode(lease, original)
        lease.move()
        lease.check()
        if result is None:
            raise Interrupted("the encode was cancelled")
        key = result_key(claim.video_id, claim.fence)
        with report.timing("PublishTime"):
            self._media.put_file(key, result)
        lease.move()
        with self._database.writing() as connection:
            processed_at = jobs.finish(connection, claim, key)
        if processed_at is None:
            raise LeaseLost(f"video {claim.video_id}: fence {claim.fence} is no longer current")
        report.published(claim, processed_at)
        log.info("published %s", key)

    def _encode(self, lease: Lease, original: Path) -> Path | None:
        """The broadcast clip; None if the job was cancelled. The clip is refused only if its file is still whole."""
        claim = lease.claim
        progress = ProgressReport(self._database, lease)
        try:
            return self._transcoder.transcode(original, original.parent, lease.cancelled, progress.show)
        except (UnacceptableClip, EncodeFailed, EncodeWrong):
            check_still_whole(original, claim.original_bytes, claim.original_crc32)
            raise

    def _fail(self, lease: Lease, code: str, reason: str, outcome: Outcome, report: JobReport) -> Outcome:
        """Fail the video for good. ``reason`` is a Spanish sentence for its owner."""
        report.note(reason=code)
        try:
            with self._database.writing() as connection:
                held = jobs.fail(connection, lease.claim, code=code, reason=reason)
        except Unavailable as error:
            log.warning("%s", error)
            report.note(error=str(error))
            return self._settle_unknown(lease, outcome, report)
        if not held:
            return self._abandon(lease, LeaseLost("the lease was lost before the failure was written"), report)
        log.info("failed for good: %s", code)
        self._delete_settled(lease)
        return outcome

    def _delete_settled(self, lease: Lease) -> None:
        # The row is settled. A message that is not deleted comes back as a duplicate, which is harmless.
        self._heartbeat.let_go(lease)
        try:
            self._queue.delete(lease.delivery)
        except Unavailable as error:
            log.warning("message of a settled video not deleted: %s", error)

    def _retry(self, lease: Lease, report: JobReport) -> Outcome:
        """Hand the video back with back-off; after the last attempt, fail it and dead-letter the message."""
        claim = lease.claim
        if claim.attempt < self._limits.attempts_max:
            return self._hand_back(lease, backoff_seconds(claim.attempt), Outcome.RETRY)
        self._queue.copy_to_dead_letters(lease.delivery, f"attempt {claim.attempt} failed")
        return self._fail(lease, jobs.GAVE_UP, _ALL_ATTEMPTS_FAILED, Outcome.EXHAUSTED, report)

    def _hand_back(self, lease: Lease, seconds: int, outcome: Outcome) -> Outcome:
        """Free the row, then the message. If database or queue is away, they become free when their timeouts end."""
        self._heartbeat.let_go(lease)  # otherwise a renewal in progress could hide the released message
        self._free_row(lease.claim, seconds, attempt_counts=outcome is Outcome.RETRY)
        self._queue.release(lease.delivery, seconds)
        log.info("handed back (%s), again in %d s", outcome, seconds)
        return outcome

    def _settle_unknown(self, lease: Lease, intended: Outcome, report: JobReport) -> Outcome:
        """Hand the video back after an outage. But if only the answer to a commit was lost, keep what it committed.

        Then the outcome is ``intended``, so that the metrics agree with the rows.
        """
        seconds = self._outage_backoff(report)
        self._heartbeat.let_go(lease)  # otherwise a renewal in progress could hide the released message
        ending = self._free_row(lease.claim, seconds, attempt_counts=False)
        if ending is None:
            self._queue.release(lease.delivery, seconds)
            log.info("handed back (%s), again in %d s", Outcome.UNAVAILABLE, seconds)
            return Outcome.UNAVAILABLE
        if (ending.status == VideoStatus.PROCESSED) is not (intended is Outcome.PROCESSED):
            return self._abandon(lease, LeaseLost("another worker failed the video"), report)
        log.info("the commit without an answer had happened: %s", intended)
        if ending.processed_at:
            report.published(lease.claim, ending.processed_at)
        self._delete_settled(lease)
        return intended

    def _free_row(self, claim: Claim, seconds: int, *, attempt_counts: bool) -> Ending | None:
        """Hand the row back. If that changes no row, return how this claim had settled the video before."""
        asked_at, due_seconds = time.monotonic(), seconds + MESSAGE_GRACE_SECONDS
        for pause in HAND_BACK_PAUSES:
            if pause and time.monotonic() - asked_at > HAND_BACK_SECONDS_MAX:
                break
            time.sleep(pause)
            ending = None
            try:
                with self._database.writing() as connection:
                    if not jobs.hand_back(connection, claim, due_seconds=due_seconds, attempt_counts=attempt_counts):
                        ending = jobs.ending_of(connection, claim)
            except Unavailable as error:
                log.warning("not handed back: %s", error)
                if ending:  # the ending was read, so the result of this transaction does not matter
                    return ending
            else:
                return ending
        return None

    def _outage_backoff(self, report: JobReport) -> int:
        """Seconds until the message of a job that met an outage may come back. They grow with each outage in a row."""
        return backoff_seconds(self._outages.note(report.begun_at))

    def _abandon(self, lease: Lease, error: LeaseLost, report: JobReport) -> Outcome:
        """Remove the object under this fence, and the message if the video is deleted. Change nothing else."""
        log.warning("abandoned: %s", error)
        report.note(error=str(error))
        claim = lease.claim
        with suppress(Unavailable):
            self._media.delete(result_key(claim.video_id, claim.fence))
            with self._database.reading() as connection:
                if not jobs.exists(connection, claim):
                    self._queue.delete(lease.delivery)
                    return Outcome.DELETED
        return Outcome.LEASE_LOST


def backoff_seconds(attempt: int) -> int:
    """Seconds until the attempt after ``attempt`` (1 is the first): exponential back-off with full jitter."""
    highest = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 10))
    return 1 + round(random.uniform(0, highest))  # noqa: S311
