"""Scratch space: one folder a process, one folder a job in it, and nothing left of processes that died.

A process holds a lock on its folder for as long as it lives; the kernel lets go of it whatever kills the
process. So a folder whose lock is free belongs to nobody, and whoever finds it may remove it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LOCK = "lock"
_PREFIX = "worker-"


class Workspace:
    """Opens a folder below ``home``. ``close`` removes it."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home.resolve()
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._home))
        self._lock = (self._folder / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @contextmanager
    def job_folder(self) -> Iterator[Path]:
        """An empty folder, removed with all that is in it at the end of the block."""
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> int:
        """Remove the folders of dead processes; return how many."""
        return sum(_remove_if_dead(folder) for folder in self._home.glob(f"{_PREFIX}*") if folder != self._folder)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


def _remove_if_dead(folder: Path) -> bool:
    try:
        lock = (folder / _LOCK).open("r+")
    except FileNotFoundError:
        return False  # being made, or being removed
    with lock:
        if not _try_lock(lock):
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return True


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return os.fstat(lock.fileno()).st_nlink > 0
