"""Players, videos and votes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "players",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("city_key", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_players")),
        sa.UniqueConstraint("email", name=op.f("uq_players_email")),
    )
    op.create_index("ix_players_ranking", "players", ["votes", "id"])
    op.create_index("ix_players_city_ranking", "players", ["city_key", "votes", "id"])
    op.create_table(
        "videos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("player_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("original_key", sa.String(length=200), nullable=False),
        sa.Column("original_bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("message_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.Column("progress_percent", sa.Integer(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("processed_key", sa.String(length=200), nullable=True),
        sa.Column("failure_code", sa.String(length=50), nullable=True),
        sa.Column("failure_reason", sa.String(length=500), nullable=True),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'processed') = (processed_key IS NOT NULL)", name=op.f("ck_videos_processed_has_key")
        ),
        sa.CheckConstraint(
            "(status = 'processing') = (lease_until IS NOT NULL)", name=op.f("ck_videos_processing_has_lease")
        ),
        sa.CheckConstraint(
            "status IN ('uploaded', 'processing', 'processed', 'failed')", name=op.f("ck_videos_status")
        ),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_videos_player_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("task_id", name=op.f("uq_videos_task_id")),
    )
    op.create_index("ix_videos_message_due_at", "videos", ["message_due_at"])
    op.create_index("ix_videos_player_id", "videos", ["player_id"])
    op.create_index("ix_videos_public", "videos", ["status", "processed_at", "id"])

    op.create_table(
        "votes",
        sa.Column("video_id", sa.Uuid(), nullable=False),
        sa.Column("player_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_votes_player_id")),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_votes_video_id")),
        sa.PrimaryKeyConstraint("video_id", "player_id", name=op.f("pk_votes")),
    )


def downgrade() -> None:
    for table in ("votes", "videos", "players"):
        op.drop_table(table)
