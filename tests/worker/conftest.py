import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from showcase.database.engine import Database
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.storage.media_store import MediaStore
from tests.fixtures import Recorded
from tests.worker.job_rig import JobRig
from tests.worker.media.pictures import Pictures
from worker.media import pipeline, transcode
from worker.media.artwork import find_artwork
from worker.media.confinement import Confinement, Limits, find_confinement
from worker.media.encoder import Encoder
from worker.media.prepared_artwork import PreparedArtwork, prepare_artwork
from worker.media.transcode import Transcoder

MIB = 1024 * 1024
LIMITS = Limits(wall_seconds=240, stall_seconds=60, memory_bytes=2048 * MIB, cpu_seconds=480, file_bytes=256 * MIB)


@pytest.fixture(scope="session")
def confinement() -> Confinement:
    return find_confinement()


@pytest.fixture(scope="session")
def artwork(encoder: Encoder, confinement: Confinement, tmp_path_factory: pytest.TempPathFactory) -> PreparedArtwork:
    return prepare_artwork(encoder, confinement, find_artwork(None, None, None), tmp_path_factory.mktemp("bumpers"))


@pytest.fixture(scope="session")
def transcoder(encoder: Encoder, confinement: Confinement, artwork: PreparedArtwork) -> Transcoder:
    return Transcoder(encoder, confinement, LIMITS, artwork, threads=0)


@pytest.fixture
def hurried(transcoder: Transcoder, monkeypatch: pytest.MonkeyPatch) -> Transcoder:
    """The transcoder of production, with a body of one second."""
    for module in (pipeline, transcode):
        monkeypatch.setattr(module, "BODY_SECONDS_MAX", 1)
    return replace(transcoder, threads=1)


@pytest.fixture(scope="session")
def pictures(encoder: Encoder) -> Pictures:
    return Pictures(encoder.path)


@pytest.fixture
def rig(
    database: Database,
    queue: JobQueue,
    media: MediaStore,
    outbox: Outbox,
    recorded: Recorded,
    emulator: AwsEmulator,
    queues: Queues,
    tmp_path: Path,
) -> Iterator[JobRig]:
    """The rig of a test. After the test, the record of each failed attempt must say why it failed."""
    rig = JobRig(database, queue, media, outbox, recorded, emulator, queues, tmp_path)
    yield rig
    rig.workspace.close()
    for record in recorded.documents("Job"):
        failed = record["JobErrors"] or record["MessagesDeadLettered"]
        assert not failed or record["error"], record


@pytest.fixture
def never() -> threading.Event:
    """The event of a job that is not cancelled."""
    return threading.Event()


@pytest.fixture
def job_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "job"
    directory.mkdir()
    return directory
