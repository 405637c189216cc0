"""microburst as a process: a proxy in front of the emulator or of PostgreSQL that injects faults by rule."""

import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local.system.processes import ManagedProcess, answers, free_port

START_SECONDS = 30.0
CONTROL_SECONDS = 60.0

Rule = dict[str, Any]


class FaultProxy:
    """A context manager: the proxy runs inside the block. ``protocol`` is "http", "postgres" or "tcp"."""

    def __init__(self, log: Path, upstream: str, protocol: str = "http") -> None:
        self.port = free_port()
        control_port = self.port if protocol == "http" else free_port()
        self._control_url = f"http://127.0.0.1:{control_port}/_microburst"
        arguments = ["--protocol", protocol, "--upstream", upstream, "--port", str(self.port)]
        if protocol != "http":
            arguments += ["--control-port", str(control_port)]
        self._process = ManagedProcess("tests.faults.microburst_process", arguments, {}, log)
        self._process.wait_until(lambda: answers(control_port), "listening", START_SECONDS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set_rules(self, *rules: Rule) -> None:
        """Inject these faults from now on, and no others."""
        httpx.post(f"{self._control_url}/rules", json=list(rules), timeout=CONTROL_SECONDS).raise_for_status()

    def fired(self) -> int:
        """How many requests had a fault injected, since the start."""
        stats = httpx.get(f"{self._control_url}/stats", timeout=CONTROL_SECONDS).raise_for_status().json()
        return int(stats["requests"]["faulted"])

    def pause(self) -> None:
        """Stop the process: data on its way through the proxy stays in it until ``resume``."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop(5)
