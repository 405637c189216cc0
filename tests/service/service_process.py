"""``python -m service`` as a process of its own, with short times."""

import signal
from collections.abc import Callable
from pathlib import Path

from cloudwatch.emf import Datapoint, read_lines
from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator, Queues
from local.system.processes import free_port
from tests.preloaded_process import PreloadedProcess
from tests.service.conftest import SECRET

START_SECONDS = 60.0
END_SECONDS = 90.0

StartService = Callable[..., "ServiceProcess"]


def addresses(database_url: str, emulator: AwsEmulator, queues: Queues, bucket: str) -> dict[str, str]:
    """The settings with the addresses of database, queues and bucket."""
    return {
        "ANB_DATABASE_URL": database_url,
        "ANB_AWS_ENDPOINT_URL": emulator.url,
        "ANB_BUCKET": bucket,
        "sqs_queue_url": queues.jobs,
        "sqs_dead_letter_queue_url": queues.dead_letter,
    }


class ServiceProcess:
    """A running API. It listens as soon as it is constructed."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._emf_log = directory / "emf.log"
        self.log = directory / "api.log"
        environment = {
            **CREDENTIALS,
            "ANB_JWT_SECRET": SECRET,
            "ANB_API_PORT": str(self.port),
            "ANB_EMF_DESTINATION": f"file:{self._emf_log}",
            "ANB_OUTBOX_INTERVAL_SECONDS": "600",
            "sqs_region": REGION,
            **settings,
        }
        self._process = PreloadedProcess("service", [], environment, self.log)
        self._process.wait_until(lambda: self.logged("listening on"), "listening", START_SECONDS)

    def logged(self, words: str) -> bool:
        return self._process.logged(words)

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until ``is_so()``. Raises LocalSystemError when the process ends before."""
        self._process.wait_until(is_so, what, END_SECONDS)

    def terminate(self) -> None:
        """Send SIGTERM, and do not wait for the end."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)

    def exit_code(self) -> int:
        """Wait for its end, and return the exit code. It is negative if the process had to be killed."""
        return self._process.wait(END_SECONDS)

    def stop(self) -> None:
        self._process.stop()

    def datapoints(self) -> list[Datapoint]:
        """The records that it has written. They are complete once it has ended."""
        with self._emf_log.open() as lines:
            return list(read_lines(lines))
