"""The EMF record of one job, written at its end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum

from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import Delivery
from showcase.jobs.jobs import Claim
from telemetry.catalogue import JOB
from telemetry.recorder import Property, Recorder
from telemetry.trace_context import Span


class Outcome(StrEnum):
    """How a message ended."""

    PROCESSED = "processed"
    REFUSED = "refused"  # the clip breaks a rule or is damaged
    DUPLICATE = "duplicate"  # the video is already published or refused, or was deleted
    BUSY = "busy"  # another worker has the video
    UNREADABLE = "unreadable"  # the body is not a job message
    HANDED_BACK = "handed_back"  # this worker is stopping
    LEASE_LOST = "lease_lost"
    DELETED = "deleted"  # the owner deleted the video while it was in work
    RETRY = "retry"  # failed, and will be tried again
    UNAVAILABLE = "unavailable"  # database, storage or disk is away; will be tried again
    EXHAUSTED = "exhausted"  # failed, and that was the last attempt
    ORIGINAL_MISSING = "original_missing"
    CRASHED = "crashed"  # an unexpected error


_ERRORS = frozenset(
    {
        Outcome.RETRY,
        Outcome.UNAVAILABLE,
        Outcome.EXHAUSTED,
        Outcome.ORIGINAL_MISSING,
        Outcome.LEASE_LOST,
        Outcome.CRASHED,
    }
)
_DEAD_LETTERED = frozenset({Outcome.UNREADABLE, Outcome.EXHAUSTED})
_SUPPRESSED = frozenset({Outcome.DUPLICATE, Outcome.BUSY})


class JobReport:
    """Collects times and properties while the job runs. ``write`` is called once, at the end.

    ``begun_at`` is in monotonic seconds.
    """

    def __init__(self, delivery: Delivery, span: Span) -> None:
        self.begun_at = time.monotonic()
        self._metrics: dict[str, float] = {}
        self._properties: dict[str, Property] = {
            "message_id": delivery.message_id,
            "receive_count": delivery.receive_count,
            "sent_at": datetime.fromtimestamp(delivery.sent_at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
            "request_id": delivery.request_id,
            **span.ids,
        }
        self._claim: Claim | None = None

    def read(self, message: JobMessage) -> None:
        """Note the video that the message asks for."""
        self._properties |= {"video_id": str(message.video_id), "task_id": str(message.task_id)}

    def claimed(self, claim: Claim) -> None:
        self._claim = claim
        if claim.attempt == 1:
            self._metrics["QueueWait"] = _milliseconds(claim.enqueued_at or claim.uploaded_at, claim.claimed_at)
        self._properties |= {
            "fence": claim.fence,
            "attempt": claim.attempt,
            "original_bytes": claim.original_bytes,
        }

    @contextmanager
    def timing(self, metric: str) -> Iterator[None]:
        """Measure the block, in milliseconds of wall time. A block that raises is not measured."""
        started = time.perf_counter()
        yield
        self._metrics[metric] = round((time.perf_counter() - started) * 1000, 1)

    def published(self, claim: Claim, processed_at: datetime) -> None:
        self._metrics["ProcessingTime"] = _milliseconds(claim.claimed_at, processed_at)
        self._metrics["UploadToProcessed"] = _milliseconds(claim.uploaded_at, processed_at)

    def note(self, **properties: Property) -> None:
        self._properties |= properties

    def write(self, recorder: Recorder, outcome: Outcome) -> None:
        measured = self._metrics
        if outcome is not Outcome.PROCESSED:  # the other times of a failed job would distort the statistics
            measured = {name: value for name, value in measured.items() if name == "QueueWait"}
        outcomes = {
            "Jobs": 1,
            "VideosProcessed": int(outcome is Outcome.PROCESSED),
            "VideosRefused": int(outcome is Outcome.REFUSED),
            "JobErrors": int(outcome in _ERRORS),
            "Retries": int(self._claim is not None and self._claim.attempt > 1),
            "DuplicatesSuppressed": int(outcome in _SUPPRESSED),
            "LeasesLost": int(outcome is Outcome.LEASE_LOST),
            "MessagesDeadLettered": int(outcome in _DEAD_LETTERED),
        }
        recorder.record(JOB, outcomes | measured, properties={"outcome": outcome.value, **self._properties})


def _milliseconds(start: datetime, end: datetime) -> float:
    return round(max(0.0, (end - start).total_seconds() * 1000), 1)
