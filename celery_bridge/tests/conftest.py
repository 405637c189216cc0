from collections.abc import Iterator

import pytest

from benchmarks.worker.redis_server import RedisServer
from celery_bridge.tests.old_system import OldSystem, redis_program
from tests.faults.system_under_faults import SystemUnderFaults


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(redis_program(), tmp_path_factory.mktemp("redis") / "server.log") as server:
        yield server


@pytest.fixture
def old(system: SystemUnderFaults, redis_server: RedisServer) -> Iterator[OldSystem]:
    """The old system, with an empty Redis for each test."""
    old = OldSystem(system, redis_server)
    yield old
    old.close()
