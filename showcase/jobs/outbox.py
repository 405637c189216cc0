"""Sends the messages of accepted videos, again if they may be lost. The row of a video is its own outbox entry.

``message_due_at`` is the moment from which the message of a row counts as lost. An accepted video has it a few seconds
ahead, because the API sends at once. A confirmed send moves it far ahead. A claim and each heartbeat move it to the end
of the lease plus a grace. So one predicate finds unsent rows, rows whose message vanished and rows whose worker died.
Several sweepers may run at once, because each reserves its rows by a guarded update.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, false, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from showcase.database.engine import Database, database_time
from showcase.database.row_columns import columns_of
from showcase.database.tables import Video, VideoStatus
from showcase.errors import Unavailable
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import JobQueue

BATCH_ROWS = 50
RESERVED_SECONDS = 30.0  # the time in which a sweeper sends the rows that it has reserved
VANISHED_SECONDS = 4 * 3600.0  # then a confirmed message that no worker received is sent again: no backlog lasts longer


@dataclass(frozen=True, slots=True)
class Entry:
    """The message of one video, not yet sent. ``reserved_until`` is set if a sweeper has reserved the row."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    original_key: str
    uploaded_at: datetime
    request_id: str
    reserved_until: datetime | None = None


class Outbox:
    """Sends the messages of accepted videos. ``bucket`` stands in the message for people."""

    def __init__(self, database: Database, queue: JobQueue, bucket: str) -> None:
        self._database = database
        self._queue = queue
        self._bucket = bucket

    def send(self, entry: Entry) -> bool:
        """Send one message and note it. False if queue or database are away: the sweeper will send it later."""
        try:
            self.deliver(entry)
        except Unavailable:
            return False
        return True

    def deliver(self, entry: Entry) -> None:
        """Send one message and note it. Raises Unavailable; even then the message may have been sent."""
        message = JobMessage(
            video_id=entry.video_id,
            task_id=entry.task_id,
            video_path=f"s3://{self._bucket}/{entry.original_key}",
            created_at=entry.uploaded_at,
        )
        self._queue.send(message, request_id=entry.request_id)
        self._note_sent(entry)

    def sweep(self) -> int:
        """Send every message that is due; return how many were sent. Raises Unavailable without the database."""
        sent = 0
        while due := self._reserve():
            confirmed = sum(self.send(entry) for entry in due)
            sent += confirmed
            if confirmed < len(due):
                break  # the queue is away: the other messages are due again when the reservation ends
        return sent

    def _reserve(self) -> list[Entry]:
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
            return [Entry(*row) for row in connection.execute(reserve)]

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
