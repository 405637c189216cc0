"""The benchmark of the API on a tiny contest. Without the peers, because only a real run installs their packages."""

from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.api.api_report import judge
from benchmarks.api.contest import Contest, ContestSize, fill, shares
from benchmarks.api.hot_video import measure_rushes
from benchmarks.api.load import Load
from benchmarks.api.page_costs import time_pages, time_votes
from benchmarks.api.rounds import LoadBlock, RunningServers, load_requests, orders
from benchmarks.api.servers import FASTAPI, FLASK, OURS, ServerConditions, servers
from local.system.postgres_server import PostgresServer
from showcase.database.engine import Database
from showcase.votes import ranking

TINY = ContestSize(players=200, videos=300, votes=2000)


@pytest.fixture
def contest(postgres_url: str) -> Contest:
    contest = Contest(TINY)
    fill(postgres_url, contest)
    return contest


@pytest.fixture
def filled(contest: Contest, postgres_url: str) -> Database:
    return Database(postgres_url, pool_size=4)


def test_a_contest_has_the_wanted_size_and_its_counters_are_right(filled: Database) -> None:
    counters = {
        "players": "SELECT count(*) FROM players",
        "videos": "SELECT count(*) FROM videos",
        "votes": "SELECT count(*) FROM votes",
        "videos miscounted": "SELECT count(*) FROM videos v WHERE votes <> "
        "(SELECT count(*) FROM votes WHERE video_id = v.id)",
        "players miscounted": "SELECT count(*) FROM players p WHERE votes <> "
        "(SELECT coalesce(sum(votes), 0) FROM videos WHERE player_id = p.id)",
        "votes for videos that are not open": "SELECT count(*) FROM votes JOIN videos ON id = video_id "
        "WHERE status <> 'processed'",
        "votes without a player": "SELECT count(*) FROM votes v WHERE NOT EXISTS "
        "(SELECT 1 FROM players WHERE id = v.player_id)",
    }  # fmt: skip
    with filled.reading() as connection:
        found = {name: connection.execute(text(query)).scalar_one() for name, query in counters.items()}
        top = ranking(connection, city=None, limit=1, offset=0)
    filled.close()
    assert found == {"players": 200, "videos": 300, "votes": 2000} | dict.fromkeys(list(counters)[3:], 0)
    assert top[0].votes > 2000 / 200 * 3, "no skew: no player has many votes"


def test_the_same_seed_makes_the_same_contest() -> None:
    first, second, other = Contest(TINY), Contest(TINY), Contest(TINY, seed=1)
    for rows in ("players", "videos", "votes"):
        assert list(getattr(first, rows)()) == list(getattr(second, rows)())
    assert other.player_ids != Contest(TINY).player_ids


def test_shares_add_up_and_none_exceeds_the_maximum() -> None:
    counts = shares([10.0, 5.0, 1.0, 1.0, 1.0], 90, 40)
    assert (sum(counts), max(counts)) == (90, 40)


def test_pages_votes_and_rushes_are_measured(filled: Database) -> None:
    timings = time_pages(filled, city="Medellín", limit=5, deep=20, calls=3)
    assert all(0 < timing.median_ms <= timing.p99_ms for timing in timings)
    assert time_votes(filled, 5).rows == 3, "a vote writes three rows: itself and two counters"
    same, spread = measure_rushes(filled, count=20, connections=4)
    filled.close()
    assert same.votes == 20 and 10 <= spread.votes <= 20
    assert same.per_second > 0


def test_our_server_is_measured_under_every_request(
    contest: Contest, postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    conditions = ServerConditions(postgres_url, tmp_path, peers=tmp_path / "no peers", threads=2)
    ours = [server for server in servers(conditions) if server.name == OURS]
    asked = load_requests(5, contest.player_ids[0])
    with RunningServers(conditions, ours, postgres.pid, contest.player_ids[0]) as running:
        blocks = [running.measure(ours[0], request, connections=2, seconds=0.3) for request in asked]
    assert all(block.load.requests > 0 and block.load.failures == 0 for block in blocks)
    assert blocks[0].server_cpu_seconds > 0
    assert (tmp_path / "emf.log").read_text().count('"GET /api/public/videos"') >= blocks[0].load.requests


def test_every_second_round_goes_back() -> None:
    compared = servers(ServerConditions("postgresql://nowhere/none", Path("logs"), Path("peers"), threads=8))
    assert [list(order) for order in orders(compared, 2)] == [compared, compared[::-1]]


def test_a_ratio_over_the_target_is_a_miss(filled: Database) -> None:
    timings = time_pages(filled, city="Cali", limit=5, deep=20, calls=2)
    filled.close()
    measured = {OURS: 0.7, FASTAPI: 1.0, FLASK: 2.0}
    load = Load(100, 0, 1.0, 1000, 1.0, 2.0)
    blocks = {
        (name, server): [LoadBlock(load, cpu_seconds, 0.1)]
        for name in ("public list", "ranking")
        for server, cpu_seconds in measured.items()
    }
    assert [target.is_met for target in judge(blocks, timings)] == [False, True, False, True, True]
