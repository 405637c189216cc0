"""Models and queries of the peers: SQLAlchemy 2's ORM, on the tables of the contest."""

import os
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker

THREADS = int(os.environ["PEER_THREADS"])
BUCKET = os.environ["PEER_BUCKET"]
LINK_SECONDS = 900

engine = create_engine(os.environ["PEER_DATABASE_URL"], pool_size=THREADS + 2, pool_pre_ping=True)
new_session = sessionmaker(engine)
s3: Any = boto3.client("s3", region_name="us-east-1", config=Config(signature_version="s3v4"))


class Base(DeclarativeBase):
    """The contest's tables."""


class Player(Base):
    __tablename__ = "players"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    city: Mapped[str]
    votes: Mapped[int]

    @property
    def username(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Video(Base):
    __tablename__ = "videos"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    player_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("players.id"))
    title: Mapped[str]
    status: Mapped[str]
    votes: Mapped[int]
    uploaded_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    processed_key: Mapped[str | None]

    player: Mapped[Player] = relationship()

    @property
    def video_id(self) -> uuid.UUID:
        return self.id

    @property
    def username(self) -> str:
        return self.player.username

    @property
    def city(self) -> str:
        return self.player.city

    @property
    def processed_url(self) -> str | None:
        if self.processed_key is None:
            return None
        parameters = {"Bucket": BUCKET, "Key": self.processed_key, "ResponseContentType": "video/mp4"}
        url: str = s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=LINK_SECONDS)
        return url


def find_public(session: Session, limit: int, offset: int) -> Sequence[Video]:
    """The videos open for voting, newest first."""
    return session.scalars(
        select(Video)
        .options(joinedload(Video.player, innerjoin=True))
        .where(Video.status == "processed")
        .order_by(Video.processed_at.desc(), Video.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()


def find_own(session: Session, player_id: uuid.UUID, limit: int, offset: int) -> Sequence[Video]:
    """A player's videos, newest first."""
    return session.scalars(
        select(Video)
        .where(Video.player_id == player_id)
        .order_by(Video.uploaded_at.desc(), Video.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()


def find_ranking(session: Session, limit: int, offset: int) -> Sequence[Player]:
    """The players with votes, most votes first."""
    return session.scalars(
        select(Player)
        .where(Player.votes > 0)
        .order_by(Player.votes.desc(), Player.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
