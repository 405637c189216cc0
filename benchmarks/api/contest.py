"""``python -m benchmarks.api.contest``: a contest of any size in PostgreSQL, by COPY, always the same for one seed.

As in a real contest, a few videos have most of the votes, some players have many videos and most have none, and one
player in three lives in the largest city.
"""

import random
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import psycopg2

from benchmarks.api.copy_stream import CopyStream
from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from showcase.accounts import city_key
from showcase.videos import original_key, result_key

SEED = 2025
OPENING = datetime(2025, 3, 1, 12, tzinfo=UTC)
VOTES_SKEW = 0.8  # the exponent of Zipf's law: the first of 200,000 videos gets one vote in fifty
PLAYERS_A_VOTE_MIN = 4  # at most one player in that many votes for the same video
OWNERS_SHARE = 0.6  # of the players have videos; the others only vote
VIDEOS_A_FAILURE = 20  # one video in that many has failed
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

DESCRIPTION = (
    "Fill an empty, migrated PostgreSQL database with a large contest; the same options make the same contest."
)
EXAMPLES = [("postgresql://postgres@127.0.0.1/bench --players 1000 --videos 2000 --votes 20000", "")]

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ContestSize:
    """The numbers of rows. The default is the size at which the project promises to be fast."""

    players: int = 100_000
    videos: int = 200_000
    votes: int = 2_000_000


class Contest:
    """The rows of a contest, a pure function of size and seed. Their columns are those of ``*_COLUMNS``."""

    def __init__(self, size: ContestSize, seed: int = SEED) -> None:
        self._size = size
        self._random = random.Random(seed)  # noqa: S311
        self.player_ids = [self._id() for _ in range(size.players)]
        self.video_ids = sorted(self._id() for _ in range(size.videos))  # the order in which their votes are stored
        # The square gives the players with low numbers many videos each.
        self._owners = [int(size.players * OWNERS_SHARE * self._random.random() ** 2) for _ in range(size.videos)]
        self._votes = self._count_votes()
        self._player_votes = [0] * size.players
        for owner, votes in zip(self._owners, self._votes, strict=True):
            self._player_votes[owner] += votes

    def players(self) -> Iterator[Row]:
        """All players; their counters match the votes."""
        cities = self._random.choices(CITIES, CITY_WEIGHTS, k=self._size.players)
        for number, (player_id, city) in enumerate(zip(self.player_ids, cities, strict=True)):
            names = (self._random.choice(FIRST_NAMES), self._random.choice(LAST_NAMES))
            email, votes = f"player{number}@example.com", self._player_votes[number]
            yield (player_id, email, *names, city, city_key(city), "Colombia", "none", True, votes, OPENING)

    def videos(self) -> Iterator[Row]:
        """All videos; their counters match the votes."""
        for number, video_id in enumerate(self.video_ids):
            uploaded_at = OPENING + timedelta(seconds=self._random.randrange(30 * 86_400))
            owner, title = self.player_ids[self._owners[number]], f"Mi mejor jugada {number}"
            original = (original_key(video_id), 40_000_000, 0, uploaded_at, "request-of-bench", 1, 1)
            status, *result = self._result(number, video_id, uploaded_at)
            yield (video_id, owner, self._id(), title, status, *original, *result, self._votes[number])

    def votes(self) -> Iterator[Row]:
        """All votes. The voters of a video are a sample without repetition, because a player votes once for it."""
        everybody = range(self._size.players)
        for video_id, count in zip(self.video_ids, self._votes, strict=True):
            for voter in self._random.sample(everybody, count):
                yield (video_id, self.player_ids[voter], OPENING)

    def _result(self, number: int, video_id: uuid.UUID, uploaded_at: datetime) -> Row:
        """Status, progress, time and key of the result, code and reason of the failure."""
        if _has_failed(number):
            return ("failed", 0, None, None, "too_short", "El video dura menos de 20 segundos.")
        processed_at = uploaded_at + timedelta(seconds=self._random.randrange(30, 600))
        return ("processed", 100, processed_at, result_key(video_id, 1), None, None)

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def _count_votes(self) -> list[int]:
        """The votes of each video, by Zipf's law over the videos in random order. Their sum is ``size.votes``."""
        open_videos = [number for number in range(self._size.videos) if not _has_failed(number)]
        self._random.shuffle(open_videos)
        most = self._size.players // PLAYERS_A_VOTE_MIN
        counts = shares([place**-VOTES_SKEW for place in range(1, len(open_videos) + 1)], self._size.votes, most)
        votes = [0] * self._size.videos
        for number, count in zip(open_videos, counts, strict=True):
            votes[number] = count
        return votes


def shares(weights: list[float], total: int, most: int) -> list[int]:
    """Divide ``total`` by weight into whole numbers of at most ``most``. The rest of a share goes to the next one.

    Raises AssertionError when the shares cannot hold ``total``.
    """
    *_, whole = reached = list(accumulate(weights))
    marks = [round(total * mark / whole) for mark in reached]
    counts, over = [], 0
    for start, end in zip([0, *marks], marks, strict=False):
        wanted = end - start + over
        counts.append(min(wanted, most))
        over = wanted - counts[-1]
    assert not over, f"{total} votes need more players"
    return counts


def _has_failed(number: int) -> bool:
    return number % VIDEOS_A_FAILURE == VIDEOS_A_FAILURE - 1


def fill(database_url: str, contest: Contest) -> None:
    """Store the contest in one transaction, then vacuum as PostgreSQL's autovacuum would.

    The user must be a superuser, because the foreign keys are not checked for each row: the rows fit by construction.
    Raises psycopg2.Error.
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
                cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", CopyStream(_copy_lines(rows)))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE players, videos, votes")
    finally:
        connection.close()


def _copy_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Rows in the text format of COPY. No value here has a tab, a line end or a backslash, which need escapes."""
    for row in rows:
        yield "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the database of the command line; return an ExitCode."""
    parser = command_parser("benchmarks.api.contest", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("url", metavar="URL", help="an empty, migrated PostgreSQL database; its user is a superuser")
    for name, default in asdict(ContestSize()).items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    asked = parser.parse_args(arguments)
    try:
        fill(asked.url, Contest(ContestSize(asked.players, asked.videos, asked.votes)))
    except psycopg2.Error as error:
        Screen().fail(str(error))
        return ExitCode.FAILED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
