"""The drill in its short form: real workers, the versioned policies, and all invariants."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from local.drill.__main__ import BURST_SHORT, main
from local.system.processes import INTERRUPTED
from showcase.database.engine import Database
from tests.records import new_video

END_SECONDS = 240.0
STOP_SECONDS = 45.0
INVARIANTS = (
    "scale-out seen",
    "scale-in seen",
    "zone loss survived",
    "scale-in drains its workers",
    "scale-in finishes its jobs",
    "0 lost",
    "0 doubled",
)


@contextmanager
def drill(directory: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A short drill. At the end of the block it is stopped, whether the test passed or not."""
    command = [sys.executable, "-u", "-m", "local.drill", "--short", "--directory", str(directory), *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "160"},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.communicate(timeout=STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


def belonging_to(directory: Path) -> list[psutil.Process]:
    """All processes that have the directory in their command, their environment or among their open files.

    Name and command of each are in its ``info``, because it may have ended when the test reads them.
    """
    processes = psutil.process_iter(["name", "cmdline", "environ", "open_files"])
    return [process for process in processes if _mentions(process.info, str(directory))]


def _mentions(info: dict[str, Any], directory: str) -> bool:
    files = [file.path for file in info["open_files"] or ()]
    return any(directory in text for text in (*(info["cmdline"] or ()), *(info["environ"] or {}).values(), *files))


@pytest.mark.campaign("a whole drill: a burst, the loss of a zone and scaling in, with real workers")
def test_the_drill_holds_every_invariant_and_draws_its_timeline(tmp_path: Path, postgres_url: str) -> None:
    directory = tmp_path / "drill"
    with drill(directory, "--database-url", postgres_url) as process:
        output, _ = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 0, output
    for invariant in INVARIANTS:
        (line,) = (line for line in output.splitlines() if f" {invariant} " in line)
        assert "✓" in line
    assert "anb-worker-scale-up: OK → ALARM" in output
    with Image.open(directory / "drill.png") as picture:
        assert picture.width > 1000
    logs = [path.read_text() for path in directory.glob("i-*.log")]
    assert len(logs) >= 4 and any("this instance must leave" in log for log in logs)
    assert not (directory / "anb.db").exists()


def test_ctrl_c_while_a_job_runs_is_reported_and_leaves_no_process(tmp_path: Path) -> None:
    directory = tmp_path / "drill"
    with drill(directory) as process:
        assert process.stdout
        for _ in process.stdout:
            found = belonging_to(directory)
            if any("ffmpeg" in each.info["name"] for each in found):
                break
        assert len(found) >= 5, "drill, emulator, API, worker and ffmpeg"
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
        assert process.wait(STOP_SECONDS) == INTERRUPTED
    assert output.rstrip().endswith("stopped; nothing is left running")
    assert belonging_to(directory) == []


def test_a_worker_that_dies_by_itself_ends_the_drill(tmp_path: Path) -> None:
    directory = tmp_path / "drill"
    with drill(directory) as process:
        assert process.stdout
        instance = next(line.split()[1] for line in process.stdout if " in service" in line)
        (worker,) = (each for each in belonging_to(directory) if each.info["cmdline"][1:] == ["-m", "worker"])
        worker.kill()
        output = process.stdout.read()
        assert process.wait(STOP_SECONDS) == 1
    failure = f"The drill failed: the worker of {instance} ended by itself, exit code -9; see"
    assert f"{failure} {directory / instance}.log" in output
    assert belonging_to(directory) == []


def test_a_directory_that_is_not_empty_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for directory in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(SystemExit, match="2"):
            main(["--directory", str(directory)])
        assert "not empty; only .local/drill is ever emptied" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("videos", ["0", "-5", "many", str(BURST_SHORT - 1)])
def test_a_burst_that_does_not_need_three_workers_is_refused(
    videos: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--videos", videos, "--directory", str(tmp_path)])
    assert f"three workers need a burst of at least {BURST_SHORT}" in capsys.readouterr().err


def test_a_database_that_has_videos_is_left_alone(tmp_path: Path, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    new_video(database)
    database.close()
    with drill(tmp_path / "drill", "--database-url", sqlite_url) as process:
        output, _ = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert "The drill failed: there are videos in this database; a drill needs one of its own" in output
