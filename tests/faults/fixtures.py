"""The fixtures of the fault scenarios."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.system.aws_emulator import AwsEmulator
from local.system.postgres_server import PostgresServer
from tests.faults.system_under_faults import VISIBILITY_SECONDS, SystemUnderFaults

SystemMaker = Callable[[], SystemUnderFaults]


@pytest.fixture
def make_system(postgres: PostgresServer, emulator: AwsEmulator, tmp_path: Path) -> Iterator[SystemMaker]:
    """Makes independent systems, so that several scenarios can run at once."""
    systems: list[SystemUnderFaults] = []

    def make() -> SystemUnderFaults:
        name = f"system_{uuid.uuid4().hex[:12]}"
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE template")
        dashed = name.replace("_", "-")
        queues = emulator.create_queues(dashed, visibility_seconds=VISIBILITY_SECONDS, receive_count_max=20)
        system = SystemUnderFaults(
            postgres.url(name), emulator, queues, emulator.create_bucket(dashed), tmp_path / name
        )
        systems.append(system)
        return system

    yield make
    for system in systems:
        system.stop()


@pytest.fixture
def system(make_system: SystemMaker) -> SystemUnderFaults:
    return make_system()
