"""Measure a piece of work: CPU, wall time and memory of a process and of everything that it starts."""

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
    """What one run cost.

    ``cpu_seconds`` is user and system time of the whole tree. ``peak_rss_bytes`` is the largest sum of resident
    memory that was seen in the processes that the work started. The process of the work itself is left out of it:
    it is a copy of the benchmark, and stands for a worker that is there whether or not there is work.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_rss_bytes: int


class WorkFailed(Exception):
    """The measured work raised an error or was killed; what it said is on stderr."""


def measure(work: Callable[[], None]) -> Measurement:
    """Run ``work`` in a child process and measure it with all its descendants. Raises WorkFailed.

    A fork, not a new interpreter: what was imported and prepared before is not measured. So call it from a
    process without threads. A descendant counts once its parent has waited for it.
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
        peak = _watch(pid, alive)
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


def _watch(pid: int, alive: int) -> int:
    """Sample the memory until the child is gone: the pipe that only it holds then ends."""
    child = psutil.Process(pid)
    peak = 0
    while not select.select([alive], [], [], SAMPLE_SECONDS)[0]:
        peak = max(peak, _descendants_rss_bytes(child))
    return peak


def _descendants_rss_bytes(child: psutil.Process) -> int:
    return sum(_rss_bytes(process) for process in _descendants(child))


def _descendants(child: psutil.Process) -> list[psutil.Process]:
    try:
        return child.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _rss_bytes(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0  # it ended meanwhile
