"""CPU time and memory of processes, as the kernel counts them."""

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Cpu(NamedTuple):
    """User and system time in seconds: of a process itself, and of its children (those that have ended too)."""

    own: float
    children: float

    @property
    def tree(self) -> float:
        return self.own + self.children


def cpu_of(process: psutil.Process) -> Cpu:
    """The CPU time of a process and its descendants. Raises psutil.NoSuchProcess."""
    own = process.cpu_times()
    children = own.children_user + own.children_system
    for descendant in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended: its parent's times of children contain it
            times = descendant.cpu_times()
            children += times.user + times.system + times.children_user + times.children_system
    return Cpu(own.user + own.system, children)


def status_bytes(field: str, pid: int | str = "self") -> int:
    """A field of /proc/PID/status in bytes: VmRSS is the resident memory now, VmHWM its peak. Raises OSError."""
    match = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert match, f"the kernel reports no {field}"
    return int(match[1]) * 1024
