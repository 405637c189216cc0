"""Faults at named steps of the real processes.

A process under test is wired by the product's own code. Only its facades are replaced, by subclasses that announce each
step. At the step that the variable FAULT names, the process kills or stops itself, or an error is raised.
"""

import importlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from showcase import videos
from showcase.database.engine import Database
from showcase.deadlines import DEADLINES, Deadline
from showcase.jobs import jobs
from showcase.jobs.job_queue import JobQueue
from showcase.storage.media_store import MediaStore
from showcase.uploads.inbox import Inbox

HANGING_CALL_SECONDS = 2.0


@dataclass(frozen=True)
class Fault:
    """Strikes at ``step``, once. ``kind`` is KILL, STOP, RAISE or WAIT. The file ``marker`` shows that it has struck.

    WAIT holds the thread until the test has made the file ``marker.go``. Meanwhile the test makes everything outside
    hang. From then on all calls have the deadline HANGING_CALL_SECONDS.
    """

    step: str
    kind: str
    marker: Path

    @classmethod
    def from_text(cls, text: str) -> "Fault | None":
        """``text`` is ``step,kind,marker``, or empty for no fault."""
        step, _, rest = text.partition(",")
        kind, _, marker = rest.partition(",")
        return cls(step, kind, Path(marker)) if step else None


class Steps:
    """The facades announce each step here. The fault happens at its step. ``before copy 2`` means the second copy."""

    def __init__(self, fault: Fault | None) -> None:
        self._fault = fault
        self._times: Counter[str] = Counter()

    def at(self, step: str) -> None:
        fault = self._fault
        self._times[step] += 1
        if fault is None or fault.step not in (step, f"{step} {self._times[step]}") or fault.marker.exists():
            return
        fault.marker.touch()
        if fault.kind == "RAISE":
            raise ZeroDivisionError("injected")
        if fault.kind == "WAIT":
            go_on = fault.marker.with_suffix(".go")
            while not go_on.exists():
                time.sleep(0.02)
            shorten_deadlines(HANGING_CALL_SECONDS)
            return
        os.kill(os.getpid(), signal.SIGKILL if fault.kind == "KILL" else signal.SIGSTOP)

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        self.at(f"before {name}")
        yield
        self.at(f"after {name}")


def shorten_deadlines(seconds: float) -> None:
    """Give every call of this process the same short deadline."""
    set_deadlines({name: Deadline(seconds, each.consequence) for name, each in DEADLINES.items()})


def set_deadlines(deadlines: Mapping[str, Deadline]) -> None:
    """Give the calls of this process other deadlines than the product's."""
    for name in ("showcase.aws", "showcase.database.engine", "worker.wiring", "service.watchdog"):
        module: Any = importlib.import_module(name)
        module.DEADLINES = deadlines


def inject(steps: Steps) -> None:
    """Make this process build facades that announce their steps, and announce the writes of rows."""
    facades = {
        "Database": _announcing_commits(steps),
        "JobQueue": _announcing(JobQueue, ("receive", "release", "delete", "dead_letter", "send"), steps),
        "MediaStore": _announcing(MediaStore, ("download", "put_file", "put_stream", "copy", "read_range"), steps),
        "Inbox": _announcing(Inbox, ("begin_parts", "received_parts", "join_parts"), steps),
    }
    for module in ("worker.wiring", "service.server"):
        wiring = importlib.import_module(module)
        for name, facade in facades.items():
            setattr(wiring, name, facade)
    for name in ("claim", "finish", "fail", "hand_back"):
        setattr(jobs, name, _announcing_write(getattr(jobs, name), name, steps))
    for module in ("service.resources.form_upload", "showcase.uploads.direct_uploads"):
        uploads: Any = importlib.import_module(module)
        uploads.add_video = _announcing_write(videos.add_video, "add_video", steps)


class _WritesOfThread(threading.local):
    """The writes of the current transaction of this thread."""

    def __init__(self) -> None:
        self.names: list[str] = []


_written = _WritesOfThread()


def _announcing_write(function: Callable[..., Any], name: str, steps: Steps) -> Callable[..., Any]:
    def announcing(connection: Connection, *arguments: Any, **keywords: Any) -> Any:
        with steps.around(name):
            result = function(connection, *arguments, **keywords)
        _written.names.append(name)
        return result

    return announcing


def _announcing_commits(steps: Steps) -> type[Database]:
    class AnnouncingDatabase(Database):
        @contextmanager
        def writing(self) -> Iterator[Connection]:
            with super().writing() as connection:
                yield connection
            while _written.names:
                steps.at(f"after commit of {_written.names.pop()}")

    return AnnouncingDatabase


def _announcing(facade: type, methods: tuple[str, ...], steps: Steps) -> type:
    """A subclass that announces each call of these methods. ``receive`` is a step only if it brings a message."""

    def method(name: str) -> Callable[..., Any]:
        def announcing(self: Any, *arguments: Any, **keywords: Any) -> Any:
            original = getattr(super(subclass, self), name)
            if name == "receive":
                deliveries = original(*arguments, **keywords)
                if deliveries:
                    steps.at("after receive")
                return deliveries
            with steps.around(name):
                return original(*arguments, **keywords)

        return announcing

    subclass = type(f"Announcing{facade.__name__}", (facade,), {name: method(name) for name in methods})
    return subclass
