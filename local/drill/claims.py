"""The claims that a worker holds, and what becomes of them."""

import socket
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus


class Held(NamedTuple):
    """One claim: see showcase.jobs.jobs."""

    video_id: uuid.UUID
    fence: int


class VideoRow(NamedTuple):
    """What the database says of one video."""

    status: str
    fence: int
    processed_key: str | None


class ClaimEnd(StrEnum):
    """What became of a claim: published under it, under a later one, or not at all."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    LOST = "lost"


def held_by(database: Database, pid: int) -> list[Held]:
    """What the worker with that process id, on this machine, has in work."""
    name = f"{socket.gethostname()}-{pid}-"  # begins that of the worker: worker/wiring.py
    query = select(Video.id, Video.fence, Video.worker).where(Video.status == VideoStatus.PROCESSING)
    with database.reading() as connection:
        return [Held(row.id, row.fence) for row in connection.execute(query) if (row.worker or "").startswith(name)]


def fates(claims: Iterable[Held], videos: Mapping[uuid.UUID, VideoRow]) -> Counter[ClaimEnd]:
    """How many of the claims ended in which way."""
    return Counter(_fate(claim, videos.get(claim.video_id)) for claim in claims)


def _fate(claim: Held, row: VideoRow | None) -> ClaimEnd:
    if row is None or row.status != VideoStatus.PROCESSED or row.fence < claim.fence:
        return ClaimEnd.LOST
    return ClaimEnd.HERE if row.fence == claim.fence else ClaimEnd.ELSEWHERE
