"""The whole system on loopback: AWS emulator, migrated database, API, one worker."""

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx

from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator, Queues
from local.system.processes import LocalSystemError, ManagedProcess, free_port
from migrations.upgrade import upgrade

START_SECONDS = 60.0
VISIBILITY_SECONDS = 30
RECEIVE_COUNT_MAX = 20


class LocalSystem:
    """A context manager: everything runs inside the block, and no process is left after it.

    ``directory`` gets the database, the logs and the EMF records of this run. ``overrides`` are settings
    (environment variables) for API and worker. ``workers``: 1, or 0 if the caller starts them with ``start_worker``.
    Entering raises LocalSystemError when a process does not start.
    """

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str | None = None,
        api_port: int | None = None,
        overrides: Mapping[str, str] | None = None,
        workers: int = 1,
    ) -> None:
        self.directory = directory.resolve()
        self.emf_log = self.directory / "emf.log"
        self.database_url = database_url or f"sqlite:///{self.directory / 'anb.db'}"
        self._api_port = api_port or free_port()
        self.api_url = f"http://127.0.0.1:{self._api_port}"
        self._overrides = dict(overrides or {})
        self._workers = workers
        self._running: list[ManagedProcess | AwsEmulator] = []

    def __enter__(self) -> Self:
        with ExitStack() as if_it_fails:
            if_it_fails.callback(self.stop)
            self.directory.mkdir(parents=True, exist_ok=True)
            self.emulator = AwsEmulator(self.directory / "aws.log")
            self._running.append(self.emulator)
            queues = self.emulator.create_queues(
                "anb-videos", visibility_seconds=VISIBILITY_SECONDS, receive_count_max=RECEIVE_COUNT_MAX
            )
            upgrade(self.database_url)
            self.environment = self._variables(queues, self.emulator.create_bucket())
            self.api = self.start_process("service", "api.log")
            if self._workers:
                self.worker = self.start_worker()
            self.api.wait_until(self._api_is_ready, "ready", START_SECONDS)
            if_it_fails.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _variables(self, queues: Queues, bucket: str) -> dict[str, str]:
        """The settings of API and worker."""
        return {
            **CREDENTIALS,
            "ANB_DATABASE_URL": self.database_url,
            "ANB_AWS_ENDPOINT_URL": self.emulator.url,
            "ANB_BUCKET": bucket,
            "ANB_JWT_SECRET": secrets.token_urlsafe(48),
            "ANB_API_PORT": str(self._api_port),
            "ANB_EMF_DESTINATION": f"file:{self.emf_log}",
            "ANB_WORK_DIRECTORY": str(self.directory / "work"),
            "ANB_POLL_SECONDS": "2",
            "ANB_HEARTBEAT_SECONDS": "5",
            "ANB_WORKER_SLOTS": "1",
            "ANB_FFMPEG_THREADS": "0",
            "sqs_queue_url": queues.jobs,
            "sqs_dead_letter_queue_url": queues.dead_letter,
            "sqs_region": REGION,
            "sqs_visibility_timeout": str(VISIBILITY_SECONDS),
            "sqs_max_receive_count": str(RECEIVE_COUNT_MAX),
            **self._overrides,
        }

    def start_worker(self, name: str = "worker", overrides: Mapping[str, str] | None = None) -> ManagedProcess:
        """Start another worker, and wait until it receives messages. Raises LocalSystemError."""
        worker = self.start_process("worker", f"{name}.log", overrides)
        worker.wait_until(lambda: worker.logged("ready: "), "ready", START_SECONDS)
        return worker

    def start_process(self, module: str, log_name: str, overrides: Mapping[str, str] | None = None) -> ManagedProcess:
        """Start ``python -m module`` with the settings of this system; it ends with the system."""
        environment = {**self.environment, **(overrides or {})}
        process = ManagedProcess(module, [], environment, self.directory / log_name)
        self._running.append(process)
        return process

    def _api_is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.api_url}/api/health/ready", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """Stop everything that was started, the emulator last."""
        while self._running:
            self._running.pop().stop()


def check_stopped_well(process: ManagedProcess) -> None:
    """Stop a process. Raises LocalSystemError when it does not end with 0 on SIGTERM."""
    if code := process.stop():
        raise LocalSystemError(f"{process.name} ended with {code}; see {process.log}")
