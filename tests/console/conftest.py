"""A console whose clock stands still, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.console.console_process import FROZEN, ConsoleProcess, Scene


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    process = ConsoleProcess(tmp_path_factory.mktemp("console"), "--empty", *FROZEN)
    yield process
    assert process.stop() == 0


@pytest.fixture
def scene(console: ConsoleProcess) -> Scene:
    return Scene(console.client(), console.now())
