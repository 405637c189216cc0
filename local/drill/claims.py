"""The claims that a worker holds, and how each of them ended."""

import socket
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus


class HeldClaim(NamedTuple):
    """One claim of a worker on a video; showcase.jobs.jobs explains the fence."""

    video_id: uuid.UUID
    fence: int


class VideoRow(NamedTuple):
    """The columns of one video that the drill judges."""

    status: str
    fence: int
    processed_key: str | None


class ClaimEnd(StrEnum):
    """The video was published under this claim, under a later one, or not at all."""

    PUBLISHED = "published"
    PUBLISHED_LATER = "published later"
    LOST = "lost"


def claims_held_by(database: Database, pid: int) -> list[HeldClaim]:
    """The claims of the worker with that process id on this machine."""
    name = f"{socket.gethostname()}-{pid}-"  # the name of a worker begins so: worker/wiring.py
    query = select(Video.id, Video.fence, Video.worker).where(Video.status == VideoStatus.PROCESSING)
    with database.reading() as connection:
        return [
            HeldClaim(row.id, row.fence) for row in connection.execute(query) if (row.worker or "").startswith(name)
        ]


def count_claim_ends(claims: Iterable[HeldClaim], videos: Mapping[uuid.UUID, VideoRow]) -> Counter[ClaimEnd]:
    """How many of the claims ended in which way."""
    return Counter(_end_of_claim(claim, videos.get(claim.video_id)) for claim in claims)


def _end_of_claim(claim: HeldClaim, row: VideoRow | None) -> ClaimEnd:
    if row is None or row.status != VideoStatus.PROCESSED or row.fence < claim.fence:
        return ClaimEnd.LOST
    return ClaimEnd.PUBLISHED if row.fence == claim.fence else ClaimEnd.PUBLISHED_LATER
