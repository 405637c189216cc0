"""A log whose reader can pause, so that its writer blocks."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PIPE_BYTES = 4096  # the smallest pipe of Linux, so that a stall blocks the writer after a few records


@contextmanager
def stallable_log(pipe: Path, log: Path) -> Iterator[threading.Event]:
    """A named pipe whose reader copies to ``log``. The reader pauses while the event is set."""
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    stalled, stopped = threading.Event(), threading.Event()

    def copy() -> None:
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with log.open("ab") as out:
            while not stopped.wait(0.02):
                if stalled.is_set():
                    continue
                with suppress(BlockingIOError):
                    out.write(os.read(descriptor, 1_000_000))
                    out.flush()
        os.close(descriptor)

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        yield stalled
    finally:
        stopped.set()
        thread.join()
