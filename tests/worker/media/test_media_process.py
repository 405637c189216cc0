"""The wrapper around ffmpeg. Small shell programs replace ffmpeg and misbehave as each test needs it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.worker.conftest import LIMITS, MIB
from worker.errors import EncodeFailed, EncodeStuck
from worker.media.confinement import Confinement, Limits
from worker.media.media_process import run_media

WAIT_SECONDS = 30


def run(
    script: str,
    directory: Path,
    confinement: Confinement,
    limits: Limits = LIMITS,
    cancelled: threading.Event | None = None,
) -> tuple[bool, list[int]]:
    frames: list[int] = []
    finished = run_media(
        ["/bin/sh", "-c", script],
        directory=directory,
        confinement=confinement,
        limits=limits,
        cancelled=cancelled or threading.Event(),
        on_frame=frames.append,
    )
    return finished, frames


def python(code: str) -> str:
    return f"exec {sys.executable} -c '{code}'"


def eventually(is_so: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def test_a_program_that_closes_its_outputs_before_it_ends_has_not_failed(
    job_directory: Path, confinement: Confinement
) -> None:
    assert run("exec 1>&- 2>&-; sleep 0.3", job_directory, confinement) == (True, [])


def test_progress_is_reported_at_once_and_to_the_end(job_directory: Path, confinement: Confinement) -> None:
    script = "printf 'frame=10\\nfps=1\\nframe=2'; printf '5\\nframe=N/A\\nframe=25\\nprogress=end\\n'"
    finished, frames = run(script, job_directory, confinement)
    assert finished and frames in ([25], [10, 25]), "one call for each read, with the newest frame"


def test_a_failure_has_the_exit_code_and_the_end_of_stderr(job_directory: Path, confinement: Confinement) -> None:
    with pytest.raises(EncodeFailed) as caught:
        run("echo 'moov atom not found' >&2; exit 183", job_directory, confinement)
    assert caught.value.exit_code == 183
    assert "moov atom not found" in str(caught.value)


def test_much_output_on_both_pipes_neither_blocks_nor_fills_memory(
    job_directory: Path, confinement: Confinement
) -> None:
    with pytest.raises(EncodeFailed) as caught:
        run("yes progress | head -c 5000000; yes error | head -c 5000000 >&2; exit 1", job_directory, confinement)
    assert len(caught.value.stderr) <= 8192


def test_a_crash_is_reported_as_its_signal(job_directory: Path, confinement: Confinement) -> None:
    with pytest.raises(EncodeFailed) as caught:
        run("kill -SEGV $$", job_directory, confinement)
    assert caught.value.exit_code == -signal.SIGSEGV


def test_a_process_without_progress_is_killed(job_directory: Path, confinement: Confinement) -> None:
    with pytest.raises(EncodeStuck, match="no progress"):
        run("echo frame=1; exec sleep 60", job_directory, confinement, replace(LIMITS, stall_seconds=0.3))


def test_a_process_that_takes_too_long_is_killed_although_it_makes_progress(
    job_directory: Path, confinement: Confinement
) -> None:
    script = "i=0; while :; do i=$((i+1)); echo frame=$i; sleep 0.05; done"
    with pytest.raises(EncodeStuck, match="longer than"):
        run(script, job_directory, confinement, replace(LIMITS, wall_seconds=0.5))


def test_a_cancelled_process_is_killed_with_all_its_children(job_directory: Path, confinement: Confinement) -> None:
    cancelled = threading.Event()
    pids = job_directory / "pids"
    script = f"sleep 300 & echo $! > {pids}.tmp; echo $$ >> {pids}.tmp; mv {pids}.tmp {pids}; wait"
    outcome: list[bool] = []
    thread = threading.Thread(
        target=lambda: outcome.append(run(script, job_directory, confinement, cancelled=cancelled)[0])
    )
    thread.start()
    assert eventually(pids.exists)
    cancelled.set()
    thread.join(WAIT_SECONDS)
    assert outcome == [False]
    assert eventually(lambda: not any(is_running(int(pid)) for pid in pids.read_text().split()))


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_the_process_has_no_credentials_and_no_network(
    job_directory: Path, confinement: Confinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with pytest.raises(EncodeFailed) as caught:
        run("env >&2; cat /proc/net/dev >&2; exit 1", job_directory, confinement)
    assert "hunter2" not in caught.value.stderr
    interfaces = [line for line in caught.value.stderr.splitlines() if ":" in line]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]


def test_memory_is_bounded(job_directory: Path, confinement: Confinement) -> None:
    limits = replace(LIMITS, memory_bytes=512 * MIB)
    with pytest.raises(EncodeFailed) as caught:
        run(python("bytearray(1024 * 1024 * 1024)"), job_directory, confinement, limits)
    assert "MemoryError" in caught.value.stderr


def test_cpu_time_is_bounded(job_directory: Path, confinement: Confinement) -> None:
    with pytest.raises(EncodeFailed) as caught:
        run("while :; do :; done", job_directory, confinement, replace(LIMITS, cpu_seconds=1))
    assert caught.value.exit_code in (-signal.SIGKILL, -signal.SIGXCPU)


def test_the_size_of_its_files_is_bounded(job_directory: Path, confinement: Confinement) -> None:
    with pytest.raises(EncodeFailed):
        run("exec head -c 3000000 /dev/zero > big", job_directory, confinement, replace(LIMITS, file_bytes=1_000_000))
    assert (job_directory / "big").stat().st_size <= 1_000_000


WORKER = """
import sys, threading
from pathlib import Path
from tests.worker.conftest import LIMITS
from worker.media.confinement import find_confinement
from worker.media.media_process import run_media
run_media(["/bin/sh", "-c", "echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 300"], directory=Path(sys.argv[1]),
          confinement=find_confinement(), limits=LIMITS, cancelled=threading.Event())
"""


def test_no_process_survives_the_kill_9_of_its_worker(job_directory: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(job_directory)])
    assert eventually((job_directory / "pid").exists)
    pid = int((job_directory / "pid").read_text())
    assert is_running(pid)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(WAIT_SECONDS)
    assert eventually(lambda: not is_running(pid))


def test_without_the_tools_the_process_runs_and_the_missing_protections_are_named(job_directory: Path) -> None:
    bare = Confinement(None, None, None)
    assert run("echo frame=1", job_directory, bare) == (True, [1])
    assert bare.describe().startswith("MISSING: no network, dies with the worker, bounded memory")
