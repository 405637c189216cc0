import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from showcase.errors import Unavailable
from worker.workspace import Workspace

DYING = """
import os, sys
from pathlib import Path
from worker.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
with workspace.job_folder() as folder:
    (folder / "half.mp4").write_text("x")
    os.kill(os.getpid(), 9)
"""


def test_a_job_leaves_no_files_even_when_it_raises(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(ZeroDivisionError), workspace.job_folder() as folder:
        (folder / "clip.mp4").write_text("x")
        raise ZeroDivisionError
    assert not list(tmp_path.rglob("*.mp4"))
    workspace.close()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_dead_process_is_removed_and_the_folder_of_a_live_process_is_not(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=False, timeout=60)
    assert len(list(tmp_path.rglob("half.mp4"))) == 1
    one, other = Workspace(tmp_path), Workspace(tmp_path)
    with other.job_folder() as folder:
        assert one.sweep() == 1
        assert folder.is_dir()
    assert one.sweep() == 0
    for workspace in (one, other):
        workspace.close()


def test_the_folder_of_a_process_that_died_before_it_made_its_lock_is_removed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "worker-without-lock").mkdir()
    assert workspace.sweep() == 1
    assert not (tmp_path / "worker-without-lock").exists()
    workspace.close()


def test_a_new_workspace_is_usable_although_another_process_sweeps_all_the_time(tmp_path: Path) -> None:
    sweeper, ended = Workspace(tmp_path), threading.Event()

    def sweep() -> None:
        while not ended.is_set():
            sweeper.sweep()

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        for _ in range(300):
            workspace = Workspace(tmp_path)
            with workspace.job_folder() as folder:
                assert folder.is_dir()
            workspace.close()
    finally:
        ended.set()
        thread.join()
    sweeper.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path / "work")
    yield workspace
    workspace.close()


def test_a_full_disk_is_an_outage_and_not_a_fault_of_the_job(workspace: Workspace) -> None:
    with pytest.raises(Unavailable, match="disk"), workspace.job_folder():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_that_is_not_a_fault_of_the_disk_is_raised_unchanged(workspace: Workspace) -> None:
    with pytest.raises(FileNotFoundError), workspace.job_folder() as folder:
        (folder / "nothing").read_bytes()


def test_a_missing_work_folder_is_an_outage(workspace: Workspace) -> None:
    workspace.close()
    with pytest.raises(Unavailable, match="disk"), workspace.job_folder():
        pass
    with pytest.raises(Unavailable, match="disk"):
        workspace.ping()


def test_the_disk_answers_unless_it_lacks_free_space(tmp_path: Path, workspace: Workspace) -> None:
    workspace.ping()
    crowded = Workspace(tmp_path / "crowded", free_bytes_min=2**62)
    with pytest.raises(Unavailable, match="free bytes"):
        crowded.ping()
    crowded.close()
