"""Direct uploads. The original of such a video never passes through the API, so its checksum may be unknown."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("player_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("multipart_id", sa.String(length=1024), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("video_id", sa.Uuid(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("refusal_code", sa.String(length=50), nullable=True),
        sa.CheckConstraint("status IN ('open', 'completed', 'refused')", name=op.f("ck_uploads_status")),
        sa.CheckConstraint(
            "(status = 'completed') = (video_id IS NOT NULL)", name=op.f("ck_uploads_completed_has_video")
        ),
        sa.CheckConstraint(
            "(status = 'refused') = (refusal_code IS NOT NULL)", name=op.f("ck_uploads_refused_has_code")
        ),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_uploads_player_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_player_id_status", "uploads", ["player_id", "status"])
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    _change_checksum(nullable=True)


def downgrade() -> None:
    op.execute("UPDATE videos SET original_crc32 = 0 WHERE original_crc32 IS NULL")
    _change_checksum(nullable=False)
    op.drop_table("uploads")


def _change_checksum(*, nullable: bool) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("videos", "original_crc32", existing_type=sa.BigInteger(), nullable=nullable)
        return
    # SQLite cannot change a column. Alembic would replace the table, but SQLite refuses that while votes refer to it,
    # and the new table would lose the check constraints.
    op.add_column(
        "videos", sa.Column("crc32", sa.BigInteger(), nullable=nullable, server_default=None if nullable else "0")
    )
    op.execute("UPDATE videos SET crc32 = original_crc32")
    op.execute("ALTER TABLE videos DROP COLUMN original_crc32")
    op.execute("ALTER TABLE videos RENAME COLUMN crc32 TO original_crc32")
