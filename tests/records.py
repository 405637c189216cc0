"""Players, videos and claims for tests."""

import uuid
import zlib
from dataclasses import dataclass

from sqlalchemy import select, update

from showcase.accounts import NewPlayer, open_account
from showcase.database.engine import Database, database_time
from showcase.database.tables import Video
from showcase.jobs.jobs import Claim, claim
from showcase.jobs.outbox import Entry
from showcase.passwords import Passwords
from showcase.videos import NewVideo, add_video, original_key

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"  # of the request that uploaded the video
CHEAP_PASSWORDS = Passwords(time_cost=1, memory_kib=8)


def new_player(database: Database, name: str = "Laura", city: str = "Bogotá") -> uuid.UUID:
    player = NewPlayer(f"{uuid.uuid4().hex}@example.com", name, "Gómez", city, "Colombia", "secret-password")
    return open_account(database, CHEAP_PASSWORDS, player)


def original_of(video_id: uuid.UUID) -> bytes:
    """The original of a video in tests that need no real clip."""
    return b"original of " + video_id.bytes


def new_video(
    database: Database, player_id: uuid.UUID | None = None, title: str = "Mi jugada", content: bytes = b""
) -> Entry:
    """Add the row of an accepted upload whose message is not sent yet. The test stores its file.

    The file must have the bytes ``content``, by default those of ``original_of``.
    """
    video_id = uuid.uuid4()
    content = content or original_of(video_id)
    video = NewVideo(
        id=video_id,
        task_id=uuid.uuid4(),
        player_id=player_id or new_player(database),
        title=title,
        original_key=original_key(video_id),
        original_bytes=len(content),
        original_crc32=zlib.crc32(content),
        request_id="request-of-test",
        traceparent=TRACEPARENT,
    )
    with database.writing() as connection:
        uploaded_at = add_video(connection, video)
    return Entry.of_new(video, uploaded_at)


def claimed(database: Database, entry: Entry, lease_seconds: float = 60, attempts_max: int = 5) -> Claim:
    """Claim a video; the claim must succeed."""
    with database.writing() as connection:
        result = claim(
            connection,
            entry.video_id,
            entry.task_id,
            worker="test",
            lease_seconds=lease_seconds,
            attempts_max=attempts_max,
        )
    assert isinstance(result, Claim), result
    return result


@dataclass(frozen=True)
class VideoState:
    """The columns of a video that tests compare."""

    status: str
    fence: int
    attempts: int
    progress_percent: int
    processed_key: str | None
    failure_code: str | None
    failure_reason: str | None
    is_leased: bool
    has_message_due: bool


def video_state(database: Database, video_id: uuid.UUID) -> VideoState | None:
    """The current state of a video; None if it has no row."""
    with database.reading() as connection:
        row = connection.execute(
            select(
                Video.status,
                Video.fence,
                Video.attempts,
                Video.progress_percent,
                Video.processed_key,
                Video.failure_code,
                Video.failure_reason,
                Video.lease_until.is_not(None).label("is_leased"),
                Video.message_due_at.is_not(None).label("has_message_due"),
            ).where(Video.id == video_id)
        ).one_or_none()
    return VideoState(**row._mapping) if row else None


def shift_due(database: Database, video_id: uuid.UUID, seconds: float) -> None:
    """Set when the row's message counts as lost, in seconds from now, instead of waiting for it."""
    with database.writing() as connection:
        connection.execute(update(Video).where(Video.id == video_id).values(message_due_at=database_time(seconds)))


def expire_lease(database: Database, video_id: uuid.UUID) -> None:
    """End the lease now, instead of waiting for its end."""
    with database.writing() as connection:
        connection.execute(update(Video).where(Video.id == video_id).values(lease_until=database_time(-1)))
