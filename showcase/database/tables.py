"""The tables. Rows are read with column selects and written by guarded updates. There is no unit of work."""

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
    """``uploaded`` → ``processing`` → ``processed`` | ``failed``. A video that is handed back is ``uploaded`` again."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    PROCESSED = "processed"
    FAILED = "failed"


class UploadStatus(StrEnum):
    """``open`` → ``completed`` | ``refused``. There is no way back."""

    OPEN = "open"
    COMPLETED = "completed"
    REFUSED = "refused"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), uuid.UUID: Uuid()}  # noqa: RUF012


class Player(Base):
    """An account. Its owner uploads, votes, or both."""

    __tablename__ = "players"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)  # in the form of accounts.normalise_email
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    city: Mapped[str] = mapped_column(String(100))
    city_key: Mapped[str] = mapped_column(String(200))  # the city in the form of accounts.city_key, for the search
    country: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    votes: Mapped[int] = mapped_column(default=0)  # of all videos of the player; each vote updates it
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
    original_crc32: Mapped[int | None] = mapped_column(BigInteger)  # of the bytes received, if it is known
    uploaded_at: Mapped[datetime] = mapped_column(default=database_time())
    # Of the request that uploaded the clip. The message takes both to the worker.
    request_id: Mapped[str] = mapped_column(String(64), default="")
    traceparent: Mapped[str] = mapped_column(String(55), default="", server_default="")

    # Outbox: from this moment on the message counts as lost and is sent again. None once the video is settled.
    message_due_at: Mapped[datetime | None]
    enqueued_at: Mapped[datetime | None]  # when the queue first confirmed the message

    # Claim: a write of a job changes the row only if the fence is still that of its claim.
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
    failed_at: Mapped[datetime | None]  # None also for failures that an older release wrote
    votes: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("status IN ('uploaded', 'processing', 'processed', 'failed')", name="status"),
        CheckConstraint("(status = 'processed') = (processed_key IS NOT NULL)", name="processed_has_key"),
        CheckConstraint("(status = 'processing') = (lease_until IS NOT NULL)", name="processing_has_lease"),
        Index("ix_videos_message_due_at", "message_due_at"),
        Index("ix_videos_uploaded_at", "uploaded_at"),
        Index("ix_videos_public", "status", "processed_at", "id"),
    )


class PublicationReview(Base):
    """How far the uploads are judged by the promise to publish them in time. The migration writes the only row."""

    __tablename__ = "publication_review"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    judged_until: Mapped[datetime]  # every upload whose ``uploaded_at`` is not later is judged

    __table_args__ = (CheckConstraint("id = 1", name="only_row"),)


class Vote(Base):
    """One vote of one player for one video."""

    __tablename__ = "votes"

    video_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("videos.id"), primary_key=True)
    player_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("players.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=database_time())


class RateLimit(Base):
    """How far an account or an address has used a limit. A row whose ``free_at`` has passed can be removed.

    There is no index on ``free_at``, because it changes with every request. A sweep scans the few rows.
    """

    __tablename__ = "rate_limits"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # a keyed digest of account or address
    free_at: Mapped[datetime]


class DirectUpload(Base):
    """A clip that a client sends straight to the storage. Its key there is made from its id."""

    __tablename__ = "uploads"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    player_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("players.id"))
    title: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int]  # as the client announced it
    multipart_id: Mapped[str | None] = mapped_column(String(1024))  # the storage's id of a resumable upload
    status: Mapped[str] = mapped_column(String(12), default=UploadStatus.OPEN)
    expires_at: Mapped[datetime]

    # Outcome. The video may have been deleted since.
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
    """Check that the database has all tables and columns. Raises ShowcaseError, which says what to do."""
    with database.reading() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.sorted_tables:
            columns = inspector.get_columns(table.name) if inspector.has_table(table.name) else []
            if missing := {column.name for column in table.columns} - {column["name"] for column in columns}:
                raise ShowcaseError(
                    f"The database lacks {table.name}.{min(missing)}: run `python -m migrations` first."
                )
