"""Objects in the storage that no row needs: of uploads that were never accepted, of videos that were deleted,
of workers that lost their lease or their life between storing and committing.

Safe beside anything: only objects older than any upload or job can be are looked at, and the row decides.
"""

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from showcase.database import Database
from showcase.media_store import MediaStore, StoredObject
from showcase.tables import Video, VideoStatus
from showcase.videos import original_key, result_key

_ORIGINAL = re.compile(r"uploads/([0-9a-f-]{36})\.mp4")
_RESULT = re.compile(r"processed/([0-9a-f-]{36})/(\d+)\.mp4")


class Orphans:
    """Removes what is older than ``age_seconds`` and belongs to nothing."""

    def __init__(self, database: Database, media: MediaStore, *, age_seconds: float) -> None:
        self._database = database
        self._media = media
        self._age = timedelta(seconds=age_seconds)

    def sweep(self) -> int:
        """Look at the whole bucket once; return how many objects and unfinished uploads were removed.

        Raises Unavailable.
        """
        before = datetime.now(UTC) - self._age
        removed = sum(self._remove_orphans(page, before) for page in self._media.pages())
        return removed + self._media.abort_unfinished_uploads(before)

    def _remove_orphans(self, page: list[StoredObject], before: datetime) -> int:
        old = {item.key: _video_id(item.key) for item in page if item.modified_at < before}
        needed = self._needed(video_id for video_id in old.values() if video_id)
        orphans = [key for key, video_id in old.items() if video_id and key not in needed]
        for key in orphans:
            self._media.delete(key)
        return len(orphans)

    def _needed(self, video_ids: Iterable[uuid.UUID]) -> set[str]:
        """The keys that rows of these videos need, now or when a job in work ends."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(Video.id, Video.status, Video.fence, Video.processed_key).where(Video.id.in_(set(video_ids)))
            ).all()
        needed = {original_key(row.id) for row in rows} | {row.processed_key for row in rows if row.processed_key}
        return needed | {result_key(row.id, row.fence) for row in rows if row.status == VideoStatus.PROCESSING}


def _video_id(key: str) -> uuid.UUID | None:
    """The video that a key is about; None for what is not ours to judge."""
    match = _ORIGINAL.fullmatch(key) or _RESULT.fullmatch(key)
    try:
        return uuid.UUID(match.group(1)) if match else None
    except ValueError:
        return None
