"""Rounds of load: each contestant meets each request once a round, in alternating order."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import psutil

from benchmarks.api.load import Load
from benchmarks.api.servers import Place, Server
from benchmarks.measured_process import MeasuredProcess

WARM_UP_SECONDS = 1.0  # first requests open connections, compile statements and sign links


@dataclass(frozen=True, slots=True)
class Request:
    """A request that all contestants answer. ``{player}`` in the peers' path is what ours reads from the token."""

    name: str
    path: str
    peer_path: str
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class LoadBlock:
    """One contestant under one request for a while. CPU is user and system time, all processes of each side."""

    load: Load
    server_cpu_seconds: float
    database_cpu_seconds: float

    @property
    def server_us(self) -> float:
        return self.server_cpu_seconds / self.load.requests * 1e6

    @property
    def database_us(self) -> float:
        return self.database_cpu_seconds / self.load.requests * 1e6


def requests(limit: int, player_id: uuid.UUID) -> list[Request]:
    """In the order of the tables. The player has a page of videos."""
    public, ranking = f"/api/public/videos?limit={limit}", f"/api/public/rankings?limit={limit}"
    own = f"/api/videos?limit={limit}"
    return [
        Request("public list", public, public),
        Request("own list, with token", own, f"{own}&player={player_id}", needs_token=True),
        Request("ranking", ranking, ranking),
        Request("trivial", "/api/health/live", "/api/health/live"),
    ]


class Stand:
    """A context manager: all contestants run inside the block, and answer one at a time."""

    def __init__(self, place: Place, contestants: Sequence[Server], database_pid: int, player_id: uuid.UUID) -> None:
        self._place = place
        self._contestants = contestants
        self._database = psutil.Process(database_pid)
        self._player_id = player_id
        self._running: dict[str, MeasuredProcess] = {}

    def __enter__(self) -> "Stand":
        with ExitStack() as stack:
            for server in self._contestants:
                self._running[server.name] = stack.enter_context(server.start(self._place))
                self._running[server.name].wait_until_it_says(server.ready)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def measure(self, server: Server, request: Request, *, connections: int, seconds: float) -> LoadBlock:
        """Warm up, then measure. Raises AssertionError when an answer was not 200."""
        command = [*self._command(server, request), "--connections", str(connections), "--seconds"]
        _load([*command, str(WARM_UP_SECONDS)])
        before = self._cpu(server)
        load = _load([*command, str(seconds)])
        after = self._cpu(server)
        assert not load.failures, f"{server.name} failed {load.failures} times on {request.path}"
        return LoadBlock(load, *(end - start for start, end in zip(before, after, strict=True)))

    def _command(self, server: Server, request: Request) -> list[str]:
        path = request.path if server.tokens else request.peer_path
        command = [sys.executable, "-m", "benchmarks.api.load", server.address, path]
        if server.tokens and request.needs_token:
            command += ["--header", f"Authorization: Bearer {server.tokens.issue(self._player_id)}"]
        return command

    def _cpu(self, server: Server) -> tuple[float, float]:
        return self._running[server.name].cpu().tree, _tree_cpu(self._database)


def _load(command: list[str]) -> Load:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120)
    return Load(**json.loads(done.stdout))


def _tree_cpu(process: psutil.Process) -> float:
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for member in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended just now: the next look finds it among the ended
            times = member.cpu_times()
            total += times.user + times.system
    return float(total)


def orders(contestants: Sequence[Server], rounds: int) -> Iterator[Sequence[Server]]:
    """There and back: whoever is first in one round is last in the next."""
    for number in range(rounds):
        yield contestants[:: -1 if number % 2 else 1]
