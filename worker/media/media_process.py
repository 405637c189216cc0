"""Runs one ffmpeg in its own process group: limits it, reads its progress, and kills the whole group at the end."""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from showcase.errors import Unavailable
from worker.errors import EncodeFailed, EncodeStuck
from worker.media.confinement import Confinement, Limits

LOOK_SECONDS = 0.2  # a cancelled job is killed within this time
EXIT_SECONDS = 5.0
STDERR_BYTES_KEPT = 8192
READ_BYTES = 16 * 1024


def run_media(
    command: list[str],
    *,
    directory: Path,
    confinement: Confinement,
    limits: Limits,
    cancelled: threading.Event,
    on_frame: Callable[[int], None] = lambda _frame: None,
) -> bool:
    """Run ``command`` (with ``-progress pipe:1``) to its end. ``on_frame`` gets the number of finished frames.

    False if the process was killed because ``cancelled`` was set. Raises EncodeFailed, EncodeStuck if it makes no
    progress or takes too long, and Unavailable if it cannot be started. In every case, no process of the group is left.
    """
    with _started(confinement.command(command, limits), directory) as process:
        watch = _Watch(process, limits, on_frame)
        try:
            finished = watch.until_end(cancelled)
            if finished:  # both pipes have ended; the program itself may end a moment later
                with suppress(subprocess.TimeoutExpired):
                    process.wait(EXIT_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if not finished:
        return False
    if process.returncode != 0:
        raise EncodeFailed(process.returncode, watch.stderr)
    return True


def run_briefly(command: list[str], *, confinement: Confinement, limits: Limits, data: bytes = b"") -> str:
    """Run a command that ends soon, with ``data`` on its standard input; return what it complains about.

    Raises EncodeFailed, EncodeStuck if it takes too long, and Unavailable if it cannot be started.
    """
    try:
        done = subprocess.run(
            confinement.command(command, limits),
            env={},
            input=data,
            capture_output=True,
            start_new_session=True,
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EncodeStuck(f"it took longer than {limits.wall_seconds:g} s") from error
    except OSError as error:
        raise _not_started(error) from error
    complaints = done.stderr.decode(errors="replace")[-STDERR_BYTES_KEPT:]
    if done.returncode != 0:
        raise EncodeFailed(done.returncode, complaints)
    return complaints


def _started(command: list[str], directory: Path) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            cwd=directory,
            env={},  # a decoder of files from the internet gets no credentials
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(error) from error


def _not_started(error: OSError) -> Unavailable:
    return Unavailable("encoder", f"start ({error})")


class _Watch:
    """Reads both pipes of a process, and raises when it is too slow."""

    def __init__(self, process: "subprocess.Popen[bytes]", limits: Limits, on_frame: Callable[[int], None]) -> None:
        assert process.stdout is not None and process.stderr is not None  # noqa: S101 - both are pipes
        self._limits = limits
        self._on_frame = on_frame
        self._started_at = self._progressed_at = time.monotonic()
        self._frames = 0
        self._line = b""
        self._stderr = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(process.stdout, selectors.EVENT_READ, self._take_progress)
        self._selector.register(process.stderr, selectors.EVENT_READ, self._take_stderr)

    @property
    def stderr(self) -> str:
        return self._stderr.decode(errors="replace")

    def until_end(self, cancelled: threading.Event) -> bool:
        """True when both pipes have ended, False when cancelled. Raises EncodeStuck."""
        with self._selector:
            while self._selector.get_map():
                if cancelled.is_set():
                    return False
                self._raise_if_stuck()
                for key, _ in self._selector.select(LOOK_SECONDS):
                    self._read(key)
        return True

    def _read(self, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, READ_BYTES)
        if data:
            key.data(data)
        else:
            self._selector.unregister(key.fileobj)

    def _take_stderr(self, data: bytes) -> None:
        self._stderr = (self._stderr + data)[-STDERR_BYTES_KEPT:]

    def _take_progress(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        counts = [int(line[6:]) for line in lines if line.startswith(b"frame=") and line[6:].strip().isdigit()]
        newest = max(counts, default=0)
        if newest > self._frames:
            self._frames = newest
            self._on_frame(newest)
            self._progressed_at = time.monotonic()  # after the callback, because its time does not count

    def _raise_if_stuck(self) -> None:
        now = time.monotonic()
        if now - self._started_at > self._limits.wall_seconds:
            raise EncodeStuck(f"the encode took longer than {self._limits.wall_seconds:g} s")
        if now - self._progressed_at > self._limits.stall_seconds:
            raise EncodeStuck(f"the encode made no progress for {self._limits.stall_seconds:g} s")
