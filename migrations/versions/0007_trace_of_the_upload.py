"""The trace of the request that uploaded a video. Rows of older releases have none."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # An older release that runs on this schema writes no trace, so the column needs a default of the server.
    op.add_column("videos", sa.Column("traceparent", sa.String(length=55), nullable=False, server_default=""))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE videos DROP COLUMN traceparent")
    else:
        op.drop_column("videos", "traceparent")
