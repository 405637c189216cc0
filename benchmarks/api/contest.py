"""A contest of a chosen size in PostgreSQL, made with COPY: the same players, videos and votes for the same seed.

`python -m benchmarks.api.contest postgresql://…/empty` fills a database that is migrated and empty.
As in a real contest a few videos have most of the votes, some players have many videos and most have none,
and one player in three lives in the largest city.
"""

import argparse
import random
import sys
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import psycopg2

from benchmarks.api.copy_stream import CopyStream
from showcase.accounts import city_key
from showcase.videos import original_key, result_key

SEED = 2025
OPENING = datetime(2025, 3, 1, 12, tzinfo=UTC)
VOTES_SKEW = 0.8  # the exponent of Zipf's law: the first of 200,000 videos gets one vote in fifty
VOTERS_SHARE_MAX = 4  # nobody gets votes of more than a quarter of all players
OWNERS_SHARE = 0.6  # of the players: the others only vote
FAILED_SHARE = 20  # one video in so many failed
CITIES = (
    "Bogotá", "Medellín", "Cali", "Barranquilla", "Cartagena", "Cúcuta", "Bucaramanga", "Pereira", "Santa Marta",
    "Ibagué", "Pasto", "Manizales", "Neiva", "Villavicencio", "Armenia", "Valledupar", "Montería", "Sincelejo",
    "Popayán", "Tunja",
)  # fmt: skip
CITY_WEIGHTS = (10, *(5 / place for place in range(1, len(CITIES))))
FIRST_NAMES = ("Laura", "Camila", "Valentina", "Sofía", "Juan", "Andrés", "Santiago", "Mateo", "Daniela", "Óscar")
LAST_NAMES = ("Gómez", "Rodríguez", "Martínez", "Peña", "Ortiz", "Castro", "Muñoz", "Rincón", "Ávila", "Quintero")

PLAYER_COLUMNS = (
    "id", "email", "first_name", "last_name", "city", "city_key", "country", "password_hash", "is_active", "votes",
    "created_at",
)  # fmt: skip
VIDEO_COLUMNS = (
    "id", "player_id", "task_id", "title", "status", "original_key", "original_bytes", "original_crc32",
    "uploaded_at", "request_id", "fence", "attempts", "progress_percent", "processed_at", "processed_key",
    "failure_code", "failure_reason", "votes",
)  # fmt: skip
VOTE_COLUMNS = ("video_id", "player_id", "created_at")

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ContestSize:
    """How many of each. The default is the size that the project promises to be fast at."""

    players: int = 100_000
    videos: int = 200_000
    votes: int = 2_000_000


class Contest:
    """Who is in it; a pure function of size and seed. Rows come in the order of ``*_COLUMNS``."""

    def __init__(self, size: ContestSize, seed: int = SEED) -> None:
        self._size = size
        self._random = random.Random(seed)  # noqa: S311
        self.player_ids = [self._id() for _ in range(size.players)]
        self.video_ids = sorted(self._id() for _ in range(size.videos))  # the order in which their votes are stored
        self._owners = [self._owner() for _ in range(size.videos)]
        self._votes = self._count_votes()
        self._player_votes = [0] * size.players
        for owner, votes in zip(self._owners, self._votes, strict=True):
            self._player_votes[owner] += votes

    def players(self) -> Iterator[Row]:
        cities = self._random.choices(CITIES, CITY_WEIGHTS, k=self._size.players)
        for number, (player_id, city) in enumerate(zip(self.player_ids, cities, strict=True)):
            names = (self._random.choice(FIRST_NAMES), self._random.choice(LAST_NAMES))
            email, votes = f"player{number}@example.com", self._player_votes[number]
            yield (player_id, email, *names, city, city_key(city), "Colombia", "none", True, votes, OPENING)

    def videos(self) -> Iterator[Row]:
        for number, video_id in enumerate(self.video_ids):
            uploaded_at = OPENING + timedelta(seconds=self._random.randrange(30 * 86_400))
            owner, title = self.player_ids[self._owners[number]], f"Mi mejor jugada {number}"
            original = (original_key(video_id), 40_000_000, 0, uploaded_at, "request-of-bench", 1, 1)
            status, *result = self._result(number, video_id, uploaded_at)
            yield (video_id, owner, self._id(), title, status, *original, *result, self._votes[number])

    def votes(self) -> Iterator[Row]:
        """Each video's voters are different players: a sample without repetition."""
        everybody = range(self._size.players)
        for video_id, count in zip(self.video_ids, self._votes, strict=True):
            for voter in self._random.sample(everybody, count):
                yield (video_id, self.player_ids[voter], OPENING)

    def _result(self, number: int, video_id: uuid.UUID, uploaded_at: datetime) -> Row:
        """Status, progress, when and where processed, why failed."""
        if _failed(number):
            return ("failed", 0, None, None, "too_short", "El video dura menos de 20 segundos.")
        processed_at = uploaded_at + timedelta(seconds=self._random.randrange(30, 600))
        return ("processed", 100, processed_at, result_key(video_id, 1), None, None)

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def _owner(self) -> int:
        return int(self._size.players * OWNERS_SHARE * self._random.random() ** 2)

    def _count_votes(self) -> list[int]:
        """Votes of each video, by Zipf's law over the videos in random order. They add up to ``size.votes``."""
        open_videos = [number for number in range(self._size.videos) if not _failed(number)]
        self._random.shuffle(open_videos)
        most = self._size.players // VOTERS_SHARE_MAX
        counts = shares([place**-VOTES_SKEW for place in range(1, len(open_videos) + 1)], self._size.votes, most)
        votes = [0] * self._size.videos
        for number, count in zip(open_videos, counts, strict=True):
            votes[number] = count
        return votes


def shares(weights: list[float], total: int, most: int) -> list[int]:
    """``total`` in whole shares by weight, none over ``most``. What that cuts off goes to the next ones."""
    *_, whole = reached = list(accumulate(weights))
    marks = [round(total * mark / whole) for mark in reached]
    counts, over = [], 0
    for start, end in zip([0, *marks], marks, strict=False):
        wanted = end - start + over
        counts.append(min(wanted, most))
        over = wanted - counts[-1]
    assert not over, "so many votes need more players"
    return counts


def _failed(number: int) -> bool:
    return number % FAILED_SHARE == FAILED_SHARE - 1


def fill(database_url: str, contest: Contest) -> None:
    """Store the contest in one transaction, then let PostgreSQL tidy up as its autovacuum would.

    Needs a superuser: foreign keys are not looked up for each row, because the rows are made to fit.
    """
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, columns, rows in (
                ("players", PLAYER_COLUMNS, contest.players()),
                ("videos", VIDEO_COLUMNS, contest.videos()),
                ("votes", VOTE_COLUMNS, contest.votes()),
            ):
                cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", CopyStream(_lines(rows)))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE players, videos, votes")
    finally:
        connection.close()


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """PostgreSQL's text format. No value here has a tab, a line end or a backslash."""
    for row in rows:
        yield "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Fill an empty, migrated PostgreSQL database with a large contest.")
    parser.add_argument("url")
    for name, default in asdict(ContestSize()).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    fill(arguments.url, Contest(ContestSize(arguments.players, arguments.videos, arguments.votes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
