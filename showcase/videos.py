"""Videos as their owners and the public see them. Their processing is in ``showcase.jobs``."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, insert, select

from showcase.database.engine import database_time
from showcase.database.pages import page_downwards
from showcase.database.row_columns import columns_of
from showcase.database.tables import Player, Video, VideoStatus
from showcase.errors import Forbidden, NotFound, Refused

FAST_PATH_SECONDS = 10.0  # the time in which the API sends the message itself; afterwards the sweeper sends it


@dataclass(frozen=True, slots=True)
class NewVideo:
    """An upload whose bytes are already in the storage."""

    id: uuid.UUID
    task_id: uuid.UUID
    player_id: uuid.UUID
    title: str
    original_key: str
    original_bytes: int
    original_crc32: int | None  # of the bytes received; None if the storage received them and returned no CRC-32
    request_id: str
    traceparent: str = ""  # of the span of that request


class OwnedVideo(NamedTuple):
    """A video as its owner sees it."""

    id: uuid.UUID
    title: str
    status: str
    uploaded_at: datetime
    processed_at: datetime | None
    original_key: str
    processed_key: str | None
    votes: int
    attempts: int
    progress_percent: int
    failure_code: str | None
    failure_reason: str | None


class PublicVideo(NamedTuple):
    """A video that is open for voting, as the public sees it."""

    id: uuid.UUID
    title: str
    first_name: str
    last_name: str
    city: str
    votes: int
    uploaded_at: datetime
    processed_at: datetime
    processed_key: str


def original_key(video_id: uuid.UUID) -> str:
    """The key under which the upload of a video is stored."""
    return f"uploads/{video_id}.mp4"


def result_key(video_id: uuid.UUID, fence: int) -> str:
    """The key under which the result of one claim is stored. The fence keeps claims from overwriting each other."""
    return f"processed/{video_id}/{fence}.mp4"


def add_video(connection: Connection, video: NewVideo) -> datetime:
    """Accept an upload; return the time. From the commit on it will be processed, even if this process dies."""
    return connection.execute(
        insert(Video)
        .values(
            id=video.id,
            task_id=video.task_id,
            player_id=video.player_id,
            title=video.title,
            original_key=video.original_key,
            original_bytes=video.original_bytes,
            original_crc32=video.original_crc32,
            request_id=video.request_id,
            traceparent=video.traceparent,
            message_due_at=database_time(FAST_PATH_SECONDS),
        )
        .returning(Video.uploaded_at)
    ).scalar_one()


def list_own(connection: Connection, player_id: uuid.UUID, *, limit: int, offset: int) -> list[OwnedVideo]:
    """A player's videos, newest first."""
    rows = connection.execute(_select_own_page(), {"owner": player_id, "limit": limit, "offset": offset})
    return [OwnedVideo(*row) for row in rows]


# Building these statements costs more than executing them, so each is built once.


@cache
def _select_own_page() -> Select[*tuple[Any, ...]]:
    return (
        select(*columns_of(OwnedVideo, Video))
        .where(Video.player_id == bindparam("owner"))
        .order_by(Video.uploaded_at.desc(), Video.id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )


def get_own(connection: Connection, video_id: uuid.UUID, player_id: uuid.UUID) -> OwnedVideo:
    """One video of the player. Raises NotFound, or Forbidden when it is another player's."""
    _check_owner(connection, video_id, player_id)
    row = connection.execute(_select_own(), {"video": video_id}).one_or_none()
    if row is None:
        raise NotFound("video_not_found")  # deleted between the two queries
    return OwnedVideo(*row)


@cache
def _select_own() -> Select[*tuple[Any, ...]]:
    return select(*columns_of(OwnedVideo, Video)).where(Video.id == bindparam("video"))


def delete_own(connection: Connection, video_id: uuid.UUID, player_id: uuid.UUID) -> list[str]:
    """Delete a video that is not open for voting; return the keys of its files. Remove these after the commit.

    A job that is running finds no row when it ends, and removes its own result.
    Raises NotFound, Forbidden, or Refused ``video_published``.
    """
    _check_owner(connection, video_id, player_id)
    deleted = connection.execute(
        delete(Video).where(Video.id == video_id, Video.status != VideoStatus.PROCESSED).returning(Video.original_key)
    ).scalar_one_or_none()
    if deleted is None:
        raise Refused("video_published")
    return [deleted]


def _check_owner(connection: Connection, video_id: uuid.UUID, player_id: uuid.UUID) -> None:
    owner_id = connection.execute(select(Video.player_id).where(Video.id == video_id)).scalar_one_or_none()
    if owner_id is None:
        raise NotFound("video_not_found")
    if owner_id != player_id:
        raise Forbidden("video_not_yours")


def list_public(connection: Connection, *, limit: int, offset: int) -> list[PublicVideo]:
    """The videos open for voting, newest first."""
    rows = connection.execute(_select_public_page(), {"limit": limit, "offset": offset})
    return [PublicVideo(*row) for row in rows]


@cache
def _select_public_page() -> Select[*tuple[Any, ...]]:
    query = select(*columns_of(PublicVideo, Video, Player)).join(Player, Player.id == Video.player_id)
    return page_downwards(query, (Video.processed_at, Video.id), Video.status == VideoStatus.PROCESSED)
