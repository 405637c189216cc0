"""The system under test: the product's own processes, with proxies that inject faults between them and the rest.

API ────── HTTP proxy ── emulator        API, worker-2 ── TCP proxy ─┐
workers ──/                              worker-1 ── PostgreSQL proxy ┼── PostgreSQL
                                         worker-3 ──────────────────┘
"""

import socket
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from local.system.aws_emulator import CREDENTIALS, AwsEmulator
from local.system.postgres_server import PostgresServer
from local.system.processes import ManagedProcess, answers, free_port
from migrations.upgrade import upgrade
from showcase.database.tables import Video
from tests.faults.proxy import FaultProxy
from tests.faults.system_under_faults import END_SECONDS, VISIBILITY_SECONDS, SystemUnderFaults
from tests.soak import audit
from tests.soak.journal import Journal
from tests.soak.patience import patiently
from tests.soak.supervised_processes import Seat

DATABASE = "soak"
RECEIVE_COUNT_MAX = 20
ORPHAN_AGE_SECONDS = 120.0  # longer than any upload or job of the soak
SETTINGS = {
    "ANB_HEARTBEAT_SECONDS": "1",
    "ANB_WORKER_SLOTS": "2",
    "ANB_HOUSEKEEPING_SECONDS": "1",
    "ANB_ORPHAN_AGE_SECONDS": str(ORPHAN_AGE_SECONDS),
}


class SteadyEmulator(AwsEmulator):
    """Loses no message by itself, see moto_process."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {**CREDENTIALS, "MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR": "false"}
        arguments = ["-H", "127.0.0.1", "-p", str(self.port)]
        self._process = ManagedProcess("tests.soak.moto_process", arguments, environment, log)
        self._process.wait_until(lambda: answers(self.port), "listening", END_SECONDS)


@dataclass
class SoakSystem:
    """Everything that players, nemesis and verdict need to reach."""

    directory: Path
    server: PostgresServer
    stage: SystemUnderFaults
    journal: Journal
    aws_proxy: FaultProxy
    postgres_proxy: FaultProxy
    tcp_proxy: FaultProxy
    workers: list[Seat] = field(default_factory=list)
    api: Seat = field(init=False)

    def __post_init__(self) -> None:
        self.api = self._seat("api", "service", "listening on", self.tcp_proxy.port)
        ports = (self.postgres_proxy.port, self.tcp_proxy.port, self.server.port)
        self.workers = [
            self._seat(f"worker-{number}", "tests.soak.worker_process", "ready: ", port)
            for number, port in enumerate(ports, start=1)
        ]

    @property
    def seats(self) -> list[Seat]:
        return [self.api, *self.workers]

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.stage.api_port}"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    def _seat(self, name: str, module: str, sign: str, database_port: int) -> Seat:
        database_url = f"postgresql://postgres@127.0.0.1:{database_port}/{DATABASE}"
        through = {"ANB_DATABASE_URL": database_url, **self.stage.through(self.aws_proxy.url)}
        return Seat(name, module, sign, self.stage.environment(SETTINGS | through), self.logs)

    def heal(self) -> None:
        """No proxy injects anything, and everybody is awake and in place."""
        for proxy in (self.aws_proxy, self.postgres_proxy, self.tcp_proxy):
            proxy.rules()
        for seat in self.seats:
            seat.resume()
            seat.replace_deserter()

    @patiently
    def count_unsettled(self) -> int:
        """Videos that are accepted and not yet at their end."""
        with self.stage.database.reading() as connection:
            waiting = select(func.count()).where(Video.status.in_(("uploaded", "processing")))
            return connection.execute(waiting).scalar_one()

    @patiently
    def held_by(self, seat: Seat) -> dict[uuid.UUID, int]:
        """The videos that a worker has in work, with their fences."""
        mine = Video.worker.like(f"{socket.gethostname()}-{seat.pid}-%")
        with self.stage.database.reading() as connection:
            rows = connection.execute(select(Video.id, Video.fence).where(mine, Video.status == "processing"))
            return {row.id: row.fence for row in rows}

    def count_lost(self, seat: Seat, held: Mapping[uuid.UUID, int]) -> int:
        """How many of its jobs a worker, which does nothing meanwhile, has no more."""
        return len(held.items() - self.held_by(seat).items())

    @patiently
    def count_taken_over(self, held: Mapping[uuid.UUID, int]) -> int:
        """How many of these videos (with the fences of their former claims) somebody else has in work."""
        with self.stage.database.reading() as connection:
            rows = connection.execute(select(Video.id, Video.fence).where(Video.status == "processing"))
            return sum(row.fence > held.get(row.id, row.fence) for row in rows)


@contextmanager
def running_system(directory: Path) -> Iterator[SoakSystem]:
    """Everything started; nothing is left after the block. Needs the emulator's credentials in the environment."""
    directory.mkdir(parents=True)
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer())
        server.execute(f"CREATE DATABASE {DATABASE}")
        # Whatever the server was told at its start: here, what was committed must survive a crash.
        server.execute(f"ALTER DATABASE {DATABASE} SET synchronous_commit = on")
        upgrade(server.url(DATABASE))
        emulator = SteadyEmulator(directory / "logs" / "aws.log")
        stack.callback(emulator.stop)
        stage = _build_stage(server, emulator, directory)
        stack.callback(stage.stop)
        audit.install(stage.database)
        system = _build_system(stack, server, stage)
        for seat in system.seats:
            stack.callback(seat.clear)
        with ThreadPoolExecutor(len(system.seats)) as starters:
            list(starters.map(Seat.start, system.seats))
        yield system


def _build_stage(server: PostgresServer, emulator: AwsEmulator, directory: Path) -> SystemUnderFaults:
    queues = emulator.create_queues("soak", visibility_seconds=VISIBILITY_SECONDS, receive_count_max=RECEIVE_COUNT_MAX)
    return SystemUnderFaults(server.url(DATABASE), emulator, queues, emulator.create_bucket("soak"), directory)


def _build_system(stack: ExitStack, server: PostgresServer, stage: SystemUnderFaults) -> SoakSystem:
    def proxy(name: str, upstream: str, protocol: str) -> FaultProxy:
        return stack.enter_context(FaultProxy(stage.directory / "logs" / f"{name}.log", upstream, protocol))

    postgres = f"127.0.0.1:{server.port}"
    journal = Journal(stage.directory / "journal.jsonl")
    stack.callback(journal.close)
    return SoakSystem(
        directory=stage.directory,
        server=server,
        stage=stage,
        journal=journal,
        aws_proxy=proxy("aws-proxy", stage.emulator.url, "http"),
        postgres_proxy=proxy("postgres-proxy", postgres, "postgres"),
        tcp_proxy=proxy("tcp-proxy", postgres, "tcp"),
    )
