"""Finds what a piece of work leaves in its process: a process of the product runs for weeks."""

import gc
import logging
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

BYTES_MAX = 20_000  # that a round may leave: caches still grow a little


@dataclass(frozen=True)
class Holdings:
    """What this process has: open descriptors, threads, and the bytes of Python's objects."""

    descriptors: int
    threads: int
    traced_bytes: int

    @classmethod
    def now(cls) -> "Holdings":
        gc.collect()
        return cls(psutil.Process().num_fds(), threading.active_count(), tracemalloc.get_traced_memory()[0])


def check_leaves_nothing(work: Callable[[], object], *, rounds: int, warm_up_rounds: int = 2) -> None:
    """Repeat the work; fail if each round leaves a descriptor, a thread, memory or a temporary file.

    In the first rounds, which do not count, caches and pools fill up.
    """
    with _temporary_files() as folder, _traced():
        for _ in range(warm_up_rounds):
            work()
        before = Holdings.now()
        for _ in range(rounds):
            work()
        after = Holdings.now()
        files = list(folder.iterdir())
    assert after.descriptors - before.descriptors < rounds, (before, after)
    assert after.threads - before.threads < rounds, (before, after)
    assert (after.traced_bytes - before.traced_bytes) / rounds < BYTES_MAX, (before, after)
    assert files == []


@contextmanager
def _temporary_files() -> Iterator[Path]:
    """The folder of temporary files, which nobody else uses inside the block."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@contextmanager
def _traced() -> Iterator[None]:
    """Trace Python's memory. Nothing is logged, because pytest keeps each line and the frames of its error."""
    logging.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)
