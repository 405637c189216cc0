"""``python -m worker`` and ``python -m worker.backlog`` from the command line: help, and a start that fails."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from tests.worker.worker_variables import worker_variables

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
processes = pytest.mark.parametrize("module", ["worker", "worker.backlog"])


def run(
    module: str, *arguments: str, directory: Path, variables: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command with only these settings, in ``directory``, which has no .env."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.fixture
def variables(emulator: AwsEmulator, queues: Queues, database_url: str, bucket: str, tmp_path: Path) -> dict[str, str]:
    return worker_variables(emulator, queues, database_url=database_url, bucket=bucket, directory=tmp_path)


@pytest.mark.parametrize("module", ["worker", "worker.backlog", "worker.doctor", "worker.redrive"])
def test_help_needs_no_settings_and_starts_nothing(module: str, tmp_path: Path) -> None:
    done = run(module, "--help", directory=tmp_path, variables={})
    assert (done.returncode, done.stderr) == (0, "")
    for part in (f"usage: python -m {module}", "options:", f"examples:\n  python -m {module}", "exit codes:\n  0"):
        assert part in done.stdout
    assert list(tmp_path.iterdir()) == []


@processes
def test_wrong_usage_exits_with_2(module: str, tmp_path: Path) -> None:
    done = run(module, "--fast", directory=tmp_path, variables={})
    assert done.returncode == 2 and "unrecognized arguments: --fast" in done.stderr


@sqlite_only
@processes
def test_wrong_settings_exit_with_2_and_are_named(module: str, tmp_path: Path, variables: dict[str, str]) -> None:
    del variables["ANB_BUCKET"]
    done = run(module, directory=tmp_path, variables=variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert "ANB_BUCKET: Field required" in done.stderr and "Traceback" not in done.stderr


@sqlite_only
def test_an_ffmpeg_that_is_not_there_exits_with_2_and_its_variable_is_named(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    done = run("worker", directory=tmp_path, variables=variables | {"ANB_FFMPEG": "-"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "ANB_FFMPEG" in done.stderr and "Traceback" not in done.stderr


@sqlite_only
@processes
def test_records_that_cannot_be_written_stop_the_start_and_the_variable_is_named(
    module: str, tmp_path: Path, variables: dict[str, str]
) -> None:
    done = run(module, directory=tmp_path, variables=variables | {"ANB_EMF_DESTINATION": f"file:{tmp_path}"})
    assert (done.returncode, done.stdout) == (2, "")
    assert f"ANB_EMF_DESTINATION: file:{tmp_path} cannot be opened (Is a directory)" in done.stderr
    assert "Traceback" not in done.stderr


@sqlite_only
@processes
def test_a_queue_that_does_not_exist_stops_the_start_and_the_variable_is_named(
    module: str, tmp_path: Path, variables: dict[str, str]
) -> None:
    done = run(module, directory=tmp_path, variables=variables | {"sqs_queue_url": f"{variables['sqs_queue_url']}-no"})
    assert done.returncode == 2
    assert "sqs_queue_url: the queue or bucket does not exist (NonExistentQueue)" in done.stderr
    assert "Traceback" not in done.stderr


@sqlite_only
@processes
def test_a_start_without_tables_exits_with_1(module: str, tmp_path: Path, variables: dict[str, str]) -> None:
    done = run(module, directory=tmp_path, variables=variables | {"ANB_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    assert done.returncode == 1
    assert "run `python -m migrations` first" in done.stderr and "Traceback" not in done.stderr
