"""Accepted videos whose message the queue may not have: each row is its own outbox entry.

``message_due_at`` is the moment from which a row's message counts as lost. Accepting a video sets it a
few seconds ahead (the API sends at once), a confirmed send far ahead, a claim and each heartbeat to the
end of the lease and a grace. So one predicate finds unsent rows, rows whose message vanished and rows
whose worker died; and any number of sweepers may run, because each row is reserved by a guarded update.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, false, func, or_, select, update

from showcase.database.engine import Database, database_time
from showcase.database.tables import Video, VideoStatus
from showcase.errors import Unavailable
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import JobQueue

BATCH_ROWS = 50
RESERVED_SECONDS = 30.0  # for one sweeper to send what it reserved
VANISHED_SECONDS = 4 * 3600.0  # a confirmed message that nobody received is sent again: no mere backlog waits so long


@dataclass(frozen=True, slots=True)
class Entry:
    """What must be sent for one video; ``reserved_until`` by a sweeper, if one sends it."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    original_key: str
    uploaded_at: datetime
    request_id: str
    reserved_until: datetime | None = None


class Outbox:
    """Sends the messages of accepted videos. ``bucket`` is told in the message, for people."""

    def __init__(self, database: Database, queue: JobQueue, bucket: str) -> None:
        self._database = database
        self._queue = queue
        self._bucket = bucket

    def send(self, entry: Entry) -> bool:
        """Deliver one entry. False if queue or database are away: the sweeper will send it later."""
        try:
            self.deliver(entry)
        except Unavailable:
            return False
        return True

    def deliver(self, entry: Entry) -> None:
        """Send one message and note it. Raises Unavailable; the message may have been sent then."""
        message = JobMessage(
            video_id=entry.video_id,
            task_id=entry.task_id,
            video_path=f"s3://{self._bucket}/{entry.original_key}",
            created_at=entry.uploaded_at,
        )
        self._queue.send(message, request_id=entry.request_id)
        self._note_sent(entry)

    def sweep(self) -> int:
        """Send every message that is due; return how many were sent. Raises Unavailable (database)."""
        sent = 0
        while due := self._reserve():
            confirmed = sum(self.send(entry) for entry in due)
            sent += confirmed
            if confirmed < len(due):
                break  # the queue is away: the rest is due again when the reservation ends
        return sent

    def _reserve(self) -> list[Entry]:
        due = (
            select(Video.id)
            .where(Video.message_due_at < database_time())
            .order_by(Video.message_due_at)
            .limit(BATCH_ROWS)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as connection:
            rows = connection.execute(
                update(Video)
                .where(Video.id.in_(due))
                .values(message_due_at=database_time(RESERVED_SECONDS))
                .returning(
                    Video.id,
                    Video.task_id,
                    Video.original_key,
                    Video.uploaded_at,
                    Video.request_id,
                    Video.message_due_at,
                )
            )
            return [Entry(*row) for row in rows]

    def _note_sent(self, entry: Entry) -> None:
        # A worker may have claimed it already, and then its lease decides when the message is due. The worker that
        # had it when it was reserved is dead: while nobody comes for its video, one message is enough.
        unclaimed = Video.status == VideoStatus.UPLOADED
        untouched = Video.message_due_at == entry.reserved_until if entry.reserved_until else false()
        # Written by a producer that knows no outbox: from now on the row is an entry like any other.
        unlisted = and_(Video.status == VideoStatus.PROCESSING, Video.message_due_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(
                update(Video)
                .where(Video.id == entry.video_id)
                .values(
                    enqueued_at=func.coalesce(Video.enqueued_at, database_time()),
                    message_due_at=case(
                        (or_(unclaimed, untouched, unlisted), database_time(VANISHED_SECONDS)),
                        else_=Video.message_due_at,
                    ),
                )
            )
