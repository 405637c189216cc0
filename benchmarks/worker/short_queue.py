"""A queue on the emulator, from the side of the benchmark: what is sent, and how much is still there."""

from collections.abc import Iterable

from local.system.aws_emulator import AwsEmulator
from showcase.aws import Aws
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Entry

VISIBILITY_SECONDS = 60
RECEIVE_COUNT_MAX = 20


class ShortQueue:
    """One worker's own queue, new and empty."""

    def __init__(self, emulator: AwsEmulator, aws: Aws, name: str) -> None:
        self.urls = emulator.create_queues(
            name, visibility_seconds=VISIBILITY_SECONDS, receive_count_max=RECEIVE_COUNT_MAX
        )
        self._sqs = emulator.sqs
        self._queue = JobQueue(aws, self.urls.jobs, self.urls.dead_letter)

    def send(self, entries: Iterable[Entry]) -> None:
        """One call for each, as the API does."""
        for entry in entries:
            message = JobMessage(entry.video_id, entry.task_id, f"s3://anb/{entry.original_key}", entry.uploaded_at)
            self._queue.send(message, request_id=entry.request_id)

    def depth(self) -> int:
        """Messages that wait or are in work; one call."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self.urls.jobs,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(count) for count in attributes["Attributes"].values())
