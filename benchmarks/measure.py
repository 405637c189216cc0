"""Measure a piece of work: CPU, wall time and memory of a forked process and of everything that it starts."""

import os
import select
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

import psutil

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Measurement:
    """The cost of one run.

    ``cpu_seconds`` is user and system time of the whole process tree. ``peak_rss_bytes`` is the largest sum of resident
    memory, over all samples, of the processes that the work started. The forked process itself is not counted: it is a
    copy of the benchmark, and stands for a worker that runs whether or not there is work.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_rss_bytes: int


class WorkFailed(Exception):
    """The measured work raised an error, whose traceback is on stderr, or was killed."""


def measure(work: Callable[[], None]) -> Measurement:
    """Run ``work`` in a child process and measure it with all its descendants. Raises WorkFailed.

    The child is forked, so that imports and preparations are not measured. Call it from a process without threads.
    The CPU time of a descendant counts once its parent has waited for it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    alive, held_by_child = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _work_and_exit(work)
    os.close(held_by_child)
    try:
        peak = _sample_memory(pid, alive)
        ended = time.monotonic()
    finally:
        os.close(alive)
        _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise WorkFailed(f"the measured work ended with {os.waitstatus_to_exitcode(status)}")
    return Measurement(usage.ru_utime + usage.ru_stime, ended - started, peak)


def _work_and_exit(work: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a forked child must never return into its parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _sample_memory(pid: int, alive: int) -> int:
    """The peak of all samples until the child ends: only the child holds the other end of the pipe ``alive``."""
    child = psutil.Process(pid)
    peak = 0
    while not select.select([alive], [], [], SAMPLE_SECONDS)[0]:
        peak = max(peak, _descendants_rss_bytes(child))
    return peak


def _descendants_rss_bytes(child: psutil.Process) -> int:
    """Resident memory of all descendants; one that ends meanwhile counts as 0."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for process in child.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    return total
