"""Many votes at once for the same video: each waits until the vote before it is committed, because of the row locks."""

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
    """``votes`` real votes over ``connections``: each was committed to the disk."""

    name: str
    votes: int
    connections: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.votes / self.seconds


def measure_rushes(database: Database, *, count: int, connections: int) -> list[Rush]:
    """``count`` votes for the video with the most votes, and then about as many, each for another video."""
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
        _rush(database, "each for another video", [each for each in spread if each not in cast], connections),
    ]


def _rush(database: Database, name: str, votes: Sequence[tuple[uuid.UUID, uuid.UUID]], connections: int) -> Rush:
    def cast(video_and_player: tuple[uuid.UUID, uuid.UUID]) -> None:
        with database.writing() as connection:
            vote(connection, *video_and_player, own_allowed=True)

    with ThreadPoolExecutor(connections) as threads:
        started = time.perf_counter()
        for done in [threads.submit(cast, each) for each in votes]:
            done.result()
        seconds = time.perf_counter() - started
    return Rush(name, len(votes), connections, seconds)
