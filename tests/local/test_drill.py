"""The drill in its short form: real workers, the versioned policies, and everything that must hold."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from PIL import Image

END_SECONDS = 280.0
INVARIANTS = (
    "scale-out seen",
    "scale-in seen",
    "zone loss survived",
    "scale-in finishes its jobs",
    "0 lost",
    "0 doubled",
)


def test_the_drill_keeps_every_promise_and_draws_itself(tmp_path: Path) -> None:
    directory = tmp_path / "drill"
    done = subprocess.run(
        [sys.executable, "-m", "local.drill", "--short", "--directory", str(directory)],
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for invariant in INVARIANTS:
        (line,) = (line for line in done.stdout.splitlines() if f" {invariant} " in line)
        assert "✓" in line
    with Image.open(directory / "drill.png") as picture:
        assert picture.width > 1000
    logs = [path.read_text() for path in directory.glob("i-*.log")]
    assert len(logs) >= 4 and any("this instance must leave" in log for log in logs)


def test_what_stops_a_drill_is_said_and_leaves_no_process(tmp_path: Path) -> None:
    """Ctrl-C in its middle."""
    directory = tmp_path / "drill"
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "local.drill", "--short", "--directory", str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as drill:
        assert drill.stdout
        assert any("launched in" in line for line in drill.stdout)
        drill.send_signal(signal.SIGINT)
        drill.stdout.read()
        assert drill.wait(60) != 0
    assert [process for process in psutil.process_iter() if _session(process) == drill.pid] == []


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return None
