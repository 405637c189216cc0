"""The system that fault scenarios run on: real processes, a real PostgreSQL and the AWS emulator, with short times."""

import io
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from cloudwatch.emf import Datapoint, read_lines, whole_lines
from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator, Queues
from local.system.processes import ManagedProcess, free_port
from migrations.upgrade import upgrade
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import Video
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Entry, Outbox
from showcase.storage.media_store import MediaStore
from tests.preloaded_process import PreloadedProcess
from tests.records import VideoState, new_video, original_of, video_state

LEASE_SECONDS = 5
VISIBILITY_SECONDS = 6
END_SECONDS = 60.0
POLL_SECONDS = 0.05


@dataclass
class SystemUnderFaults:
    """A database, queues and a bucket for one scenario. ``stop`` also stops all its processes."""

    database_url: str
    emulator: AwsEmulator
    queues: Queues
    bucket: str
    directory: Path
    processes: list[ManagedProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        aws = Aws(REGION, self.emulator.url)
        self.database = Database(self.database_url, pool_size=4)
        self.queue = JobQueue(aws, self.queues.jobs, self.queues.dead_letter)
        self.media = MediaStore(aws, self.bucket)
        self.outbox = Outbox(self.database, self.queue, self.bucket)
        self.emf_log = self.directory / "emf.log"
        self.fault_marker = self.directory / "fault-struck"
        self.api_port = free_port()

    def move_to(self, database_url: str) -> None:
        """Use another database, which is empty; it is migrated."""
        self.database.close()
        upgrade(database_url)
        self.database_url = database_url
        self.database = Database(database_url, pool_size=4)
        self.outbox = Outbox(self.database, self.queue, self.bucket)

    def environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        return {
            **CREDENTIALS,
            "ANB_DATABASE_URL": self.database_url,
            "ANB_AWS_ENDPOINT_URL": self.emulator.url,
            "ANB_BUCKET": self.bucket,
            "ANB_JWT_SECRET": "s" * 40,
            "ANB_API_PORT": str(self.api_port),
            "ANB_EMF_DESTINATION": f"file:{self.emf_log}",
            "ANB_WORK_DIRECTORY": str(self.directory / "work"),
            "ANB_POLL_SECONDS": "1",
            "ANB_LEASE_SECONDS": str(LEASE_SECONDS),
            "ANB_HEARTBEAT_SECONDS": "0.5",
            "ANB_OUTBOX_INTERVAL_SECONDS": "0.5",
            "ANB_DRAIN_SECONDS": "20",
            "ANB_WORKER_SLOTS": "1",
            "sqs_queue_url": self.queues.jobs,
            "sqs_dead_letter_queue_url": self.queues.dead_letter,
            "sqs_region": REGION,
            "sqs_visibility_timeout": str(VISIBILITY_SECONDS),
            "sqs_max_receive_count": "20",
            "FAKE_ENCODER": "0.3",
            **overrides,
        }

    def through(self, url: str) -> dict[str, str]:
        """The settings with which a process uses ``url`` instead of the emulator."""
        queues = (self.queues.jobs, self.queues.dead_letter)
        jobs, dead_letter = (queue.replace(self.emulator.url, url) for queue in queues)
        return {"ANB_AWS_ENDPOINT_URL": url, "sqs_queue_url": jobs, "sqs_dead_letter_queue_url": dead_letter}

    def start_worker(self, name: str = "worker", **overrides: str) -> ManagedProcess:
        """Start a worker; it is ready to receive. Its clock is ahead by CLOCK_AHEAD_SECONDS, if that is given."""
        worker = self._start("tests.faults.faulty_worker", name, overrides)
        worker.wait_until(lambda: worker.logged("ready: "), "ready", END_SECONDS)
        return worker

    def start_api(self, name: str = "api", **overrides: str) -> ManagedProcess:
        """Start the API; it is listening. Its clock is ahead by CLOCK_AHEAD_SECONDS, if that is given."""
        api = self._start("tests.faults.faulty_api", name, overrides)
        api.wait_until(lambda: api.logged("listening on"), "listening", END_SECONDS)
        return api

    def _start(self, module: str, name: str, overrides: Mapping[str, str]) -> ManagedProcess:
        environment, log = self.environment(overrides), self.directory / f"{name}.log"
        process: ManagedProcess
        if ahead := overrides.get("CLOCK_AHEAD_SECONDS"):
            process = ManagedProcess("tests.faults.wrong_clock", [ahead, module], environment, log)
        else:
            process = PreloadedProcess(module, [], environment, log)
        self.processes.append(process)
        return process

    def fault(self, step: str, kind: str) -> dict[str, str]:
        """The setting that injects a fault at a step; ``kind`` is KILL, STOP or RAISE."""
        return {"FAULT": f"{step},{kind},{self.fault_marker}"}

    def accepted_video(self, *, send: bool = True, content: bytes = b"") -> Entry:
        """Add an upload: its row, its file and, with ``send``, its message. ``content`` is that of a real clip."""
        entry = new_video(self.database, content=content)
        self.media.put_stream(entry.original_key, io.BytesIO(content or original_of(entry.video_id)))
        if send:
            self.outbox.deliver(entry)
        return entry

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = END_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, f"not {what} within {seconds} s; see {self.directory}"
            time.sleep(POLL_SECONDS)

    def state(self, entry: Entry) -> VideoState:
        state = video_state(self.database, entry.video_id)
        assert state is not None
        return state

    def is_settled(self, entry: Entry) -> bool:
        return self.state(entry).status in ("processed", "failed")

    def all_settled(self) -> bool:
        with self.database.reading() as connection:
            statuses = set(connection.execute(select(Video.status).distinct()).scalars())
        return statuses <= {"processed", "failed"}

    def datapoints(self) -> list[Datapoint]:
        """All records so far. Raises EmfViolation if one is not valid EMF."""
        if not self.emf_log.exists():
            return []
        return list(read_lines(whole_lines(self.emf_log)))

    def counted(self, metric: str) -> float:
        """The sum of a metric over all processes of the scenario."""
        return sum(sum(p.values) for p in self.datapoints() if p.name == metric and len(p.dimensions) == 1)

    def objects(self) -> set[str]:
        pages = self.emulator.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def queue_is_empty(self, url: str) -> bool:
        """Whether no message is visible or in flight."""
        attributes = self.emulator.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return (
            attributes["ApproximateNumberOfMessages"] == "0"
            and attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
        )

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.stop(20)
        self.database.close()
