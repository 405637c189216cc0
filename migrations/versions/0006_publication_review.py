"""How far uploads are judged by the promise to publish them in time. Earlier uploads are not judged."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    review = op.create_table(
        "publication_review",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("judged_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_publication_review_only_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_review")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    now = sa.func.strftime("%Y-%m-%d %H:%M:%f000", "now") if is_sqlite else sa.func.now()
    op.execute(review.insert().values(id=1, judged_until=now))
    op.create_index("ix_videos_uploaded_at", "videos", ["uploaded_at"])


def downgrade() -> None:
    op.drop_index("ix_videos_uploaded_at", table_name="videos")
    op.drop_table("publication_review")
