"""``python -m benchmarks.api``: the API beside FastAPI and Flask, and its pages in a large contest.

All servers read the same PostgreSQL, which writes to the disk (fsync is on). Each has one process and the same number
of threads, and only one is under load at a time.
"""

import os
import platform
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree

from sqlalchemy import func, select

from benchmarks.api.api_report import Blocks, report
from benchmarks.api.contest import CITIES, Contest, ContestSize, fill
from benchmarks.api.hot_video import Rush, measure_rushes
from benchmarks.api.page_costs import Timing, time_page, time_pages, time_votes
from benchmarks.api.rounds import RunningServers, load_requests, orders
from benchmarks.api.servers import Server, ServerConditions, servers
from benchmarks.benchmark_screen import benchmark_screen, describe_machine
from benchmarks.peer_environment import find_peers
from benchmarks.targets import EXIT_CODES, exit_code
from cli.command_parser import command_parser
from cli.screen import Screen
from local.system.postgres_server import PostgresServer
from migrations.upgrade import upgrade
from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.votes import ranking

HOME = Path(".local/bench-api").resolve()
PEERS = Path(__file__).parent / "peers" / "requirements.txt"
LIKE_PRODUCTION = ("shared_buffers=256MB", "max_wal_size=4GB")  # the other settings keep PostgreSQL's defaults
DEEP_OFFSET = 50_000
CITY = CITIES[1]

DESCRIPTION = """\
Measure the CPU time of the API beside the same endpoints in FastAPI and Flask, the time that PostgreSQL spends on its
pages and votes in a large contest, and the rate of votes at once. Takes about five minutes.
"""
EXAMPLES = [
    ("", "the whole benchmark"),
    ("--rounds 1 --seconds 0.5 --players 200 --videos 300 --votes 2000 --calls 5 --rush 20", "the shortest useful run"),
]


@dataclass(frozen=True, slots=True)
class Effort:
    """The amount of measuring: rounds and seconds of load, calls of each page, votes of a rush, rows a page."""

    rounds: int
    seconds: float
    calls: int
    rush: int
    connections: int
    limit: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return an ExitCode."""
    parser = command_parser("benchmarks.api", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--seconds", type=float, default=2.0, help="of load for each server, request and round")
    parser.add_argument("--connections", type=int, default=16, help="that are open at once (default 16)")
    parser.add_argument("--threads", type=int, default=8, help="of each server (default 8)")
    parser.add_argument("--limit", type=int, default=20, help="rows of a page (default 20)")
    parser.add_argument("--calls", type=int, default=200, help="of each page and of votes, for the server time")
    parser.add_argument("--rush", type=int, default=2000, help="votes for one video, and then each for another video")
    for name, default in asdict(ContestSize()).items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"of the contest (default {default})")
    asked = parser.parse_args(arguments)
    size = ContestSize(asked.players, asked.videos, asked.votes)
    effort = Effort(asked.rounds, asked.seconds, asked.calls, asked.rush, asked.connections, asked.limit)
    screen, load_before = benchmark_screen(), os.getloadavg()
    contest = f"{size.players:,} players, {size.videos:,} videos, {size.votes:,} votes"
    with PostgresServer(LIKE_PRODUCTION) as postgres:
        screen.line(f"making {contest}")
        database_url = open_contest(postgres, size)
        peers = find_peers(HOME / "peers", PEERS, screen)
        conditions = ServerConditions(database_url, HOME / "logs", peers, asked.threads)
        rmtree(conditions.logs, ignore_errors=True)
        blocks = measure_servers(conditions, servers(conditions), postgres.pid, effort, screen)
        screen.line("timing PostgreSQL")
        timings, rushes = measure_database(database_url, effort)
    title = f"{asked.rounds} rounds of {asked.seconds} s, {asked.connections} connections, {asked.limit} rows a page"
    targets = report(screen, title, blocks, timings, rushes)
    screen.line(f"{contest}; {describe_machine(load_before, f'Python {platform.python_version()}')}")
    return exit_code(targets)


def open_contest(postgres: PostgresServer, size: ContestSize) -> str:
    """Create a database with a contest of that size; return its URL."""
    postgres.execute("CREATE DATABASE bench")
    url = postgres.url("bench")
    upgrade(url)
    fill(url, Contest(size))
    return url


def measure_servers(
    conditions: ServerConditions, compared: Sequence[Server], database_pid: int, effort: Effort, screen: Screen
) -> Blocks:
    """Measure every server under every request, once a round."""
    player_id = _player_with_a_page(conditions.database_url, effort.limit)
    asked = load_requests(effort.limit, player_id)
    blocks: Blocks = {(request.name, server.name): [] for request in asked for server in compared}
    with RunningServers(conditions, compared, database_pid, player_id) as running:
        for number, order in enumerate(orders(compared, effort.rounds)):
            for request in asked:
                for server in order:
                    block = running.measure(server, request, connections=effort.connections, seconds=effort.seconds)
                    blocks[request.name, server.name].append(block)
            screen.line(f"round {number + 1} of {effort.rounds}")
    return blocks


def _player_with_a_page(database_url: str, limit: int) -> uuid.UUID:
    """The player whose number of processed videos is nearest to ``limit``."""
    query = select(Video.player_id).where(Video.status == VideoStatus.PROCESSED).group_by(Video.player_id)
    database = Database(database_url, pool_size=1)
    with database.reading() as connection:
        found = connection.scalars(query.order_by(func.abs(func.count() - limit), Video.player_id).limit(1)).one()
    database.close()
    return found


def measure_database(database_url: str, effort: Effort) -> tuple[list[Timing], list[Rush]]:
    """Time pages and votes on the quiet database, then the rushes, then the first page of the ranking again."""
    database = Database(database_url, pool_size=effort.connections)
    timings = time_pages(database, city=CITY, limit=effort.limit, deep=DEEP_OFFSET, calls=effort.calls)
    timings.append(time_votes(database, effort.calls))
    rushes = measure_rushes(database, count=effort.rush, connections=effort.connections)
    timings.append(
        time_page(
            database,
            f"ranking, right after {effort.rush} votes for its first video",
            lambda connection: ranking(connection, city=None, limit=effort.limit, offset=0),
            effort.calls,
        )
    )
    database.close()
    return timings, rushes


if __name__ == "__main__":
    sys.exit(main())
