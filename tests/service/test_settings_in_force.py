"""``python -m service`` applies the limits, secrets and origins of its environment."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, insert, select

from local.system.aws_emulator import AwsEmulator, Queues
from service.access_tokens import Tokens
from showcase.database.engine import Database, database_time
from showcase.database.tables import RateLimit
from tests.records import new_player
from tests.service.conftest import SECRET
from tests.service.service_process import ServiceProcess, addresses

NEXT_SECRET = SECRET[::-1]
PAGE = "https://anb.example"


@pytest.fixture
def instances(
    tmp_path: Path, database_url: str, emulator: AwsEmulator, queues: Queues, bucket: str
) -> Iterator[list[ServiceProcess]]:
    """Two instances of the API on one database, in the first step of a change of the secret."""
    settings = {
        **addresses(database_url, emulator, queues, bucket),
        "ANB_JWT_SECRET_PREVIOUS": NEXT_SECRET,
        "ANB_CORS_ORIGINS": PAGE,
        "ANB_LIMIT_LOGIN_ACCOUNT": "4/86400",
        "ANB_OUTBOX_INTERVAL_SECONDS": "0.2",
    }
    folders = [tmp_path / name for name in ("first", "second")]
    running: list[ServiceProcess] = []
    try:
        for folder in folders:
            folder.mkdir()
            running.append(ServiceProcess(folder, **settings))
        yield running
    finally:
        for service in running:
            service.stop()


def counted(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(RateLimit)).scalar_one()


def test_two_processes_share_limits_sweep_them_and_accept_both_secrets(
    instances: list[ServiceProcess], database: Database
) -> None:
    with database.writing() as connection:
        connection.execute(insert(RateLimit).values(key=b"of last week", free_at=database_time(-1)))
    instances[0].wait_until(lambda: counted(database) == 0, "swept")

    body = {"email": "laura@example.com", "password": "una contraseña"}
    answers = [httpx.post(f"{instances[n % 2].url}/api/auth/login", json=body, timeout=60) for n in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 2

    token = Tokens(NEXT_SECRET, 60).issue(new_player(database))
    for service in instances:
        headers = {"Authorization": f"Bearer {token}", "Origin": PAGE}
        answer = httpx.get(f"{service.url}/api/videos", headers=headers, timeout=60)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
        stranger = {"Authorization": f"Bearer {Tokens(f'{SECRET}{SECRET}', 60).issue(uuid.uuid4())}"}
        assert httpx.get(f"{service.url}/api/videos", headers=stranger, timeout=60).status_code == 401
