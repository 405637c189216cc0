"""FastAPI: `uvicorn benchmarks.api.peers.fastapi_app:app`.

It uses plain functions in threads, response models, and a session as a dependency.
"""

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Depends, FastAPI, Query  # type: ignore[import-not-found]
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from benchmarks.api.peers.models import THREADS, Player, Video, find_own, find_public, find_ranking, new_session


@asynccontextmanager
async def bound_threads(_app: Any) -> AsyncIterator[None]:
    """Set the number of threads to that of the other servers. FastAPI's default is 40."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


app = FastAPI(lifespan=bound_threads)


class PublicVideo(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    video_id: uuid.UUID
    title: str
    username: str
    city: str
    votes: int
    uploaded_at: datetime
    processed_at: datetime
    processed_url: str


class OwnVideo(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    video_id: uuid.UUID
    title: str
    status: str
    uploaded_at: datetime
    processed_at: datetime | None
    processed_url: str | None


class RankedPlayer(BaseModel):
    position: int
    username: str
    city: str
    votes: int


def open_session() -> Iterator[Session]:
    with new_session() as session:
        yield session


OpenSession = Annotated[Session, Depends(open_session)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0)]


@app.get("/api/public/videos", response_model=list[PublicVideo])  # type: ignore[untyped-decorator]
def public_videos(session: OpenSession, limit: Limit = 100, offset: Offset = 0) -> Sequence[Video]:
    return find_public(session, limit, offset)


@app.get("/api/videos", response_model=list[OwnVideo])  # type: ignore[untyped-decorator]
def own_videos(session: OpenSession, player: uuid.UUID, limit: Limit = 100, offset: Offset = 0) -> Sequence[Video]:
    return find_own(session, player, limit, offset)


@app.get("/api/public/rankings", response_model=list[RankedPlayer])  # type: ignore[untyped-decorator]
def rankings(session: OpenSession, limit: Limit = 100, offset: Offset = 0) -> list[RankedPlayer]:
    players = find_ranking(session, limit, offset)
    return [_ranked(position, player) for position, player in enumerate(players, start=offset + 1)]


def _ranked(position: int, player: Player) -> RankedPlayer:
    return RankedPlayer(position=position, username=player.username, city=player.city, votes=player.votes)


@app.get("/api/health/live")  # type: ignore[untyped-decorator]
async def live() -> dict[str, str]:
    return {"status": "alive"}
