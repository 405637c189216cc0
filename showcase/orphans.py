"""Objects in the storage that no row needs: of uploads that were never accepted, of videos that were deleted,
of workers that lost their lease or their life between storing and committing.

Safe beside anything: only objects older than any upload or job can be are looked at, and the row decides.
"""

import re
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.storage.media_store import MediaStore
from showcase.uploads.direct_uploads import awaited_keys
from showcase.videos import original_key, result_key

_OF_A_VIDEO = re.compile(r"(?:uploads/([0-9a-f-]{36})|processed/([0-9a-f-]{36})/\d+)\.mp4")
_OF_AN_UPLOAD = re.compile(r"inbox/([0-9a-f-]{36})")


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
        return self._remove_objects(before) + self._give_up_uploads(before)

    def _remove_objects(self, before: datetime) -> int:
        removed = 0
        for page in self._media.pages():
            orphans = self._unneeded([item.key for item in page if item.modified_at < before])
            for key in orphans:
                self._media.delete(key)
            removed += len(orphans)
        return removed

    def _give_up_uploads(self, before: datetime) -> int:
        """Also those of keys that are not ours to judge: nothing of ours is so old and still under way."""
        given_up = 0
        for page in self._media.unfinished_uploads():
            old = [upload for upload in page if upload.begun_at < before]
            awaited = self._awaited([upload.key for upload in old])
            abandoned = [upload for upload in old if upload.key not in awaited]
            for upload in abandoned:
                self._media.give_up(upload.key, upload.multipart_id)
            given_up += len(abandoned)
        return given_up

    def _unneeded(self, keys: list[str]) -> set[str]:
        """Those keys that are ours to judge, and that no row needs."""
        videos, uploads = _ids(_OF_A_VIDEO, keys), _ids(_OF_AN_UPLOAD, keys)
        with self._database.reading() as connection:
            needed = _needed(connection, videos.values()) | awaited_keys(connection, uploads.values())
        return (videos.keys() | uploads.keys()) - needed

    def _awaited(self, keys: list[str]) -> set[str]:
        """The keys of uploads that a client may still be at."""
        with self._database.reading() as connection:
            return awaited_keys(connection, _ids(_OF_AN_UPLOAD, keys).values())


def _needed(connection: Connection, video_ids: Iterable[uuid.UUID]) -> set[str]:
    """The keys that rows of these videos need, now or when a job in work ends."""
    rows = connection.execute(
        select(Video.id, Video.status, Video.fence, Video.processed_key).where(Video.id.in_(set(video_ids)))
    ).all()
    needed = {original_key(row.id) for row in rows} | {row.processed_key for row in rows if row.processed_key}
    return needed | {result_key(row.id, row.fence) for row in rows if row.status == VideoStatus.PROCESSING}


def _ids(pattern: re.Pattern[str], keys: Iterable[str]) -> dict[str, uuid.UUID]:
    """Of those keys that are about such a thing, its id."""
    ids = {}
    for key in keys:
        match = pattern.fullmatch(key)
        with suppress(ValueError):  # as many hexadecimal digits and hyphens, and yet no id: not ours to judge
            if match:
                ids[key] = uuid.UUID(match.group(match.lastindex or 0))
    return ids
