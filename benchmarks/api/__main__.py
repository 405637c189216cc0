"""The API beside the same endpoints in FastAPI and Flask, and what its pages cost PostgreSQL in a large contest.

`python -m benchmarks.api`. All servers read the same PostgreSQL, whose files are real (fsync is on); each has one
process and the same number of threads, and only one is under load at a time. Takes some five minutes.
"""

import argparse
import os
import platform
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree

from rich.console import Console
from sqlalchemy import func, select

from benchmarks.api.api_report import Blocks, report
from benchmarks.api.contest import CITIES, Contest, ContestSize, fill
from benchmarks.api.hot_video import Rush, rushes
from benchmarks.api.page_costs import Timing, pages, time_page, votes
from benchmarks.api.rounds import Stand, orders, requests
from benchmarks.api.servers import Place, Server, servers
from benchmarks.peer_environment import find_peers
from local.system.postgres_server import PostgresServer
from migrations.upgrade import upgrade
from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.votes import ranking

HOME = Path(".local/bench-api").resolve()
PEERS = Path(__file__).parent / "peers" / "requirements.txt"
LIKE_PRODUCTION = ("shared_buffers=256MB", "max_wal_size=4GB")  # all else at PostgreSQL's defaults, fsync too
DEEP_OFFSET = 50_000
CITY = CITIES[1]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float
    calls: int
    rush: int
    connections: int
    limit: int


def main() -> int:
    """Run, report; the exit code is 1 when a target is missed."""
    arguments = _arguments()
    size = ContestSize(arguments.players, arguments.videos, arguments.votes)
    effort = Effort(
        arguments.rounds, arguments.seconds, arguments.calls, arguments.rush, arguments.connections, arguments.limit
    )
    load_before = os.getloadavg()
    with PostgresServer(LIKE_PRODUCTION) as postgres:
        database_url = open_contest(postgres, size)
        place = Place(database_url, HOME / "logs", find_peers(HOME / "peers", PEERS), arguments.threads)
        rmtree(place.logs, ignore_errors=True)
        blocks = measure_servers(place, servers(place), postgres.pid, effort)
        timings, rushed = measure_database(database_url, effort)
    console = Console()
    title = (
        f"{effort.rounds} rounds of {effort.seconds} s, {effort.connections} connections, {effort.limit} rows a page"
    )
    is_met = report(console, title, blocks, timings, rushed)
    console.print(_machine(load_before, size), highlight=False, soft_wrap=True)
    return 0 if is_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The API beside FastAPI and Flask, and its pages in a large contest.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load on each server, for each request and round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--threads", type=int, default=8, help="of each server")
    parser.add_argument("--limit", type=int, default=20, help="rows a page")
    parser.add_argument("--calls", type=int, default=200, help="of each page and of votes, for the server time")
    parser.add_argument("--rush", type=int, default=2000, help="votes for one video, and for as many different ones")
    for name, default in asdict(ContestSize()).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def open_contest(postgres: PostgresServer, size: ContestSize) -> str:
    """A database with a contest of that size; its URL."""
    print(f"making {size.players:,} players, {size.videos:,} videos, {size.votes:,} votes", flush=True)
    postgres.execute("CREATE DATABASE bench")
    url = postgres.url("bench")
    upgrade(url)
    fill(url, Contest(size))
    return url


def measure_servers(place: Place, contestants: Sequence[Server], database_pid: int, effort: Effort) -> Blocks:
    """Every contestant under every request, once a round."""
    player_id = _player_with_a_page(place.database_url, effort.limit)
    asked = requests(effort.limit, player_id)
    blocks: Blocks = {(request.name, server.name): [] for request in asked for server in contestants}
    with Stand(place, contestants, database_pid, player_id) as stand:
        for number, order in enumerate(orders(contestants, effort.rounds)):
            for request in asked:
                for server in order:
                    block = stand.measure(server, request, connections=effort.connections, seconds=effort.seconds)
                    blocks[request.name, server.name].append(block)
            print(f"round {number + 1} of {effort.rounds}", flush=True)
    return blocks


def _player_with_a_page(database_url: str, limit: int) -> uuid.UUID:
    """Whose videos fill one page best."""
    query = select(Video.player_id).where(Video.status == VideoStatus.PROCESSED).group_by(Video.player_id)
    database = Database(database_url, pool_size=1)
    with database.reading() as connection:
        found = connection.scalars(query.order_by(func.abs(func.count() - limit), Video.player_id).limit(1)).one()
    database.close()
    return found


def measure_database(database_url: str, effort: Effort) -> tuple[list[Timing], list[Rush]]:
    """Pages and votes on the quiet database, the rush, and the first page of the ranking right after it."""
    print("timing PostgreSQL", flush=True)
    database = Database(database_url, pool_size=effort.connections)
    timings = pages(database, city=CITY, limit=effort.limit, deep=DEEP_OFFSET, calls=effort.calls)
    timings.append(votes(database, effort.calls))
    rushed = rushes(database, count=effort.rush, connections=effort.connections)
    after = f"ranking, right after {effort.rush} votes for its first video"
    timings.append(
        time_page(
            database,
            after,
            lambda connection: ranking(connection, city=None, limit=effort.limit, offset=0),
            effort.calls,
        )
    )
    database.close()
    return timings, rushed


def _machine(load_before: tuple[float, float, float], size: ContestSize) -> str:
    before, after = (" ".join(f"{load:.1f}" for load in loads) for loads in (load_before, os.getloadavg()))
    contest = f"{size.players:,} players, {size.videos:,} videos, {size.votes:,} votes"
    python = f"Python {platform.python_version()}"
    machine = f"{os.cpu_count()} CPUs ({platform.machine()}), {python}"
    return f"{contest}; {machine}, load average {before} before, {after} after"


if __name__ == "__main__":
    sys.exit(main())
