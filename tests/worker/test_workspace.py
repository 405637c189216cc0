import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def test_the_folder_of_a_job_that_could_not_be_removed_at_its_end_is_removed_later(tmp_path: Path) -> None:
    """As when the disk is away at that moment."""
    workspace = Workspace(tmp_path / "work")
    with workspace.job_folder() as folder:
        (folder / "original.mp4").write_text("x")
        (tmp_path / "work").rename(tmp_path / "away")
    (tmp_path / "away").rename(tmp_path / "work")
    assert folder.is_dir()
    with workspace.job_folder() as running:
        assert workspace.sweep() == 1
        assert not folder.exists()
        assert running.is_dir()
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


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOENT, errno.ESTALE, errno.EACCES]
)
def test_a_fault_of_the_disk_is_an_outage_and_not_a_fault_of_the_job(workspace: Workspace, number: int) -> None:
    with pytest.raises(Unavailable, match="disk"), workspace.job_folder():
        raise OSError(number, os.strerror(number))


def test_a_file_of_a_job_that_is_gone_is_an_outage(workspace: Workspace) -> None:
    with pytest.raises(Unavailable, match="disk"), workspace.job_folder() as folder:
        (folder / "original.mp4").read_bytes()


def test_an_error_that_is_not_a_fault_of_the_disk_is_raised_unchanged(workspace: Workspace) -> None:
    with pytest.raises(OSError, match="Invalid argument"), workspace.job_folder():
        raise OSError(errno.EINVAL, "Invalid argument")  # for example, a clip made ffmpeg seek to an invalid position


@pytest.mark.parametrize("removed", ["worker-*/lock", "worker-*", "."])
def test_a_work_folder_that_somebody_removed_is_made_anew(
    workspace: Workspace, tmp_path: Path, removed: str, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "work"
    for path in list(home.glob(removed)) if removed != "." else [home]:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    workspace.ping()
    with workspace.job_folder() as folder:
        assert folder.is_dir() and folder.parent.parent == home
        assert (folder.parent / "lock").exists()
    assert caplog.text.count("was removed: another one is opened") == 1
    other = Workspace(home)
    other.sweep()
    assert folder.parent.is_dir(), "the new folder is locked, too"
    other.close()


def test_a_folder_that_is_removed_under_a_job_takes_no_other_job_with_it(workspace: Workspace) -> None:
    with pytest.raises(Unavailable, match="disk"), workspace.job_folder() as first:
        shutil.rmtree(first.parent)
        with workspace.job_folder() as second:
            (second / "clip.mp4").write_text("x")
        (first / "clip.mp4").write_text("x")


def test_slots_that_find_the_folder_removed_at_once_open_one_together(workspace: Workspace, tmp_path: Path) -> None:
    (folder,) = (tmp_path / "work").iterdir()
    shutil.rmtree(folder)
    barrier = threading.Barrier(8)

    def work(_slot: int) -> Path:
        barrier.wait()
        with workspace.job_folder() as job:
            return job.parent

    with ThreadPoolExecutor(8) as slots:
        assert len(set(slots.map(work, range(8)))) == 1


def test_a_place_where_no_folder_can_be_made_is_an_outage_that_ends(workspace: Workspace, tmp_path: Path) -> None:
    home = tmp_path / "work"
    shutil.rmtree(home)
    home.write_text("a file")
    for _ in range(2):
        with pytest.raises(Unavailable, match="disk"), workspace.job_folder():
            pass
        with pytest.raises(Unavailable, match="disk"):
            workspace.ping()
    home.unlink()
    workspace.ping()
    with workspace.job_folder():
        pass


def test_the_sweep_passes_over_a_file_and_reports_a_disk_that_does_not_work(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "work" / "worker-notes").write_text("a file of somebody")
    assert workspace.sweep() == 0
    loop = tmp_path / "work" / "worker-loop"
    loop.mkdir()
    (loop / "lock").symlink_to("lock")
    with pytest.raises(Unavailable, match="disk: remove old folders"):
        workspace.sweep()


def test_the_disk_answers_unless_it_lacks_free_space(tmp_path: Path, workspace: Workspace) -> None:
    workspace.ping()
    crowded = Workspace(tmp_path / "crowded", free_bytes_min=2**62)
    with pytest.raises(Unavailable, match="free bytes"):
        crowded.ping()
    crowded.close()
