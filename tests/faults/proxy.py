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
    """A context manager. ``rules`` replaces what is injected; ``fired`` counts what was."""

    def __init__(self, log: Path, upstream: str, protocol: str = "http") -> None:
        self.port = free_port()
        self._control_port = self.port if protocol == "http" else free_port()
        arguments = ["--protocol", protocol, "--upstream", upstream, "--port", str(self.port)]
        if protocol != "http":
            arguments += ["--control-port", str(self._control_port)]
        self._process = ManagedProcess("microburst", arguments, {}, log)
        self._process.wait_until(lambda: answers(self._control_port), "listening", START_SECONDS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rules(self, *rules: Rule) -> None:
        """From now on these faults, and no others."""
        httpx.post(self._control("rules"), json=list(rules), timeout=CONTROL_SECONDS).raise_for_status()

    def fired(self) -> int:
        """How many faults were injected so far."""
        answer = (
            httpx.get(self._control("fired"), params={"limit": 10_000}, timeout=CONTROL_SECONDS)
            .raise_for_status()
            .json()
        )
        return len(answer if isinstance(answer, list) else answer.get("fired", answer.get("events", [])))

    def pause(self) -> None:
        """What is on its way through the proxy stays where it is."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def fired_in_all(self) -> int:
        """The same as a counter, which does not forget the oldest as the list behind ``fired`` does."""
        stats = httpx.get(self._control("stats"), timeout=CONTROL_SECONDS).raise_for_status().json()
        return int(stats["requests"]["faulted"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop(5)

    def _control(self, path: str) -> str:
        return f"http://127.0.0.1:{self._control_port}/_microburst/{path}"
