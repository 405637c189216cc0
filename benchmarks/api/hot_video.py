"""Many vote for the same video at once: all wait for its row and for its player's, each until the last commit."""

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import and_, select, tuple_

from showcase.database.engine import Database
from showcase.database.tables import Player, Video, VideoStatus, Vote
from showcase.votes import vote


@dataclass(frozen=True, slots=True)
class Rush:
    """So many votes over so many connections. They are real: each is committed, and waits for the disk."""

    name: str
    votes: int
    connections: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.votes / self.seconds


def rushes(database: Database, *, count: int, connections: int) -> list[Rush]:
    """The same number of votes for the first video of the contest, and for as many different ones of all players."""
    with database.reading() as connection:
        most_voted = select(Video.id).order_by(Video.votes.desc(), Video.id)
        hot = connection.scalars(most_voted.limit(1)).one()
        has_voted = select(Vote.player_id).where(Vote.video_id == hot)
        voters = connection.scalars(select(Player.id).where(Player.id.not_in(has_voted)).limit(count)).all()
        is_other = and_(Video.id != hot, Video.status == VideoStatus.PROCESSED)
        others = connection.scalars(select(Video.id).where(is_other).order_by(Video.id).limit(len(voters))).all()
        spread = list(zip(others, voters, strict=False))
        cast_already = tuple_(Vote.video_id, Vote.player_id).in_(spread)
        cast = {tuple(row) for row in connection.execute(select(Vote.video_id, Vote.player_id).where(cast_already))}
    return [
        _rush(database, "for the same video", [(hot, voter) for voter in voters], connections),
        _rush(database, "each for another video", [of for of in spread if of not in cast], connections),
    ]


def _rush(database: Database, name: str, votes: Sequence[tuple[uuid.UUID, uuid.UUID]], connections: int) -> Rush:
    def cast(of: tuple[uuid.UUID, uuid.UUID]) -> None:
        with database.writing() as connection:
            vote(connection, *of, own_allowed=True)

    with ThreadPoolExecutor(connections) as threads:
        started = time.perf_counter()
        for done in [threads.submit(cast, of) for of in votes]:
            done.result()
        seconds = time.perf_counter() - started
    return Rush(name, len(votes), connections, seconds)
