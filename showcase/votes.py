"""Votes and the ranking that they make.

A vote keeps two counters, the video's and the player's, in the transaction that records it, so that a
page of the ranking is a walk along an index and a vote costs a constant number of row operations.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from showcase.accounts import city_key
from showcase.errors import NotFound, Refused
from showcase.tables import Player, Video, VideoStatus, Vote


@dataclass(frozen=True, slots=True)
class RankedPlayer:
    """A line of the ranking; ``position`` counts from 1."""

    position: int
    first_name: str
    last_name: str
    city: str
    votes: int


def vote(connection: Connection, video_id: uuid.UUID, player_id: uuid.UUID, *, own_allowed: bool) -> None:
    """Record the player's vote for a video that is open for voting.

    Raises NotFound, or Refused ``already_voted`` or ``own_video``. However often and however
    concurrently a player votes for a video, it counts once.
    """
    owner_id = connection.execute(
        select(Video.player_id).where(Video.id == video_id, Video.status == VideoStatus.PROCESSED)
    ).scalar_one_or_none()
    if owner_id is None:
        raise NotFound("video_not_found")
    if owner_id == player_id and not own_allowed:
        raise Refused("own_video")
    if not _record(connection, video_id, player_id):
        raise Refused("already_voted")
    connection.execute(update(Video).where(Video.id == video_id).values(votes=Video.votes + 1))
    connection.execute(update(Player).where(Player.id == owner_id).values(votes=Player.votes + 1))


def _record(connection: Connection, video_id: uuid.UUID, player_id: uuid.UUID) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"video_id": video_id, "player_id": player_id}
    result = connection.execute(dialect.insert(Vote).values(values).on_conflict_do_nothing())
    return result.rowcount == 1


def ranking(connection: Connection, *, city: str | None, limit: int, offset: int) -> list[RankedPlayer]:
    """A page of the players with votes, most votes first; ties in a stable order."""
    query = select(Player.first_name, Player.last_name, Player.city, Player.votes).where(Player.votes > 0)
    if city is not None:
        query = query.where(Player.city_key == city_key(city))
    rows = connection.execute(query.order_by(Player.votes.desc(), Player.id.desc()).limit(limit).offset(offset))
    return [RankedPlayer(position, *row) for position, row in enumerate(rows, start=offset + 1)]
