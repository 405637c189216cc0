"""Direct uploads (the client sends the bytes straight to the storage) as states of their row.

``open`` → ``completed`` | ``refused``. Each change is one guarded UPDATE, and its row count says whether it happened.
So if several requests complete an upload at the same time, one of them decides, and the row has the answer for all.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, select, update

from showcase.database.engine import database_time
from showcase.database.row_columns import columns_of
from showcase.database.tables import DirectUpload, Player, UploadStatus
from showcase.errors import ClipFault, Forbidden, NotFound, Refused
from showcase.videos import NewVideo, add_video

OPEN_MAX = 10  # uploads of one player, so that nobody fills the bucket with clips that are never completed
LATE_SECONDS = 900.0  # after its end, an upload whose bytes began to flow in time can still be completed
KEPT_SECONDS = 86_400.0  # after its end, a repeated request still gets the outcome of the upload

PART_BYTES_MIN = 5 * 1024 * 1024  # S3 takes no smaller part, except the last
PARTS_MAX = 100  # S3 takes 10,000, but each part needs a link in the answer


@dataclass(frozen=True, slots=True)
class NewUpload:
    """An upload that a player announces."""

    id: uuid.UUID
    player_id: uuid.UUID
    title: str
    size_bytes: int
    multipart_id: str | None  # the storage's id of a resumable upload; None for a form


@dataclass(frozen=True, slots=True)
class OwnUpload:
    """An upload as its owner sees it."""

    id: uuid.UUID
    player_id: uuid.UUID
    title: str
    size_bytes: int
    multipart_id: str | None
    status: str
    expires_at: datetime
    now: datetime  # the database's time when it was read
    video_id: uuid.UUID | None
    task_id: uuid.UUID | None
    refusal_code: ClipFault | None

    @property
    def seconds_left(self) -> float:
        """Seconds until it expires; negative afterwards."""
        return (self.expires_at - self.now).total_seconds()

    @property
    def is_too_late(self) -> bool:
        """True when even bytes that began to flow in time are no longer accepted."""
        return self.seconds_left < -LATE_SECONDS


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a resumable upload; numbers count from 1."""

    number: int
    size_bytes: int


def inbox_key(upload_id: uuid.UUID) -> str:
    """The only key that a client may write."""
    return f"inbox/{upload_id}"


def plan_parts(size_bytes: int) -> list[Part]:
    """Cut a resumable upload into equal parts of at least 5 MiB, and the rest."""
    part_bytes = max(PART_BYTES_MIN, -(-size_bytes // PARTS_MAX))
    starts = range(0, size_bytes, part_bytes)
    return [Part(number, min(part_bytes, size_bytes - start)) for number, start in enumerate(starts, start=1)]


def open_upload(connection: Connection, upload: NewUpload, *, seconds: float) -> None:
    """Expect an upload for ``seconds``. Raises Refused ``too_many_uploads``."""
    # The lock on the player's row keeps the limit for requests that come at the same moment.
    connection.execute(select(Player.id).where(Player.id == upload.player_id).with_for_update(key_share=True))
    awaited = select(func.count()).where(DirectUpload.player_id == upload.player_id, _awaited(late_seconds=0.0))
    if connection.execute(awaited).scalar_one() >= OPEN_MAX:
        raise Refused("too_many_uploads")
    connection.execute(
        insert(DirectUpload).values(
            id=upload.id,
            player_id=upload.player_id,
            title=upload.title,
            size_bytes=upload.size_bytes,
            multipart_id=upload.multipart_id,
            expires_at=database_time(seconds),
        )
    )


def get_upload(connection: Connection, upload_id: uuid.UUID, player_id: uuid.UUID) -> OwnUpload:
    """An upload of the player. Raises NotFound, or Forbidden when it is another player's."""
    row = connection.execute(_select_upload(), {"upload": upload_id}).one_or_none()
    if row is None:
        raise NotFound("upload_not_found")
    if row.player_id != player_id:
        raise Forbidden("upload_not_yours")
    return OwnUpload(*row)


@cache
def _select_upload() -> Select[*tuple[Any, ...]]:
    """Built once, because building the statement costs more than executing it."""
    columns = columns_of(OwnUpload, DirectUpload, now=database_time())
    return select(*columns).where(DirectUpload.id == bindparam("upload"))


def accept(connection: Connection, upload_id: uuid.UUID, video: NewVideo) -> datetime | None:
    """Add the upload as this video; return the time. None if the upload is no longer open: then its row says why.

    From the commit on the video will be processed, even if this process dies.
    """
    completed = {"status": UploadStatus.COMPLETED, "video_id": video.id, "task_id": video.task_id}
    return add_video(connection, video) if _settle(connection, upload_id, completed) else None


def refuse(connection: Connection, upload_id: uuid.UUID, code: ClipFault) -> bool:
    """End the upload of a clip that breaks a rule. False if it is no longer open."""
    return _settle(connection, upload_id, {"status": UploadStatus.REFUSED, "refusal_code": code})


def _settle(connection: Connection, upload_id: uuid.UUID, values: dict[str, object]) -> bool:
    is_open = (DirectUpload.id == upload_id, DirectUpload.status == UploadStatus.OPEN)
    return connection.execute(update(DirectUpload).where(*is_open).values(values)).rowcount == 1


def awaited_keys(connection: Connection, upload_ids: Iterable[uuid.UUID]) -> set[str]:
    """The keys of these uploads, without those that can no longer be completed."""
    wanted = DirectUpload.id.in_(set(upload_ids))
    ids = connection.execute(select(DirectUpload.id).where(wanted, _awaited(late_seconds=LATE_SECONDS))).scalars()
    return {inbox_key(upload_id) for upload_id in ids}


def forget_old(connection: Connection) -> int:
    """Remove the rows of uploads that ended more than KEPT_SECONDS ago; return how many were never decided."""
    old = DirectUpload.expires_at < database_time(-KEPT_SECONDS)
    statuses = connection.execute(delete(DirectUpload).where(old).returning(DirectUpload.status)).scalars()
    return sum(status == UploadStatus.OPEN for status in statuses)


def _awaited(*, late_seconds: float) -> ColumnElement[bool]:
    return (DirectUpload.status == UploadStatus.OPEN) & (DirectUpload.expires_at > database_time(-late_seconds))
