"""A simple model of the contest: which players, videos and votes there must be after each request."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx


@dataclass(eq=False)
class ModelPlayer:
    """A player with an account. ``client`` sends the player's token."""

    name: str
    email: str
    city: str
    client: httpx.Client


@dataclass(eq=False)
class ModelVideo:
    """A video, waiting or open for voting, and who voted for it."""

    id: str
    task_id: str
    title: str
    owner: ModelPlayer
    is_open: bool = False
    voters: set[ModelPlayer] = field(default_factory=set)


@dataclass
class ContestModel:
    """All players and all videos, in the order of their creation. ``deleted`` are the ids of deleted videos."""

    players: list[ModelPlayer] = field(default_factory=list)
    videos: dict[str, ModelVideo] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def own(self, player: ModelPlayer) -> Iterator[ModelVideo]:
        return (video for video in self.videos.values() if video.owner is player)

    def open(self) -> Iterator[ModelVideo]:
        return (video for video in self.videos.values() if video.is_open)

    def votes(self, player: ModelPlayer) -> int:
        return sum(len(video.voters) for video in self.own(player))

    def ranking(self, city: str | None = None) -> list[tuple[str, str, int]]:
        """(name, city, votes) of the players who have votes, most votes first; ties by name."""
        lines = [(each.name, each.city, self.votes(each)) for each in self.players if city in (None, each.city)]
        return sorted((line for line in lines if line[2]), key=_most_first)


def by_name_among_ties(lines: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """The ranking with its ties sorted by name, as in the model. If it is not sorted by votes, it stays as it is."""
    votes = [line[2] for line in lines]
    return sorted(lines, key=_most_first) if votes == sorted(votes, reverse=True) else lines


def _most_first(line: tuple[str, str, int]) -> tuple[int, str]:
    return -line[2], line[0]
