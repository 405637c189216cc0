"""Rounds of load: each server gets each request once a round, in alternating order."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psutil

from benchmarks.api.load import Load
from benchmarks.api.servers import Server, ServerConditions
from benchmarks.measured_process import MeasuredProcess
from benchmarks.process_figures import cpu_of

WARM_UP_SECONDS = 1.0  # first requests open connections, compile statements and sign links


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A request that all servers answer. The product reads the player from the token, the peers from the path."""

    name: str
    path: str
    peer_path: str
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class LoadBlock:
    """One server under one request for a while. CPU is user and system time of all processes of each side."""

    load: Load
    server_cpu_seconds: float
    database_cpu_seconds: float

    @property
    def server_us(self) -> float:
        return self.server_cpu_seconds / self.load.requests * 1e6

    @property
    def database_us(self) -> float:
        return self.database_cpu_seconds / self.load.requests * 1e6


def load_requests(limit: int, player_id: uuid.UUID) -> list[LoadRequest]:
    """All requests, in the order of the tables. The player should have ``limit`` videos."""
    public, ranking = f"/api/public/videos?limit={limit}", f"/api/public/rankings?limit={limit}"
    own = f"/api/videos?limit={limit}"
    return [
        LoadRequest("public list", public, public),
        LoadRequest("own list, with token", own, f"{own}&player={player_id}", needs_token=True),
        LoadRequest("ranking", ranking, ranking),
        LoadRequest("trivial", "/api/health/live", "/api/health/live"),
    ]


class RunningServers:
    """A context manager: all servers run inside the block; ``measure`` puts one of them under load."""

    def __init__(
        self, conditions: ServerConditions, servers: Sequence[Server], database_pid: int, player_id: uuid.UUID
    ) -> None:
        self._conditions = conditions
        self._servers = servers
        self._database = psutil.Process(database_pid)
        self._player_id = player_id
        self._running: dict[str, MeasuredProcess] = {}

    def __enter__(self) -> "RunningServers":
        with ExitStack() as stack:
            for server in self._servers:
                self._running[server.name] = stack.enter_context(server.start(self._conditions))
                self._running[server.name].wait_until_logged(server.ready)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def measure(self, server: Server, request: LoadRequest, *, connections: int, seconds: float) -> LoadBlock:
        """Warm up, then measure. Raises AssertionError when the status of an answer was not 200."""
        path = request.path if server.tokens else request.peer_path
        command = [sys.executable, "-m", "benchmarks.api.load", server.address, path]
        if server.tokens and request.needs_token:
            command += ["--header", f"Authorization: Bearer {server.tokens.issue(self._player_id)}"]
        command += ["--connections", str(connections), "--seconds"]
        _generate_load([*command, str(WARM_UP_SECONDS)])
        before = self._cpu(server)
        load = _generate_load([*command, str(seconds)])
        after = self._cpu(server)
        assert not load.failures, f"{server.name} failed {load.failures} times on {request.path}"
        return LoadBlock(load, *(end - start for start, end in zip(before, after, strict=True)))

    def _cpu(self, server: Server) -> tuple[float, float]:
        """CPU seconds until now: of the server, and of PostgreSQL."""
        return self._running[server.name].cpu().tree, cpu_of(self._database).tree


def _generate_load(command: list[str]) -> Load:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120)
    return Load(**json.loads(done.stdout))


def orders(servers: Sequence[Server], rounds: int) -> Iterator[Sequence[Server]]:
    """The order of each round: every second round is reversed, so that the first server becomes the last."""
    for number in range(rounds):
        yield servers[:: -1 if number % 2 else 1]
