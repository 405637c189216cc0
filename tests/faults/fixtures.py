import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.system.aws_emulator import AwsEmulator
from local.system.postgres_server import PostgresServer
from tests.faults.system_under_faults import VISIBILITY_SECONDS, Stage

StageMaker = Callable[[], Stage]


@pytest.fixture
def make_stage(postgres: PostgresServer, emulator: AwsEmulator, tmp_path: Path) -> Iterator[StageMaker]:
    """Stages of their own: several scenarios can be played at once."""
    stages: list[Stage] = []

    def make() -> Stage:
        name = f"stage_{uuid.uuid4().hex[:12]}"
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE template")
        dashed = name.replace("_", "-")
        queues = emulator.create_queues(dashed, visibility_seconds=VISIBILITY_SECONDS, receive_count_max=20)
        stage = Stage(postgres.url(name), emulator, queues, emulator.create_bucket(dashed), tmp_path / name)
        stages.append(stage)
        return stage

    yield make
    for stage in stages:
        stage.stop()


@pytest.fixture
def stage(make_stage: StageMaker) -> Stage:
    return make_stage()
