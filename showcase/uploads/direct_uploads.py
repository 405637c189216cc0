"""Uploads whose bytes go from the client straight into the storage, as states of their row.

``open`` → ``completed`` | ``refused``. Each change is one guarded UPDATE whose row count is looked at, so however
many requests complete an upload at the same time, one of them decides, and the row has the answer for all.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from showcase.database.engine import database_time
from showcase.database.tables import DirectUpload, Player, UploadStatus
from showcase.errors import Forbidden, NotFound, Refused
from showcase.videos import NewVideo, add_video

OPEN_MAX = 10  # of one player, so that nobody fills the bucket with clips that are never completed
LATE_SECONDS = 900.0  # bytes that began to flow in time may arrive, and be completed, a little later
KEPT_SECONDS = 86_400.0  # so long after the end a repeated request still learns what became of the upload

PART_BYTES_MIN = 5 * 1024 * 1024  # S3 takes no smaller part, except the last
PARTS_MAX = 100  # S3 takes 10,000; each costs a link in the answer


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a player announces."""

    id: uuid.UUID
    player_id: uuid.UUID
    title: str
    size_bytes: int
    multipart_id: str | None  # the storage's, if the upload is resumable


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
    seconds_left: float  # until it expires; negative afterwards
    video_id: uuid.UUID | None
    task_id: uuid.UUID | None
    refusal_code: str | None

    @property
    def is_too_late(self) -> bool:
        """Not even what began to flow in time is still waited for."""
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
    """How a resumable upload is cut: equal parts of at least 5 MiB, and the rest."""
    part_bytes = max(PART_BYTES_MIN, -(-size_bytes // PARTS_MAX))
    starts = range(0, size_bytes, part_bytes)
    return [Part(number, min(part_bytes, size_bytes - start)) for number, start in enumerate(starts, start=1)]


def open_upload(connection: Connection, upload: NewUpload, *, seconds: float) -> None:
    """Expect an upload for ``seconds``. Raises Refused ``too_many_uploads``."""
    # The player's row is the lock: 50 requests at the same moment open no more than the limit.
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
    row = connection.execute(
        select(
            DirectUpload.id,
            DirectUpload.player_id,
            DirectUpload.title,
            DirectUpload.size_bytes,
            DirectUpload.multipart_id,
            DirectUpload.status,
            DirectUpload.expires_at,
            DirectUpload.video_id,
            DirectUpload.task_id,
            DirectUpload.refusal_code,
            database_time().label("now"),
        ).where(DirectUpload.id == upload_id)
    ).one_or_none()
    if row is None:
        raise NotFound("upload_not_found")
    if row.player_id != player_id:
        raise Forbidden("upload_not_yours")
    fields = {name: value for name, value in row._mapping.items() if name != "now"}
    return OwnUpload(**fields, seconds_left=(row.expires_at - row.now).total_seconds())


def accept(connection: Connection, upload_id: uuid.UUID, video: NewVideo) -> datetime | None:
    """Make the upload this video; return when. None if it is not open any more: then the row tells why.

    From the commit on the video will be processed, whatever happens.
    """
    became = {"status": UploadStatus.COMPLETED, "video_id": video.id, "task_id": video.task_id}
    return add_video(connection, video) if _settle(connection, upload_id, became) else None


def refuse(connection: Connection, upload_id: uuid.UUID, code: str) -> bool:
    """End the upload of a clip that breaks a rule. False if it is not open any more."""
    return _settle(connection, upload_id, {"status": UploadStatus.REFUSED, "refusal_code": code})


def _settle(connection: Connection, upload_id: uuid.UUID, values: dict[str, object]) -> bool:
    is_open = (DirectUpload.id == upload_id, DirectUpload.status == UploadStatus.OPEN)
    return connection.execute(update(DirectUpload).where(*is_open).values(values)).rowcount == 1


def awaited_keys(connection: Connection, upload_ids: Iterable[uuid.UUID]) -> set[str]:
    """The keys of those of these uploads that may still be completed."""
    wanted = DirectUpload.id.in_(set(upload_ids))
    ids = connection.execute(select(DirectUpload.id).where(wanted, _awaited(late_seconds=LATE_SECONDS))).scalars()
    return {inbox_key(upload_id) for upload_id in ids}


def forget_old(connection: Connection) -> int:
    """Remove the rows of uploads that ended long ago; return how many of them were never completed."""
    old = DirectUpload.expires_at < database_time(-KEPT_SECONDS)
    statuses = connection.execute(delete(DirectUpload).where(old).returning(DirectUpload.status)).scalars()
    return sum(status == UploadStatus.OPEN for status in statuses)


def _awaited(*, late_seconds: float) -> ColumnElement[bool]:
    return (DirectUpload.status == UploadStatus.OPEN) & (DirectUpload.expires_at > database_time(-late_seconds))
