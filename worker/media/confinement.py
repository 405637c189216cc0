"""What keeps a media process in its place: dies with its worker, bounded in memory, CPU and output, no network.

Built from util-linux (setpriv, prlimit, unshare), because Python code between fork and exec is not safe in
a process with threads. Where a tool is missing (macOS), that protection is missing, and the start says so.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass

PROBE_SECONDS = 5

# setpriv asks the kernel to kill us with our parent; if the parent died before that, leave by ourselves.
_UNLESS_ORPHANED = 'test "$PPID" -eq "$0" && exec "$@"'


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one media process. ``cpu_seconds`` is of all its threads together."""

    wall_seconds: float
    stall_seconds: float
    memory_bytes: int
    cpu_seconds: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Confinement:
    """The protections that this machine offers."""

    unshare: str | None
    setpriv: str | None
    prlimit: str | None

    def command(self, command: list[str], limits: Limits) -> list[str]:
        """``command`` wrapped in the protections; every wrapper replaces itself, so the process id stays."""
        wrapped: list[str] = []
        if self.unshare:
            wrapped += [self.unshare, "--map-root-user", "--net"]
        if self.setpriv:
            wrapped += [self.setpriv, "--pdeathsig", "KILL", "--no-new-privs"]
            wrapped += ["/bin/sh", "-c", _UNLESS_ORPHANED, str(os.getpid())]
        if self.prlimit:
            wrapped += [self.prlimit, f"--as={limits.memory_bytes}", f"--cpu={limits.cpu_seconds}"]
            wrapped += [f"--fsize={limits.file_bytes}", "--core=0", "--nofile=64", "--"]
        return wrapped + command

    def describe(self) -> str:
        """For the log at the start."""
        protections = {
            "no network": self.unshare,
            "dies with the worker": self.setpriv,
            "bounded memory, CPU and output": self.prlimit,
        }
        missing = [name for name, tool in protections.items() if not tool]
        return f"MISSING: {', '.join(missing)}" if missing else "complete"


def find_confinement() -> Confinement:
    """What works here, tried once."""
    return Confinement(
        unshare=_working("unshare", "--map-root-user", "--net"),
        setpriv=_working("setpriv", "--pdeathsig", "KILL", "--no-new-privs"),
        prlimit=_working("prlimit", "--core=0"),
    )


def _working(tool: str, *arguments: str) -> str | None:
    path = shutil.which(tool)
    if path is None:
        return None
    trial = subprocess.run([path, *arguments, "true"], capture_output=True, timeout=PROBE_SECONDS, check=False)
    return path if trial.returncode == 0 else None
