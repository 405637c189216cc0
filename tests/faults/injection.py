"""Faults at numbered steps of the real processes.

A process under test is the product's own, wired by the product's own code; only its facades are replaced by
subclasses that announce each step. At the step that the variable FAULT names, the process kills or stops
itself: exactly there, not a moment later.
"""

import importlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from showcase import videos
from showcase.database.engine import Database
from showcase.jobs import jobs
from showcase.jobs.job_queue import JobQueue
from showcase.storage.media_store import MediaStore
from showcase.uploads.inbox import Inbox


@dataclass(frozen=True)
class Fault:
    """Do ``deed`` (KILL, STOP or RAISE) to this process at ``step``, the first time; leave ``mark`` to tell of it."""

    step: str
    deed: str
    mark: Path

    @classmethod
    def from_text(cls, text: str) -> "Fault | None":
        """``step,deed,mark`` or nothing."""
        step, _, rest = text.partition(",")
        deed, _, mark = rest.partition(",")
        return cls(step, deed, Path(mark)) if step else None


class Steps:
    """Announces steps; the fault strikes at its own."""

    def __init__(self, fault: Fault | None) -> None:
        self._fault = fault

    def at(self, step: str) -> None:
        fault = self._fault
        if fault is None or fault.step != step or fault.mark.exists():
            return
        fault.mark.touch()
        if fault.deed == "RAISE":
            raise ZeroDivisionError("an error that nobody foresaw")
        os.kill(os.getpid(), signal.SIGKILL if fault.deed == "KILL" else signal.SIGSTOP)

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        self.at(f"before {name}")
        yield
        self.at(f"after {name}")


def inject(steps: Steps) -> None:
    """Make the wiring of this process build facades that announce their steps."""
    for module in ("worker.wiring", "service.server"):
        wiring = importlib.import_module(module)
        for name, subclass in _subclasses(steps).items():
            setattr(wiring, name, subclass)
    _announce_writes(steps)


_WRITES = {"claim": jobs, "finish": jobs, "fail": jobs, "hand_back": jobs}


class _Written(threading.local):
    """What the transaction of this thread has written so far."""

    def __init__(self) -> None:
        self.names: list[str] = []


_written = _Written()


def _announce_writes(steps: Steps) -> None:
    for name, module in _WRITES.items():
        setattr(module, name, _noting(getattr(module, name), name, steps))
    for user in ("service.resources.form_upload", "showcase.uploads.direct_uploads"):
        uploads: Any = importlib.import_module(user)
        uploads.add_video = _noting(videos.add_video, "add_video", steps)


def _noting(function: Callable[..., Any], name: str, steps: Steps) -> Callable[..., Any]:
    def noted(connection: Connection, *arguments: Any, **keywords: Any) -> Any:
        with steps.around(name):
            result = function(connection, *arguments, **keywords)
        _written.names.append(name)
        return result

    return noted


def _subclasses(steps: Steps) -> dict[str, type]:
    class SteppedDatabase(Database):
        @contextmanager
        def writing(self) -> Iterator[Connection]:
            with super().writing() as connection:
                yield connection
            while _written.names:
                steps.at(f"after commit of {_written.names.pop()}")

    return {
        "Database": SteppedDatabase,
        "JobQueue": _stepped(JobQueue, ("receive", "release", "delete", "dead_letter", "send"), steps),
        "MediaStore": _stepped(MediaStore, ("download", "put_file", "put_stream", "copy"), steps),
        "Inbox": _stepped(Inbox, ("begin_parts", "join_parts"), steps),
    }


def _stepped(facade: type, methods: tuple[str, ...], steps: Steps) -> type:
    def method(name: str) -> Callable[..., Any]:
        def stepped(self: Any, *arguments: Any, **keywords: Any) -> Any:
            original = getattr(super(subclass, self), name)
            if name == "receive":
                deliveries = original(*arguments, **keywords)
                if deliveries:
                    steps.at("after receive")
                return deliveries
            with steps.around(name):
                return original(*arguments, **keywords)

        return stepped

    subclass = type(f"Stepped{facade.__name__}", (facade,), {name: method(name) for name in methods})
    return subclass
