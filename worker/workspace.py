"""Scratch space: one folder a process, one folder a job in it, and nothing left of processes that died.

A disk that is full, gone or read-only is a fault of this machine: it raises Unavailable, never blames a video.

A process holds a lock on its folder for as long as it lives; the kernel lets go of it whatever kills the
process. So a folder whose lock is free belongs to nobody, and whoever finds it may remove it.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from showcase.errors import Unavailable

FREE_BYTES_MIN = 512 * 1024 * 1024  # an original, its body and its result, with room to spare

_LOCK = "lock"
_PREFIX = "worker-"
_PROBE_BYTES = 4096
_HOST_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


class Workspace:
    """Opens a folder below ``home``; ``close`` removes it."""

    def __init__(self, home: Path, *, free_bytes_min: int = FREE_BYTES_MIN) -> None:
        self._free_bytes_min = free_bytes_min
        home.mkdir(parents=True, exist_ok=True)
        self._home = home.resolve()
        self._folder, self._lock = _open_folder(self._home)

    @contextmanager
    def job_folder(self) -> Iterator[Path]:
        """An empty folder, removed with all that is in it at the end of the block.

        Raises Unavailable where the block raised an OSError that is the fault of this machine.
        """
        folder = self._make_job_folder()
        try:
            yield folder
        except OSError as error:
            if error.errno in _HOST_ERRORS:
                raise Unavailable("disk", f"work ({error.strerror})") from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _make_job_folder(self) -> Path:
        try:
            return Path(tempfile.mkdtemp(prefix="job-", dir=self._folder))
        except OSError as error:
            raise Unavailable("disk", f"make a folder ({error.strerror})") from error

    def ping(self) -> None:
        """Raises Unavailable while no job could work here."""
        try:
            with tempfile.TemporaryFile(dir=self._folder) as probe:
                probe.write(bytes(_PROBE_BYTES))
            free_bytes = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise Unavailable("disk", f"write ({error.strerror})") from error
        if free_bytes < self._free_bytes_min:
            raise Unavailable("disk", f"find {self._free_bytes_min} free bytes")

    def sweep(self) -> int:
        """Remove the folders of dead processes; return how many."""
        return sum(_remove_if_dead(folder) for folder in self._home.glob(f"{_PREFIX}*") if folder != self._folder)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


def _open_folder(home: Path) -> tuple[Path, IO[str]]:
    """A new folder and its lock. Between its making and its locking a sweeper may take it for a dead one's."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
        with suppress(FileNotFoundError):
            lock = (folder / _LOCK).open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock.fileno()).st_nlink:
                return folder, lock
            lock.close()


def _remove_if_dead(folder: Path) -> bool:
    try:
        lock = (folder / _LOCK).open("r+")
    except FileNotFoundError:
        return _remove_if_empty(folder)
    with lock:
        if not _try_lock(lock):
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return True


def _remove_if_empty(folder: Path) -> bool:
    """Left by a process that died before it made its lock; one that is about to make it begins again."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return os.fstat(lock.fileno()).st_nlink > 0
