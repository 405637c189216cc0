"""The time that PostgreSQL itself spends on pages and votes, as EXPLAIN ANALYZE reports it."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from typing import Any

from sqlalchemy import Connection, event, select, text

from benchmarks.api.contest import SEED
from showcase.accounts import city_key
from showcase.database.engine import Database
from showcase.database.tables import Player, Video, VideoStatus
from showcase.errors import Refused
from showcase.videos import list_public
from showcase.votes import ranking, vote

EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) "
ROW_OPERATIONS = text(
    "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::int FROM pg_stat_xact_user_tables "
    "WHERE relname IN ('players', 'videos', 'votes')"
)

Work = Callable[[Connection], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """PostgreSQL's own time in ms, planning included, over many calls. ``rows`` is the number that one call writes."""

    name: str
    calls: int
    median_ms: float
    p99_ms: float
    rows: int = 0


def time_pages(database: Database, *, city: str, limit: int, deep: int, calls: int) -> list[Timing]:
    """Time first and deep pages. ``deep`` is an offset; a city has fewer players, so its deep page is its last one."""
    ranked = text("SELECT count(*) FROM players WHERE votes > 0 AND city_key = :city")
    with database.reading() as connection:
        in_city = int(connection.execute(ranked, {"city": city_key(city)}).scalar_one())
    city_deep = max(0, min(deep, in_city - limit))
    works: dict[str, Work] = {
        "ranking": lambda connection: ranking(connection, city=None, limit=limit, offset=0),
        f"ranking of {city}": lambda connection: ranking(connection, city=city, limit=limit, offset=0),
        f"ranking, from {deep:,}": lambda connection: ranking(connection, city=None, limit=limit, offset=deep),
        f"ranking of {city}, from {city_deep:,}": lambda connection: ranking(
            connection, city=city, limit=limit, offset=city_deep
        ),
        "public list": lambda connection: list_public(connection, limit=limit, offset=0),
        f"public list, from {deep:,}": lambda connection: list_public(connection, limit=limit, offset=deep),
    }
    return [time_page(database, name, work, calls) for name, work in works.items()]


def time_page(database: Database, name: str, work: Work, calls: int) -> Timing:
    """Explain the statements that ``work`` sends, ``calls`` times."""
    with database.reading() as connection:
        statements = _sent_by(connection, work)
        times = [_server_ms(connection, statements) for _ in range(calls)]
    return _timing(name, times)


def time_votes(database: Database, calls: int) -> Timing:
    """Time votes of random players for random videos. Every vote is rolled back."""
    chosen, times, rows = random.Random(SEED), list[float](), set[int]()  # noqa: S311
    with database.reading() as connection:
        videos = connection.scalars(select(Video.id).where(Video.status == VideoStatus.PROCESSED).limit(10_000)).all()
        players = connection.scalars(select(Player.id).limit(10_000)).all()
    while len(times) < calls:
        video_id, player_id = chosen.choice(videos), chosen.choice(players)
        work = partial(vote, video_id=video_id, player_id=player_id, own_allowed=True)
        with suppress(Refused):  # this player has already voted for this video
            milliseconds, written = _time_vote(database, work)
            times.append(milliseconds)
            rows.add(written)
    (constant,) = rows
    return _timing("vote", times, constant)


def _time_vote(database: Database, work: Work) -> tuple[float, int]:
    """The server time, without a commit, and the written rows of one vote, which is rolled back."""
    with database.engine.connect() as connection:
        before = connection.execute(ROW_OPERATIONS).scalar_one()  # earlier transactions may still be in this statistic
        statements = _sent_by(connection, work)
        written = connection.execute(ROW_OPERATIONS).scalar_one() - before
        connection.rollback()
        milliseconds = _server_ms(connection, statements)
        connection.rollback()
    return milliseconds, written


def _sent_by(connection: Connection, work: Work) -> list[tuple[str, Any]]:
    """Do the work; return the statements that it has sent to the database, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        work(connection)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return sent


def _server_ms(connection: Connection, statements: list[tuple[str, Any]]) -> float:
    total = 0.0
    for statement, parameters in statements:
        (plan,) = connection.exec_driver_sql(EXPLAIN + statement, parameters).scalar_one()
        total += plan["Planning Time"] + plan["Execution Time"]
    return total


def _timing(name: str, times: list[float], rows: int = 0) -> Timing:
    marks = quantiles(times, n=100)
    return Timing(name, len(times), marks[49], marks[98], rows)
