"""Judges each accepted upload by the promise: its video is published within so many seconds of the upload.

An upload is judged once, when its promised moment (``uploaded_at`` plus the seconds) has passed. It is late unless it
was published by then. So an upload that hangs is late from its promised moment on, also while no worker lives. Every
API and worker process judges. The cursor ``judged_until`` says how far the uploads are judged. A guarded update moves
it in the transaction of the count, so one process judges each upload, and no video is written.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Float, and_, func, literal, or_, select, update

from showcase.database.engine import Database, database_time, time_after
from showcase.database.tables import PublicationReview, Video
from showcase.errors import Unavailable
from showcase.jobs.jobs import CLIP_FAULTS

LATE_VIDEOS_MAX = 20  # that a judgement names

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How many uploads a turn judged, how many of them were late, and the oldest LATE_VIDEOS_MAX of those."""

    due: int
    late: int
    late_videos: tuple[uuid.UUID, ...]


class UploadPromises:
    """Judges uploads whose videos were to be published within ``publish_within_seconds``.

    An upload is not visible before its commit, and ``uploaded_at`` is set before it. No upload is missed, because the
    promise is longer than a transaction may take (``ANB_PUBLISH_WITHIN_SECONDS``). A video whose publication is not
    committed when it is judged is late.
    """

    def __init__(self, database: Database, publish_within_seconds: float) -> None:
        self._database = database
        self._publish_within_seconds = publish_within_seconds

    def judge(self) -> Judgement | None:
        """Judge every upload whose promised moment has passed since the last judgement of any process.

        None if there is nothing to record: another process judged at the same time, the promised moment of no further
        upload can have passed, or the database is away. If a commit gets no answer, its count is lost: it may have
        happened, and no upload may be counted twice.
        """
        try:
            with self._database.writing() as connection:
                return self._judge(connection)
        except Unavailable as error:
            log.warning("uploads not judged: %s", error)
            return None

    def _judge(self, connection: Connection) -> Judgement | None:
        seen, until = connection.execute(
            select(PublicationReview.judged_until, database_time(-self._publish_within_seconds))
        ).one()
        if until <= seen:  # after the migration, after a longer promise, and if the database's clock went back
            return None
        moved = connection.execute(
            update(PublicationReview).where(PublicationReview.judged_until == seen).values(judged_until=until)
        )
        if moved.rowcount == 0:
            return None
        is_due = _is_due(seen, until)
        is_late = self._is_late()
        due, late = connection.execute(
            select(func.count(), func.count().filter(is_late)).select_from(Video).where(is_due)
        ).one()
        late_videos = connection.scalars(
            select(Video.id).where(is_due, is_late).order_by(Video.uploaded_at, Video.id).limit(LATE_VIDEOS_MAX)
        )
        return Judgement(due, late, tuple(late_videos))

    def _is_late(self) -> ColumnElement[bool]:
        promised_at = time_after(Video.uploaded_at, literal(self._publish_within_seconds, Float()))
        return or_(Video.processed_at.is_(None), Video.processed_at > promised_at)


def _is_due(seen: datetime, until: datetime) -> ColumnElement[bool]:
    """Whether an upload is judged in this turn. For a clip that is refused for its own fault, nothing was promised."""
    is_refused = Video.failure_code.in_(CLIP_FAULTS)
    return and_(
        Video.uploaded_at > seen,
        Video.uploaded_at <= until,
        or_(Video.failure_code.is_(None), ~is_refused),
    )
