"""Scratch space: one folder for each process, and in it one folder for each job. Folders of dead processes are removed.

A disk that is full, gone or read-only is a fault of this machine, not of a video: it raises Unavailable.

A process holds a lock on its folder while it lives, and the kernel frees the lock when the process dies. So a folder
with a free lock belongs to no process, and any process may remove it. If somebody removes the folder of a living
process, the process makes another one.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from showcase.errors import Unavailable
from worker.disk_faults import HOST_ERRNOS

FREE_BYTES_MIN = 512 * 1024 * 1024  # enough for an original, its body and its result, with room to spare

_LOCK = "lock"
_PREFIX = "worker-"
_JOB_PREFIX = "job-"
_PROBE_BYTES = 4096

log = logging.getLogger(__name__)


class Workspace:
    """Opens a folder for this process below ``home``. ``close`` removes it."""

    def __init__(self, home: Path, *, free_bytes_min: int = FREE_BYTES_MIN) -> None:
        self._free_bytes_min = free_bytes_min
        home.mkdir(parents=True, exist_ok=True)
        self._home = home.resolve()
        self._opening = threading.RLock()
        self._jobs: set[Path] = set()  # the folders of running jobs
        self._folder, self._lock = _open_folder(self._home)

    @contextmanager
    def job_folder(self) -> Iterator[Path]:
        """An empty folder that is removed with its content at the end of the block.

        Raises Unavailable if the folder cannot be made, or if the block raised an OSError that is the machine's fault.
        """
        try:
            folder = self._make_job_folder()
        except OSError as error:
            raise Unavailable("disk", f"make a folder ({error.strerror})") from error
        try:
            yield folder
        except OSError as error:
            if error.errno in HOST_ERRNOS:
                raise Unavailable("disk", f"work ({error.strerror})") from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with self._opening:
                self._jobs.discard(folder)

    def _make_job_folder(self) -> Path:
        with self._opening:  # so that no sweep sees the folder before it counts as one of a running job
            folder = Path(tempfile.mkdtemp(prefix=_JOB_PREFIX, dir=self._own_folder()))
            self._jobs.add(folder)
            return folder

    def ping(self) -> None:
        """Write a few bytes to the disk and measure the free space. Raises Unavailable if no job could work here."""
        try:
            folder = self._own_folder()
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(bytes(_PROBE_BYTES))
                probe.flush()
                os.fsync(probe.fileno())
            free_bytes = shutil.disk_usage(folder).free
        except OSError as error:
            raise Unavailable("disk", f"write ({error.strerror})") from error
        if free_bytes < self._free_bytes_min:
            raise Unavailable("disk", f"find {self._free_bytes_min} free bytes")

    def sweep(self) -> int:
        """Remove the folders of dead processes, and of ended jobs whose folder could not be removed at their end.

        Returns how many. Raises Unavailable if the disk does not work.
        """
        try:
            dead = sum(_remove_if_dead(folder) for folder in self._home.glob(f"{_PREFIX}*") if folder != self._folder)
            return dead + self._remove_ended_jobs()
        except OSError as error:
            raise Unavailable("disk", f"remove old folders ({error.strerror})") from error

    def _remove_ended_jobs(self) -> int:
        with self._opening:
            ended = [folder for folder in self._folder.glob(f"{_JOB_PREFIX}*") if folder not in self._jobs]
        for folder in ended:
            shutil.rmtree(folder, ignore_errors=True)
        return len(ended)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()

    def _own_folder(self) -> Path:
        """The folder of this process. If the folder or its lock was removed, another folder is made."""
        with self._opening:
            if not _is_locked_by(self._lock, self._folder):
                log.warning("folder %s was removed: another one is opened", self._folder)
                self._home.mkdir(parents=True, exist_ok=True)
                folder, lock = _open_folder(self._home)
                self._lock.close()
                self._folder, self._lock = folder, lock
            return self._folder


def _is_locked_by(lock: IO[str], folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock.fileno()), (folder / _LOCK).stat())
    except OSError:
        return False


def _open_folder(home: Path) -> tuple[Path, IO[str]]:
    """A new folder and its lock.

    A sweeper of another process may remove the folder before it is locked; then the loop makes another one.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
        with suppress(FileNotFoundError):
            lock = (folder / _LOCK).open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock.fileno()).st_nlink:
                return folder, lock
            lock.close()


def _remove_if_dead(folder: Path) -> bool:
    """Remove the folder of a dead process. False if its process lives, or another sweeper has removed it."""
    try:
        lock = (folder / _LOCK).open("r+")
    except FileNotFoundError:
        # Its process died before it made the lock. A process that is about to make it opens another folder.
        try:
            folder.rmdir()
        except OSError:
            return False
        return True
    except NotADirectoryError:  # a file of this name that no worker made
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        if os.fstat(lock.fileno()).st_nlink == 0:
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return True
