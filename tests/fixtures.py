"""The fixtures of all tests: real databases, the AWS emulator, real clips, and validated telemetry records."""

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from hypothesis import settings

from cloudwatch.emf import Datapoint, read_lines
from local.system.aws_emulator import REGION, AwsEmulator, Queues
from local.system.postgres_server import PostgresServer
from migrations.upgrade import upgrade
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.storage.media_store import MediaStore
from showcase.uploads.inbox import Inbox
from telemetry.destinations import FileDestination
from telemetry.recorder import Recorder, open_recorder
from tests.clips import Clips
from tests.ministack_server import MiniStackServer
from worker.media.encoder import Encoder, find_encoder

VISIBILITY_SECONDS = 30

# The same examples in every run. No deadline, because the machine may be busy.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the long tests first, so that none of them runs alone at the end while the other processes are idle."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        server.execute("CREATE DATABASE template")
        upgrade(server.url("template"))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'anb.db')}"


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database("template") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database for this test alone. The test runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=12)
    yield database
    database.close()


@pytest.fixture(scope="session")
def aws_credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "local")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "local")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory, aws_credentials: None) -> Iterator[AwsEmulator]:
    emulator = AwsEmulator(tmp_path_factory.mktemp("aws") / "aws.log")
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory, aws_credentials: None) -> Iterator[MiniStackServer]:
    server = MiniStackServer(tmp_path_factory.mktemp("ministack") / "server.log")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def aws(emulator: AwsEmulator) -> Aws:
    return Aws(REGION, emulator.url)


@pytest.fixture
def queues(emulator: AwsEmulator) -> Queues:
    name = f"test-{uuid.uuid4().hex[:12]}"
    return emulator.create_queues(name, visibility_seconds=VISIBILITY_SECONDS, receive_count_max=5)


@pytest.fixture
def queue(aws: Aws, queues: Queues) -> JobQueue:
    return JobQueue(aws, queues.jobs, queues.dead_letter, poll_seconds=1)


@pytest.fixture
def bucket(emulator: AwsEmulator) -> str:
    return emulator.create_bucket(f"test-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def media(aws: Aws, bucket: str) -> MediaStore:
    return MediaStore(aws, bucket)


@pytest.fixture
def inbox(aws: Aws, bucket: str) -> Inbox:
    return Inbox(aws, bucket)


@pytest.fixture
def outbox(database: Database, queue: JobQueue, bucket: str) -> Outbox:
    return Outbox(database, queue, bucket)


@dataclass
class Recorded:
    """A recorder and its records. Reading them validates each against the EMF specification."""

    recorder: Recorder
    path: Path

    def datapoints(self) -> list[Datapoint]:
        """Close the recorder and read all its records."""
        self.recorder.close()
        with self.path.open() as lines:
            return list(read_lines(lines))

    def documents(self, kind: str) -> list[dict[str, Any]]:
        """Close the recorder and read its records of one kind, with their properties."""
        self.recorder.close()
        with self.path.open() as lines:
            return [record for record in map(json.loads, lines) if record["Record"] == kind]

    def values(self, name: str, dimension_names: tuple[str, ...] = ("Service",)) -> list[float]:
        """All values of a metric with this dimension set; its names must be sorted."""
        return [
            value
            for point in self.datapoints()
            if point.name == name and tuple(key for key, _ in point.dimensions) == dimension_names
            for value in point.values
        ]


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    path = tmp_path / "emf.log"
    recorder = open_recorder(
        FileDestination(path), namespace="Test", service="test", log_group="test", records_max=10_000
    )
    recorded = Recorded(recorder, path)
    yield recorded
    recorded.datapoints()
    assert recorder.counts.dropped == 0, "a record was invalid: see the log"


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return find_encoder(None)


@pytest.fixture(scope="session")
def clips() -> Clips:
    """The clips of the tests. The ffmpeg of the wheel makes them, so that they are the same on every machine."""
    return Clips(imageio_ffmpeg.get_ffmpeg_exe(), Path(".local/test-clips"))
