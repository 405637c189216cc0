import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.worker.job_rig import JobRig
from tests.worker.worker_variables import worker_variables
from worker.redrive.__main__ import main

Redrive = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(autouse=True)
def environment(rig: JobRig, database_url: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.chdir(rig.directory)  # no .env of the checkout
    monkeypatch.setattr("worker.redrive.__main__.POLL_SECONDS", 0)  # the emulator has one server: empty means empty
    variables = worker_variables(
        rig.emulator,
        rig.queues,
        database_url=database_url,
        bucket=rig.media.bucket,
        directory=rig.directory,
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def redrive(capsys: pytest.CaptureFixture[str]) -> Redrive:
    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run
