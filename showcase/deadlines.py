"""Absolute deadlines for every call to the database, the queue and the storage, kept on this side of the connection.

The libraries have no such deadline. A read timeout of botocore starts again with each byte. ``statement_timeout`` of
PostgreSQL is kept by the server, and ``tcp_user_timeout`` does not fire against a peer that acknowledges and never
answers. So a thread of this process shuts down the connection of a call that is late. The call then fails at once with
an error of its library, and the facade raises Unavailable.

``DEADLINES`` is the table of them all; docs/RELIABILITY.md shows it.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType

LOOK_SECONDS = 0.25  # the watching thread looks this often, so deadlines are as exact as this

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a call or a piece of work may take, and what happens when it takes longer."""

    seconds: float
    consequence: str


DEADLINES: Mapping[str, Deadline] = MappingProxyType(
    {
        "database transaction": Deadline(25.0, "its connection is shut down; Unavailable"),
        "queue call": Deadline(30.0, "its connection is shut down; Unavailable"),
        "queue receive": Deadline(35.0, "its connection is shut down; Unavailable, and the breaker opens"),
        "optional call": Deadline(2.5, "its connection is shut down; the work goes on without it"),
        "background call": Deadline(7.0, "its connection is shut down; the turn of its sweep ends"),
        "storage call": Deadline(30.0, "its connection is shut down; Unavailable"),
        "storage transfer": Deadline(300.0, "its connection is shut down; Unavailable"),
        "Auto Scaling call": Deadline(20.0, "its connection is shut down; Unavailable"),
        "instance metadata": Deadline(3.0, "its connection is shut down; the next check asks again"),
        "request": Deadline(330.0, "its calls fail at once, and it is answered with 503"),
        "job, beside its encode": Deadline(720.0, "its lease is not renewed, and its process ends with 1"),
    }
)


class DeadlinePassed(TimeoutError):
    """The work that a call belongs to is late, so the call is not made."""


class _Limit:
    """One running call: its deadline, and the connections that are shut down when it is late."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.was_cut = False
        self._sockets: list[Callable[[], int | None]] = []

    def watch(self, descriptor: Callable[[], int | None]) -> None:
        """Add a connection. ``descriptor`` returns its file descriptor, or None if it has none (yet)."""
        self._sockets.append(descriptor)

    def cut(self) -> None:
        """Shut down every connection: a read or write on it ends at once, in whichever thread it hangs."""
        self.was_cut = bool(self._sockets)
        for descriptor in self._sockets:
            # The call may end at this moment, and close its descriptor.
            with suppress(OSError, ValueError):
                number = descriptor()
                if number is not None and number >= 0:
                    with socket.socket(fileno=os.dup(number)) as duplicate:
                        duplicate.shutdown(socket.SHUT_RDWR)


class _LateCalls:
    """The thread that looks for late calls. It starts with the first call of the process."""

    def __init__(self) -> None:
        self._limits: set[_Limit] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, limit: _Limit) -> None:
        with self._lock:
            self._limits.add(limit)
            if self._thread is None or not self._thread.is_alive():  # a forked process has no copy of the thread
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()

    def remove(self, limit: _Limit) -> None:
        with self._lock:
            self._limits.discard(limit)

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            with self._lock:
                # A call that ends must take this lock, too. So its connection is not used again while it is shut down.
                for limit in self._limits:
                    if limit.until < now:
                        limit.cut()


class _Current(threading.local):
    """The innermost limit of each thread."""

    limit: _Limit | None = None


_late_calls = _LateCalls()
_current = _Current()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Give the block an absolute deadline: ``seconds`` from now, and never later than that of an enclosing block.

    Raises DeadlinePassed if the deadline of the enclosing block has passed already. Raises it also at the end of a
    block whose connection was shut down, because a library can take the end of a connection for the end of an answer.
    """
    outer = _current.limit
    now = time.monotonic()
    until = now + seconds if outer is None else min(now + seconds, outer.until)
    if until <= now:
        raise DeadlinePassed("the deadline has passed")
    limit = _current.limit = _Limit(until)
    _late_calls.add(limit)
    try:
        yield
    except Exception as error:
        # One of the broad handlers: a library may fail in any way on a connection that was shut down under it.
        if limit.was_cut:
            raise DeadlinePassed("the call took longer than its deadline") from error
        raise
    else:
        if limit.was_cut:
            raise DeadlinePassed("the call took longer than its deadline")
    finally:
        _late_calls.remove(limit)
        _current.limit = outer


def watch_connection(descriptor: Callable[[], int | None]) -> None:
    """Shut this connection down when the block of the calling thread is late. Raises DeadlinePassed if it is late."""
    limit = _current.limit
    if limit is not None:
        if limit.until <= time.monotonic():
            raise DeadlinePassed("the deadline has passed")
        limit.watch(descriptor)


@contextmanager
def unlimited() -> Iterator[None]:
    """Inside the block, the enclosing deadline does not apply. This is for calls that settle work that was too late."""
    outer, _current.limit = _current.limit, None
    try:
        yield
    finally:
        _current.limit = outer


def end_process_after(seconds: float) -> None:
    """End this process with exit code 1 after ``seconds``, even if a thread hangs. It cannot be cancelled."""

    def end() -> None:
        time.sleep(seconds)
        log.critical("the end took longer than %.0f s: this process ends with 1", seconds)
        logging.shutdown()
        os._exit(1)

    threading.Thread(target=end, name="end of process", daemon=True).start()
