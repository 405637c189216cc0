import subprocess
import sys
from pathlib import Path

import pytest

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


def test_a_job_leaves_nothing_behind_even_when_it_raises(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(ZeroDivisionError), workspace.job_folder() as folder:
        (folder / "clip.mp4").write_text("x")
        raise ZeroDivisionError
    assert not list(tmp_path.rglob("*.mp4"))
    workspace.close()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_dead_process_is_removed_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=False, timeout=60)
    assert len(list(tmp_path.rglob("half.mp4"))) == 1
    one, other = Workspace(tmp_path), Workspace(tmp_path)
    with other.job_folder() as folder:
        assert one.sweep() == 1
        assert folder.is_dir()
    assert one.sweep() == 0
    for workspace in (one, other):
        workspace.close()
