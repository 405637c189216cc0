"""Finds the videos that failed, by the code and the time of their failure."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from showcase.database.engine import Database, database_time
from showcase.database.row_columns import columns_of
from showcase.database.tables import Video, VideoStatus

PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Failures:
    """A choice of failures: those with one of the codes, from ``since`` to ``until``, of ``video_id`` or of all videos.

    Times are the database's. Without ``until``, the choice ends at the time when the search begins.
    """

    codes: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    video_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class FailedVideo:
    """A video that failed. If an older release wrote no time of failure, ``failed_at`` is the time of the upload."""

    video_id: uuid.UUID
    task_id: uuid.UUID
    failure_code: str
    failed_at: datetime
    original_key: str
    uploaded_at: datetime
    request_id: str
    traceparent: str


def find_failed(database: Database, failures: Failures) -> Iterator[FailedVideo]:
    """Yield each video with such a failure once, the oldest failure first. Raises Unavailable.

    A video that fails again meanwhile is not yielded again, because it failed after ``until``.
    """
    if failures.until is None:
        with database.reading() as connection:
            failures = replace(failures, until=connection.execute(select(database_time())).scalar_one())
    last: FailedVideo | None = None
    while True:
        with database.reading() as connection:
            page = _page(connection, failures, last)
        yield from page
        if len(page) < PAGE_ROWS:
            return
        last = page[-1]


def _page(connection: Connection, failures: Failures, last: FailedVideo | None) -> list[FailedVideo]:
    failed_at = func.coalesce(Video.failed_at, Video.uploaded_at)
    query: Select[*tuple[Any, ...]] = (
        select(*columns_of(FailedVideo, Video, video_id=Video.id, failed_at=failed_at))
        .where(Video.status == VideoStatus.FAILED, Video.failure_code.in_(failures.codes), failed_at <= failures.until)
        .order_by(failed_at, Video.id)
        .limit(PAGE_ROWS)
    )
    if failures.since:
        query = query.where(failed_at >= failures.since)
    if failures.video_id:
        query = query.where(Video.id == failures.video_id)
    if last:
        query = query.where(tuple_(failed_at, Video.id) > tuple_(last.failed_at, last.video_id))
    return [FailedVideo(*row) for row in connection.execute(query)]
