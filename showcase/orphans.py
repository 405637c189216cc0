"""Removes objects and unfinished uploads that no row needs.

They come from uploads that were never accepted, from videos that were deleted, and from workers that lost their lease
or died between storing a result and committing it. A sweep is safe at any time: it looks only at objects that are older
than any upload or job can be, and the rows decide which of them are needed. The storage tells the ages by its own
clock, so no clock of a process can make an object old.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress

from sqlalchemy import Connection, select

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.storage.media_store import MediaStore
from showcase.uploads.direct_uploads import awaited_keys
from showcase.videos import original_key, result_key

_KEY_OF_A_VIDEO = re.compile(r"(?:uploads/([0-9a-f-]{36})|processed/([0-9a-f-]{36})/\d+)\.mp4")
_KEY_OF_AN_UPLOAD = re.compile(r"inbox/([0-9a-f-]{36})")


class Orphans:
    """Removes objects and unfinished uploads that are older than ``age_seconds`` and that no row needs."""

    def __init__(self, database: Database, media: MediaStore, *, age_seconds: float) -> None:
        self._database = database
        self._media = media
        self._age_seconds = age_seconds

    def sweep(self, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Look at the whole bucket once; return how many objects and unfinished uploads were removed.

        It ends early when ``is_stopping()``. Raises Unavailable.
        """
        removed = self._remove_objects(is_stopping)
        return removed if is_stopping() else removed + self._abort_uploads(is_stopping)

    def _remove_objects(self, is_stopping: Callable[[], bool]) -> int:
        """Remove old objects that no row needs. Objects whose keys belong to no video or upload stay."""
        removed = 0
        for page in self._media.pages():
            old = [item.key for item in page if item.age_seconds >= self._age_seconds]
            videos, uploads = _ids_by_key(_KEY_OF_A_VIDEO, old), _ids_by_key(_KEY_OF_AN_UPLOAD, old)
            with self._database.reading() as connection:
                needed = _needed_keys(connection, videos.values()) | awaited_keys(connection, uploads.values())
            for key in (videos.keys() | uploads.keys()) - needed:
                if not is_stopping():
                    self._media.delete(key)
                    removed += 1
            if is_stopping():
                break  # before the next page is fetched
        return removed

    def _abort_uploads(self, is_stopping: Callable[[], bool]) -> int:
        """Abort old unfinished uploads of all keys, except direct uploads that a client can still complete."""
        aborted = 0
        for page in self._media.unfinished_uploads():
            old = [upload for upload in page if upload.age_seconds >= self._age_seconds]
            uploads = _ids_by_key(_KEY_OF_AN_UPLOAD, [upload.key for upload in old])
            with self._database.reading() as connection:
                awaited = awaited_keys(connection, uploads.values())
            for upload in old:
                if upload.key not in awaited and not is_stopping():
                    self._media.abort_upload(upload.key, upload.multipart_id)
                    aborted += 1
            if is_stopping():
                break
        return aborted


def _needed_keys(connection: Connection, video_ids: Iterable[uuid.UUID]) -> set[str]:
    """The keys that rows of these videos need, now or when a running job ends."""
    rows = connection.execute(
        select(Video.id, Video.status, Video.fence, Video.processed_key).where(Video.id.in_(set(video_ids)))
    ).all()
    needed = {original_key(row.id) for row in rows} | {row.processed_key for row in rows if row.processed_key}
    return needed | {result_key(row.id, row.fence) for row in rows if row.status == VideoStatus.PROCESSING}


def _ids_by_key(pattern: re.Pattern[str], keys: Iterable[str]) -> dict[str, uuid.UUID]:
    """The ids in those keys that match the pattern."""
    ids = {}
    for key in keys:
        match = pattern.fullmatch(key)
        with suppress(ValueError):  # 36 hexadecimal digits and hyphens that are not a UUID
            if match:
                ids[key] = uuid.UUID(match.group(match.lastindex or 0))
    return ids
