"""The system of the soak: the product's own processes, with fault-injecting proxies between them and their services.

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
from tests.soak.supervised_processes import SupervisedProcess
from tests.soak.waiting import retry_while_unavailable

DATABASE = "soak"
RECEIVE_COUNT_MAX = 20
ORPHAN_AGE_SECONDS = 120.0  # longer than any upload or job of the soak
SETTINGS = {
    "ANB_HEARTBEAT_SECONDS": "1",
    "ANB_WORKER_SLOTS": "2",
    "ANB_HOUSEKEEPING_SECONDS": "1",
    "ANB_ORPHAN_AGE_SECONDS": str(ORPHAN_AGE_SECONDS),
}


class LosslessEmulator(AwsEmulator):
    """The emulator with the correction of moto_process.py: its queue loses no messages by itself."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {**CREDENTIALS, "MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR": "false"}
        arguments = ["-H", "127.0.0.1", "-p", str(self.port)]
        self._process = ManagedProcess("tests.soak.moto_process", arguments, environment, log)
        self._process.wait_until(lambda: answers(self.port), "listening", END_SECONDS)


@dataclass
class SoakSystem:
    """The processes, the proxies, and in ``resources`` the database, the queues and the bucket."""

    directory: Path
    server: PostgresServer
    resources: SystemUnderFaults
    journal: Journal
    aws_proxy: FaultProxy
    postgres_proxy: FaultProxy
    tcp_proxy: FaultProxy
    workers: list[SupervisedProcess] = field(default_factory=list)
    api: SupervisedProcess = field(init=False)

    def __post_init__(self) -> None:
        self.api = self._supervised("api", "service", "listening on", self.tcp_proxy.port)
        ports = (self.postgres_proxy.port, self.tcp_proxy.port, self.server.port)
        self.workers = [
            self._supervised(f"worker-{number}", "tests.soak.worker_process", "ready: ", port)
            for number, port in enumerate(ports, start=1)
        ]

    def _supervised(self, name: str, module: str, ready_text: str, database_port: int) -> SupervisedProcess:
        database_url = f"postgresql://postgres@127.0.0.1:{database_port}/{DATABASE}"
        through = {"ANB_DATABASE_URL": database_url, **self.resources.through(self.aws_proxy.url)}
        return SupervisedProcess(
            name, module, ready_text, self.resources.environment(SETTINGS | through), self.directory / "logs"
        )

    @property
    def processes(self) -> list[SupervisedProcess]:
        return [self.api, *self.workers]

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.resources.api_port}"

    def heal(self) -> None:
        """Remove all faults: no proxy injects any, and every process is there and runs."""
        for proxy in (self.aws_proxy, self.postgres_proxy, self.tcp_proxy):
            proxy.set_rules()
        for process in self.processes:
            process.resume()
            process.restart_if_ended()

    @retry_while_unavailable
    def count_unsettled(self) -> int:
        """How many accepted videos are not settled yet."""
        with self.resources.database.reading() as connection:
            waiting = select(func.count()).where(Video.status.in_(("uploaded", "processing")))
            return connection.execute(waiting).scalar_one()

    @retry_while_unavailable
    def jobs_of(self, worker: SupervisedProcess) -> dict[uuid.UUID, int]:
        """The videos that a worker has in work, with the fences of its claims."""
        mine = Video.worker.like(f"{socket.gethostname()}-{worker.pid}-%")
        with self.resources.database.reading() as connection:
            rows = connection.execute(select(Video.id, Video.fence).where(mine, Video.status == "processing"))
            return {row.id: row.fence for row in rows}

    def count_lost_jobs(self, worker: SupervisedProcess, jobs: Mapping[uuid.UUID, int]) -> int:
        """How many of these jobs a paused worker has lost."""
        return len(jobs.items() - self.jobs_of(worker).items())

    @retry_while_unavailable
    def count_taken_over(self, jobs: Mapping[uuid.UUID, int]) -> int:
        """How many of these videos (with the fences of earlier claims) are in work under a newer claim."""
        with self.resources.database.reading() as connection:
            rows = connection.execute(select(Video.id, Video.fence).where(Video.status == "processing"))
            return sum(row.fence > jobs.get(row.id, row.fence) for row in rows)


@contextmanager
def running_system(directory: Path) -> Iterator[SoakSystem]:
    """Start everything; stop everything after the block. Needs the emulator's credentials in the environment."""
    directory.mkdir(parents=True)
    logs = directory / "logs"
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer())
        server.execute(f"CREATE DATABASE {DATABASE}")
        # Overrides the options of the server: here, a committed row must survive a crash.
        server.execute(f"ALTER DATABASE {DATABASE} SET synchronous_commit = on")
        upgrade(server.url(DATABASE))
        emulator = LosslessEmulator(logs / "aws.log")
        stack.callback(emulator.stop)
        queues = emulator.create_queues(
            "soak", visibility_seconds=VISIBILITY_SECONDS, receive_count_max=RECEIVE_COUNT_MAX
        )
        bucket = emulator.create_bucket("soak")
        resources = SystemUnderFaults(server.url(DATABASE), emulator, queues, bucket, directory)
        stack.callback(resources.stop)
        audit.install(resources.database)
        journal = Journal(directory / "journal.jsonl")
        stack.callback(journal.close)
        postgres = f"127.0.0.1:{server.port}"
        system = SoakSystem(
            directory=directory,
            server=server,
            resources=resources,
            journal=journal,
            aws_proxy=stack.enter_context(FaultProxy(logs / "aws-proxy.log", emulator.url)),
            postgres_proxy=stack.enter_context(FaultProxy(logs / "postgres-proxy.log", postgres, "postgres")),
            tcp_proxy=stack.enter_context(FaultProxy(logs / "tcp-proxy.log", postgres, "tcp")),
        )
        for process in system.processes:
            stack.callback(process.clean_up)
        with ThreadPoolExecutor(len(system.processes)) as starters:
            list(starters.map(SupervisedProcess.start, system.processes))
        yield system
