"""The parts of a worker for tests of single jobs: real database, queue and storage, and a fake encoder."""

import io
from dataclasses import dataclass, field
from pathlib import Path

from local.system.aws_emulator import AwsEmulator, Queues
from showcase.database.engine import Database
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.jobs.outbox import Entry, Outbox
from showcase.storage.media_store import MediaStore
from tests.fixtures import Recorded
from tests.records import VideoState, new_video, original_of, video_state
from tests.worker.fakes import FakeClipMaker
from worker.heartbeat import Heartbeat
from worker.job import JobHandler, JobLimits
from worker.workspace import Workspace

LEASE_SECONDS = 20
ATTEMPTS_MAX = 3
RECEIVES_MAX = 20  # each waits one second


@dataclass
class JobRig:
    """The parts of one worker. ``handler`` takes another database or storage, for example one that is away."""

    database: Database
    queue: JobQueue
    media: MediaStore
    outbox: Outbox
    recorded: Recorded
    emulator: AwsEmulator
    queues: Queues
    directory: Path
    maker: FakeClipMaker = field(default_factory=FakeClipMaker)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.directory / "work")
        self.heartbeat = Heartbeat(
            self.database,
            self.queue,
            interval_seconds=5,
            lease_seconds=LEASE_SECONDS,
            visibility_seconds=30,
            job_seconds=600,
            on_turn=lambda _turn: None,
        )

    def handler(self, *, database: Database | None = None, media: MediaStore | None = None) -> JobHandler:
        return JobHandler(
            name="test-worker",
            database=database or self.database,
            queue=self.queue,
            media=media or self.media,
            heartbeat=self.heartbeat,
            transcoder=self.maker,
            recorder=self.recorded.recorder,
            limits=JobLimits(LEASE_SECONDS, ATTEMPTS_MAX),
            workspace=self.workspace,
        )

    def accepted_video(self) -> Entry:
        """An accepted upload: its file is stored, and its message is sent."""
        entry = new_video(self.database)
        self.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
        self.outbox.deliver(entry)
        return entry

    def receive(self) -> Delivery:
        """The next message. A released message comes back within seconds."""
        for _ in range(RECEIVES_MAX):
            for delivery in self.queue.receive(1):
                return delivery
        raise AssertionError("no message came")

    def state(self, entry: Entry) -> VideoState:
        state = video_state(self.database, entry.video_id)
        assert state is not None
        return state

    def objects(self) -> set[str]:
        listed = self.emulator.s3.list_objects_v2(Bucket=self.media.bucket)
        return {item["Key"] for item in listed.get("Contents", [])}

    def dead_letters(self) -> list[tuple[str, str]]:
        """(body, reason) of each message in the dead-letter queue."""
        answer = self.emulator.sqs.receive_message(
            QueueUrl=self.queues.dead_letter, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [(m["Body"], m["MessageAttributes"]["reason"]["StringValue"]) for m in answer.get("Messages", [])]

    def messages(self) -> tuple[int, int]:
        """Numbers of messages in the queue: (visible, in flight)."""
        answer = self.emulator.sqs.get_queue_attributes(QueueUrl=self.queues.jobs, AttributeNames=["All"])
        attributes = answer["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    def leftovers(self) -> list[Path]:
        """The folders that jobs left in the work directory."""
        return list((self.directory / "work").rglob("job-*"))


def result_of(entry: Entry, fence: int = 1) -> str:
    return f"processed/{entry.video_id}/{fence}.mp4"
