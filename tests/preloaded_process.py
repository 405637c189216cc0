"""Starts processes of the product without their imports: a helper process has imported the modules, and forks.

The suite starts hundreds of processes, and imports take three quarters of the CPU time of a start. The product does
nothing at import (``tests/architecture`` holds that), so a forked process behaves as ``python -m`` does. The helper is
the fork server of the standard library. ``tests/local`` starts the product as an operator does.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from local.system.processes import ManagedProcess
from showcase.settings import child_environment

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["worker.process", "service.server", "tests.faults.injection"])


class PreloadedProcess(ManagedProcess):
    """A forked ManagedProcess. A module that replaces parts of others before their import cannot be preloaded."""

    def _start(self, module: str, arguments: list[str], environment: Mapping[str, str]) -> "_ForkedProcess":
        return _ForkedProcess(module, arguments, child_environment(environment), self.log)


class _ForkedProcess:
    """The methods of ``subprocess.Popen`` that ManagedProcess uses."""

    def __init__(self, module: str, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._process: ForkServerProcess = _forking.Process(target=_run, args=(module, arguments, environment, log))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self._process.exitcode


def _run(module: str, arguments: list[str], environment: dict[str, str], log: Path) -> None:
    """Become ``python -m module arguments…``, with the output in ``log``."""
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the fork server ignores it
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
