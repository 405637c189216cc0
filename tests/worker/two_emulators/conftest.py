"""The tests in this folder run on moto and on MiniStack, with SQLite, because only the queue differs."""

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from showcase.aws import Aws


@pytest.fixture(scope="session", params=["moto", "ministack"])
def emulator(request: pytest.FixtureRequest, emulator: AwsEmulator) -> AwsEmulator:
    return emulator if request.param == "moto" else request.getfixturevalue("ministack")


@pytest.fixture(scope="session")
def aws(emulator: AwsEmulator) -> Aws:
    """Overrides the fixture of all tests, which always uses moto."""
    return Aws(REGION, emulator.url)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url
