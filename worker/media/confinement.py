"""Confines a media process: it dies with its worker, has no network, and is limited in memory, CPU time and output.

The tools are those of util-linux (setpriv, prlimit, unshare), because Python code between fork and exec is not safe in
a process with threads. If a tool is missing (macOS), its protection is missing, and the worker logs that at its start.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass

PROBE_SECONDS = 5

# setpriv makes the kernel kill the process with its parent. If the parent died before that, the shell ends by itself.
_UNLESS_ORPHANED = 'test "$PPID" -eq "$0" && exec "$@"'


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one media process. ``cpu_seconds`` counts all its threads together."""

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
        """``command`` wrapped in the protections. Each wrapper replaces itself, so the process id stays the same."""
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
        """``complete``, or the missing protections."""
        protections = {
            "no network": self.unshare,
            "dies with the worker": self.setpriv,
            "bounded memory, CPU and output": self.prlimit,
        }
        missing = [name for name, tool in protections.items() if not tool]
        return f"MISSING: {', '.join(missing)}" if missing else "complete"


def find_confinement() -> Confinement:
    """Try each tool once. Tools that do not work here are left out."""
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
