"""Checksum of the original, to detect a damaged download."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("videos", sa.Column("original_crc32", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("videos") as videos:
        videos.alter_column("original_crc32", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("videos") as videos:
        videos.drop_column("original_crc32")
