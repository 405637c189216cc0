"""Sends the messages of accepted videos, and sends them again if they may be lost. A video's row is its outbox entry.

``message_due_at`` is the moment from which the message of a row counts as lost. For an accepted video it is a few
seconds ahead, because the API sends at once. A confirmed send moves it far ahead. A claim and each heartbeat move it to
the end of the lease plus a grace. So one predicate finds unsent rows, rows whose message vanished and rows whose worker
died. Several sweepers may run at once, because each reserves its rows by a guarded update.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import and_, case, false, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from showcase.aws import BACKGROUND, NEEDED, OPTIONAL, Budget
from showcase.database.engine import Database, database_time
from showcase.database.row_columns import columns_of
from showcase.database.tables import Video, VideoStatus
from showcase.errors import Unavailable
from showcase.jobs.failures import FailedVideo
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.jobs import JobState
from showcase.videos import NewVideo

BATCH_ROWS = 50
RESERVED_SECONDS = 30.0  # the time in which a sweeper sends the rows that it has reserved
PAUSE_SECONDS = 10.0  # after a failed send of the API: meanwhile only sweepers send
UNSENT = "the sweeper will send its message"  # for log lines about a video whose message could not be sent at once
VANISHED_SECONDS = 4 * 3600.0  # after it, a message that no worker received is sent again: no backlog lasts longer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """The message of one video, not yet sent. ``reserved_until`` is set if a sweeper has reserved the row."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    original_key: str
    uploaded_at: datetime
    request_id: str
    reserved_until: datetime | None = None
    traceparent: str = ""

    @classmethod
    def of_new(cls, video: NewVideo, uploaded_at: datetime) -> Self:
        """The entry of a video that ``add_video`` has just added."""
        ids = (video.id, video.task_id)
        return cls(*ids, video.original_key, uploaded_at, video.request_id, traceparent=video.traceparent)

    @classmethod
    def of_row(cls, row: JobState | FailedVideo) -> Self:
        """The entry of a video that is sent again."""
        ids = (row.video_id, row.task_id)
        return cls(*ids, row.original_key, row.uploaded_at, row.request_id, traceparent=row.traceparent)


class Pause:
    """After a failure, an optional step is not tried for ``seconds``. Then one thread tries it first.

    So a slow dependency costs one call in each pause, and not one call in each request.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at: float | None = None  # monotonic; None if the last try succeeded
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Call this after a failure."""
        with self._lock:
            self._ends_at = time.monotonic() + self._seconds

    def end(self) -> None:
        """Call this after a success."""
        with self._lock:
            self._ends_at = None

    def allows(self) -> bool:
        """Whether this thread may try now."""
        with self._lock:
            now = time.monotonic()
            if self._ends_at is None:
                return True
            if now < self._ends_at:
                return False
            self._ends_at = now + self._seconds
            return True


class Outbox:
    """Sends the messages of accepted videos. ``bucket`` stands in the message for people.

    Threads that send at once share one pause of ``pause_seconds`` after a failure.
    """

    def __init__(
        self, database: Database, queue: JobQueue, bucket: str, *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._database = database
        self._queue = queue
        self._bucket = bucket
        self._pause = Pause(pause_seconds)

    def send(self, entry: Entry) -> bool:
        """Send one message at once and note it. False if that failed, or was not tried: the sweeper will send it.

        An upload is accepted without this step. So it gets one attempt of OPTIONAL's seconds, and none in a pause.
        """
        if not self._pause.allows():
            return False
        try:
            self.deliver(entry, within=OPTIONAL)
        except Unavailable as error:
            log.warning("%s; for a while, only sweepers send messages", error)
            self._pause.begin()
            return False
        self._pause.end()
        return True

    def deliver(self, entry: Entry, *, within: Budget = NEEDED) -> None:
        """Send one message and note it. Raises Unavailable; even then the message may have been sent."""
        message = JobMessage(
            video_id=entry.video_id,
            task_id=entry.task_id,
            video_path=f"s3://{self._bucket}/{entry.original_key}",
            created_at=entry.uploaded_at,
        )
        self._queue.send(message, request_id=entry.request_id, traceparent=entry.traceparent, within=within)
        self._note_sent(entry)

    def sweep(self, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Send every message that is due; return how many were sent. Raises Unavailable without the database.

        The sweep ends at its first failure, or when ``is_stopping()``. Then the rows that were not tried are due again
        at once, and a row that failed when its reservation ends. So a row that cannot be sent holds up no other row.
        """
        sent, has_failed = 0, False
        while not (has_failed or is_stopping()) and (untried := self._reserve()):
            try:
                while untried and not is_stopping():
                    self.deliver(untried.pop(), within=BACKGROUND)
                    sent += 1
            except Unavailable as error:
                log.warning("%s; %d more messages wait for the next sweep", error, len(untried))
                has_failed = True
            self._give_back(untried)
        return sent

    def _reserve(self) -> list[Entry]:
        """Some rows that are due, the oldest upload last. No other sweeper gets them for RESERVED_SECONDS."""
        due = (
            select(Video.id)
            .where(Video.message_due_at < database_time())
            .order_by(Video.message_due_at)
            .limit(BATCH_ROWS)
            .with_for_update(skip_locked=True)
        )
        reserve: ReturningUpdate[*tuple[Any, ...]] = (
            update(Video)
            .where(Video.id.in_(due))
            .values(message_due_at=database_time(RESERVED_SECONDS))
            .returning(*columns_of(Entry, Video, video_id=Video.id, reserved_until=Video.message_due_at))
        )
        with self._database.writing() as connection:
            reserved = [Entry(*row) for row in connection.execute(reserve)]
        return sorted(reserved, key=lambda entry: (entry.uploaded_at, entry.video_id), reverse=True)

    def _give_back(self, untried: Sequence[Entry]) -> None:
        """Make reserved rows due again, except rows whose due time has changed since the reservation."""
        if not untried:
            return
        is_untouched = Video.message_due_at == untried[0].reserved_until  # one statement reserved them all
        give_back = (
            update(Video)
            .where(Video.id.in_([entry.video_id for entry in untried]), is_untouched)
            .values(message_due_at=database_time())
        )
        # If this fails, the reservation ends by itself.
        with suppress(Unavailable), self._database.writing() as connection:
            connection.execute(give_back)

    def _note_sent(self, entry: Entry) -> None:
        # If a worker has already claimed the video, its lease decides when the message is due.
        is_unclaimed = Video.status == VideoStatus.UPLOADED
        # The worker that held the video when the row was reserved is dead. One message for the next worker is enough.
        is_untouched = Video.message_due_at == entry.reserved_until if entry.reserved_until else false()
        # A producer without an outbox wrote this row. From now on it is an entry like any other.
        is_unlisted = and_(Video.status == VideoStatus.PROCESSING, Video.message_due_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(
                update(Video)
                .where(Video.id == entry.video_id)
                .values(
                    enqueued_at=func.coalesce(Video.enqueued_at, database_time()),
                    message_due_at=case(
                        (or_(is_unclaimed, is_untouched, is_unlisted), database_time(VANISHED_SECONDS)),
                        else_=Video.message_due_at,
                    ),
                )
            )
