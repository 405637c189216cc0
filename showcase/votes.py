"""Votes, and the ranking of players by votes.

The transaction that records a vote also updates two counters: one of the video and one of its player. So a page of the
ranking is a walk along an index, and a vote costs a constant number of row operations.
"""

import uuid
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, Select, Update, and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from showcase.accounts import city_key
from showcase.database.pages import page_downwards
from showcase.database.row_columns import columns_of
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

    Raises NotFound, or Refused ``already_voted`` or ``own_video``. Repeated and concurrent votes of a player for a
    video count once.
    """
    owner_id = connection.execute(_select_owner(), {"voted_video": video_id}).scalar_one_or_none()
    if owner_id is None:
        raise NotFound("video_not_found")
    if owner_id == player_id and not own_allowed:
        raise Refused("own_video")
    recorded = connection.execute(_insert_vote(connection.dialect.name), {"video_id": video_id, "player_id": player_id})
    if recorded.rowcount == 0:
        raise Refused("already_voted")
    # Every vote locks the video before its player. With one order for all, votes cannot deadlock.
    connection.execute(_count_vote(Video), {"voted_id": video_id})
    connection.execute(_count_vote(Player), {"voted_id": owner_id})


# Building these statements costs more than executing them, so each is built once.


@cache
def _select_owner() -> Select[uuid.UUID]:
    return select(Video.player_id).where(Video.id == bindparam("voted_video"), Video.status == VideoStatus.PROCESSED)


@cache
def _insert_vote(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(Vote).on_conflict_do_nothing()


@cache
def _count_vote(table: type[Video] | type[Player]) -> Update:
    return update(table).where(table.id == bindparam("voted_id")).values(votes=table.votes + 1)


def ranking(connection: Connection, *, city: str | None, limit: int, offset: int) -> list[RankedPlayer]:
    """A page of the players with votes, most votes first; ties in a stable order."""
    page = {"limit": limit, "offset": offset}
    if city is None:
        rows = connection.execute(_select_ranking(), page)
    else:
        rows = connection.execute(_select_ranking_of_city(), page | {"city": city_key(city)})
    return [RankedPlayer(position, *row) for position, row in enumerate(rows, start=offset + 1)]


@cache
def _select_ranking() -> Select[*tuple[Any, ...]]:
    query = select(*columns_of(RankedPlayer, Player, position=None))
    return page_downwards(query, (Player.votes, Player.id), Player.votes > 0)


@cache
def _select_ranking_of_city() -> Select[*tuple[Any, ...]]:
    query = select(*columns_of(RankedPlayer, Player, position=None))
    # All rows have the same city. It is in the order, so that the database uses the index that begins with the city.
    order = (Player.city_key, Player.votes, Player.id)
    return page_downwards(query, order, and_(Player.votes > 0, Player.city_key == bindparam("city")))
