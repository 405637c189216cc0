"""The system of the soak: the product's own processes, with fault-injecting proxies between them and their services.

api-1, worker-2 ── lying AWS ── AWS relay ──┐
worker-1, api-2, worker-3 ──────────────────┴─ AWS proxy ── emulator
api-1, worker-2 ── TCP proxy ── database relay ──┐
worker-1 ───────── PostgreSQL proxy ─────────────┤
api-2, worker-3 ─────────────────────────────────┴─ PostgreSQL

The proxies inject faults by rule, the relays can freeze, and the lying AWS can send false answers. No fault of
processes hits api-2 and worker-3, so that leaks show in these two.
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
from local.system.ec2_stub import Imds
from local.system.postgres_server import PostgresServer
from local.system.processes import ManagedProcess, answers, free_port
from migrations.upgrade import upgrade
from showcase.database.tables import Video
from tests.faults.freezing_relay import FreezingRelay
from tests.faults.playback import LyingAws
from tests.faults.proxy import FaultProxy, Rule
from tests.faults.system_under_faults import END_SECONDS, VISIBILITY_SECONDS, SystemUnderFaults
from tests.soak import audit
from tests.soak.journal import Journal
from tests.soak.short_times import ENCODE_SECONDS_MAX
from tests.soak.supervised_processes import SupervisedProcess
from tests.soak.waiting import retry_while_unavailable

DATABASE = "soak"
RECEIVE_COUNT_MAX = 20
ORPHAN_AGE_SECONDS = 120.0  # longer than any upload or job of the soak
DRAIN_SECONDS, API_DRAIN_SECONDS = 20.0, 10.0
TOKEN_SECONDS = 7 * 86_400  # more than the error of any clock of the soak
PUBLISHING_HANGS: Rule = {"service": "postgres", "sql": "processed_key='", "timeout": True}
HANGING_WRITES = 2
SETTINGS = {
    "ANB_HEARTBEAT_SECONDS": "1",
    "ANB_JOB_SECONDS_MAX": str(ENCODE_SECONDS_MAX),
    "ANB_HOUSEKEEPING_SECONDS": "1",
    "ANB_ORPHAN_AGE_SECONDS": str(ORPHAN_AGE_SECONDS),
    "ANB_DRAIN_SECONDS": str(DRAIN_SECONDS),
    "ANB_API_DRAIN_SECONDS": str(API_DRAIN_SECONDS),
    "ANB_TOKEN_SECONDS": str(TOKEN_SECONDS),
    "ANB_DIRECT_UPLOAD_SECONDS": "120",  # short, because abandoned uploads count against the player's limit
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
    aws_relay: FreezingRelay
    lying_aws: LyingAws
    database_relay: FreezingRelay
    postgres_proxy: FaultProxy
    tcp_proxy: FaultProxy
    apis: list[SupervisedProcess] = field(init=False)
    workers: list[SupervisedProcess] = field(init=False)

    def __post_init__(self) -> None:
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        self.api_ports = [self.resources.api_port, free_port()]
        self.apis = [
            self._supervised(f"api-{number}", "api_process", "listening on", database_port, aws, ANB_API_PORT=str(port))
            for number, database_port, aws, port in (
                (1, self.tcp_proxy.port, self.lying_aws.url, self.api_ports[0]),
                (2, self.server.port, self.aws_proxy.url, self.api_ports[1]),
            )
        ]
        self.workers = [
            self._supervised(
                f"worker-{number}", "worker_process", "ready: ", database_port, aws, ANB_WORKER_SLOTS=slots
            )
            for number, database_port, aws, slots in (
                (1, self.postgres_proxy.port, self.aws_proxy.url, "2"),
                (2, self.tcp_proxy.port, self.lying_aws.url, "2"),
                (3, self.server.port, self.aws_proxy.url, "3"),  # more jobs, so that a leak shows soon
            )
        ]

    def _supervised(
        self, name: str, module: str, ready_text: str, database_port: int, aws_url: str, **own: str
    ) -> SupervisedProcess:
        addresses = {
            "ANB_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{database_port}/{DATABASE}",
            "TMPDIR": str(self.temporary),
            **self.resources.through(aws_url),
        }
        environment = self.resources.environment(SETTINGS | addresses | own)
        return SupervisedProcess(name, f"tests.soak.{module}", ready_text, environment, self.directory / "logs")

    @property
    def processes(self) -> list[SupervisedProcess]:
        return [*self.apis, *self.workers]

    @property
    def steady(self) -> list[SupervisedProcess]:
        """The processes that no fault of processes hits, and that go on while others hang."""
        return [self.apis[-1], self.workers[-1]]

    @property
    def struck(self) -> list[SupervisedProcess]:
        return [process for process in self.processes if process not in self.steady]

    @property
    def api_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.api_ports]

    @property
    def work(self) -> Path:
        """The work directory of all workers."""
        return self.directory / "work"

    @property
    def record_log(self) -> Path:
        return self.resources.emf_log

    def record_logs(self) -> list[Path]:
        """The file of records, and those that it was rotated to."""
        return sorted(path for path in self.directory.glob(f"{self.record_log.name}*") if path.is_file())

    def hang(self) -> None:
        """Until ``heal``, every call of api-1 and worker-2 hangs, and so do the next publishing writes of worker-1.

        The heartbeat of worker-1 goes on: a job that hangs there must end although its lease could be renewed.
        """
        self.aws_relay.frozen.set()
        self.database_relay.frozen.set()
        self.postgres_proxy.set_rules({**PUBLISHING_HANGS, "times": HANGING_WRITES})

    def heal(self) -> None:
        """Remove all faults: no call hangs, no answer is false, and each process runs that the soak has not stopped."""
        self.aws_relay.frozen.clear()
        self.database_relay.frozen.clear()
        self.lying_aws.lying.clear()
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


def _url(relay: FreezingRelay) -> str:
    return f"http://127.0.0.1:{relay.port}"


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
        database_relay = FreezingRelay(server.port)
        stack.callback(database_relay.close)
        postgres, relayed = (f"127.0.0.1:{port}" for port in (server.port, database_relay.port))
        aws_proxy = stack.enter_context(FaultProxy(logs / "aws-proxy.log", emulator.url))
        aws_relay = FreezingRelay(aws_proxy.port)
        stack.callback(aws_relay.close)
        imds = stack.enter_context(Imds())  # no process uses it
        system = SoakSystem(
            directory=directory,
            server=server,
            resources=resources,
            journal=journal,
            aws_proxy=aws_proxy,
            aws_relay=aws_relay,
            lying_aws=stack.enter_context(LyingAws(_url(aws_relay), imds)).start(),
            database_relay=database_relay,
            postgres_proxy=stack.enter_context(FaultProxy(logs / "postgres-proxy.log", postgres, "postgres")),
            tcp_proxy=stack.enter_context(FaultProxy(logs / "tcp-proxy.log", relayed, "tcp")),
        )
        for process in system.processes:
            stack.callback(process.clean_up)
        with ThreadPoolExecutor(len(system.processes)) as starters:
            list(starters.map(SupervisedProcess.start, system.processes))
        yield system
