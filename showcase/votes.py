"""Votes and the ranking that they make.

A vote keeps two counters, the video's and the player's, in the transaction that records it, so that a
page of the ranking is a walk along an index and a vote costs a constant number of row operations.
"""

import uuid
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Insert, Select, Update, and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from showcase.accounts import city_key
from showcase.database.pages import page_downwards
from showcase.database.tables import Player, Video, VideoStatus, Vote
from showcase.errors import NotFound, Refused


class RankedPlayer(NamedTuple):
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
    owner_id = connection.execute(_owner_if_open(), {"voted_video": video_id}).scalar_one_or_none()
    if owner_id is None:
        raise NotFound("video_not_found")
    if owner_id == player_id and not own_allowed:
        raise Refused("own_video")
    recorded = connection.execute(_recording(connection.dialect.name), {"video_id": video_id, "player_id": player_id})
    if recorded.rowcount == 0:
        raise Refused("already_voted")
    # The same order in every vote, the video before its player: votes wait for each other, and never in a circle.
    connection.execute(_counting(Video), {"voted_id": video_id})
    connection.execute(_counting(Player), {"voted_id": owner_id})


@cache
def _owner_if_open() -> Select[uuid.UUID]:
    return select(Video.player_id).where(Video.id == bindparam("voted_video"), Video.status == VideoStatus.PROCESSED)


@cache
def _recording(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(Vote).on_conflict_do_nothing()


@cache
def _counting(table: type[Video] | type[Player]) -> Update:
    return update(table).where(table.id == bindparam("voted_id")).values(votes=table.votes + 1)


def ranking(connection: Connection, *, city: str | None, limit: int, offset: int) -> list[RankedPlayer]:
    """A page of the players with votes, most votes first; ties in a stable order."""
    page = {"limit": limit, "offset": offset}
    if city is None:
        rows = connection.execute(_ranking(), page)
    else:
        rows = connection.execute(_ranking_of_city(), page | {"city": city_key(city)})
    return [RankedPlayer(position, *row) for position, row in enumerate(rows, start=offset + 1)]


@cache
def _ranking() -> Select[str, str, str, int]:
    return page_downwards(_lines(), (Player.votes, Player.id), Player.votes > 0)


@cache
def _ranking_of_city() -> Select[str, str, str, int]:
    # The city is the same in all of its rows; with it in the order, only the index that begins with it will do.
    order = (Player.city_key, Player.votes, Player.id)
    return page_downwards(_lines(), order, and_(Player.votes > 0, Player.city_key == bindparam("city")))


def _lines() -> Select[str, str, str, int]:
    return select(Player.first_name, Player.last_name, Player.city, Player.votes)
