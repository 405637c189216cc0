"""The tables. Rows are read with column selects and written by guarded updates; there is no unit of work."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, MetaData, String, Uuid, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from showcase.database.engine import Database, UtcDateTime, database_time
from showcase.errors import ShowcaseError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class VideoStatus(StrEnum):
    """``uploaded`` → ``processing`` → ``processed`` | ``failed``; back to ``uploaded`` when handed back."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    PROCESSED = "processed"
    FAILED = "failed"


class UploadStatus(StrEnum):
    """``open`` → ``completed`` | ``refused``, and no way back."""

    OPEN = "open"
    COMPLETED = "completed"
    REFUSED = "refused"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), uuid.UUID: Uuid()}  # noqa: RUF012


class Player(Base):
    """Somebody with an account: uploads, votes, or both."""

    __tablename__ = "players"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)  # in lower case
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    city: Mapped[str] = mapped_column(String(100))
    city_key: Mapped[str] = mapped_column(String(200))  # the city case-folded, to search by
    country: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    votes: Mapped[int] = mapped_column(default=0)  # of all their videos; kept by every vote
    created_at: Mapped[datetime] = mapped_column(default=database_time())

    __table_args__ = (
        Index("ix_players_ranking", "votes", "id"),
        Index("ix_players_city_ranking", "city_key", "votes", "id"),
    )


class Video(Base):
    """A clip, the state of its processing, and its own outbox entry."""

    __tablename__ = "videos"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    player_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("players.id"), index=True)
    task_id: Mapped[uuid.UUID] = mapped_column(unique=True, default=uuid.uuid4)
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(12), default=VideoStatus.UPLOADED)
    original_key: Mapped[str] = mapped_column(String(200))
    original_bytes: Mapped[int]
    original_crc32: Mapped[int | None] = mapped_column(BigInteger)  # of the bytes received; none if nobody told
    uploaded_at: Mapped[datetime] = mapped_column(default=database_time())
    request_id: Mapped[str] = mapped_column(String(64), default="")  # of the upload; travels to the worker

    # Outbox: the moment from which the row's message counts as lost and is sent again; none once settled.
    message_due_at: Mapped[datetime | None]
    enqueued_at: Mapped[datetime | None]  # first time that the queue confirmed the message

    # Claim: a write of a job counts only with the fence under which it was claimed.
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(100))
    progress_percent: Mapped[int] = mapped_column(default=0)

    # Result
    processed_at: Mapped[datetime | None]
    processed_key: Mapped[str | None] = mapped_column(String(200))
    failure_code: Mapped[str | None] = mapped_column(String(50))
    failure_reason: Mapped[str | None] = mapped_column(String(500))
    votes: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("status IN ('uploaded', 'processing', 'processed', 'failed')", name="status"),
        CheckConstraint("(status = 'processed') = (processed_key IS NOT NULL)", name="processed_has_key"),
        CheckConstraint("(status = 'processing') = (lease_until IS NOT NULL)", name="processing_has_lease"),
        Index("ix_videos_message_due_at", "message_due_at"),
        Index("ix_videos_public", "status", "processed_at", "id"),
    )


class Vote(Base):
    """One vote of one player for one video."""

    __tablename__ = "votes"

    video_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("videos.id"), primary_key=True)
    player_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("players.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=database_time())


class RateLimit(Base):
    """How far an account or an address has drawn on a limit; a row in the past says nothing and may go.

    No index on ``free_at``: it changes with every request, and the few rows are swept by a scan.
    """

    __tablename__ = "rate_limits"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # a keyed digest: who it is stays unsaid
    free_at: Mapped[datetime]


class DirectUpload(Base):
    """A clip on its way from a client straight into the storage. Its key there is made from its id."""

    __tablename__ = "uploads"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    player_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("players.id"))
    title: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int]  # as announced
    multipart_id: Mapped[str | None] = mapped_column(String(1024))  # the storage's, of a resumable upload
    status: Mapped[str] = mapped_column(String(12), default=UploadStatus.OPEN)
    expires_at: Mapped[datetime]

    # What became of it. The video may have been deleted since.
    video_id: Mapped[uuid.UUID | None]
    task_id: Mapped[uuid.UUID | None]
    refusal_code: Mapped[str | None] = mapped_column(String(50))

    __table_args__ = (
        CheckConstraint("status IN ('open', 'completed', 'refused')", name="status"),
        CheckConstraint("(status = 'completed') = (video_id IS NOT NULL)", name="completed_has_video"),
        CheckConstraint("(status = 'refused') = (refusal_code IS NOT NULL)", name="refused_has_code"),
        Index("ix_uploads_player_id_status", "player_id", "status"),
        Index("ix_uploads_expires_at", "expires_at"),
    )


def verify_schema(database: Database) -> None:
    """Refuse to start on a database without our tables. Raises ShowcaseError that says what to do."""
    with database.reading() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.sorted_tables:
            columns = inspector.get_columns(table.name) if inspector.has_table(table.name) else []
            if missing := {column.name for column in table.columns} - {column["name"] for column in columns}:
                raise ShowcaseError(
                    f"The database lacks {table.name}.{min(missing)}: run `python -m migrations` first."
                )
