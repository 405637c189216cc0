"""A queue on the emulator, into which the benchmark sends, and whose depth it reads."""

from collections.abc import Iterable

from local.system.aws_emulator import AwsEmulator
from showcase.aws import Aws
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Entry

VISIBILITY_SECONDS = 60
RECEIVE_COUNT_MAX = 20


class ShortQueue:
    """A new, empty queue for one worker."""

    def __init__(self, emulator: AwsEmulator, aws: Aws, name: str) -> None:
        self.urls = emulator.create_queues(
            name, visibility_seconds=VISIBILITY_SECONDS, receive_count_max=RECEIVE_COUNT_MAX
        )
        self._sqs = emulator.sqs
        self._queue = JobQueue(aws, self.urls.jobs, self.urls.dead_letter)

    def send(self, entries: Iterable[Entry]) -> None:
        """Send each message with a call of its own, as the API does."""
        for entry in entries:
            message = JobMessage(entry.video_id, entry.task_id, f"s3://anb/{entry.original_key}", entry.uploaded_at)
            self._queue.send(message, request_id=entry.request_id)

    def depth(self) -> int:
        """The number of messages that wait or are in flight; takes one call."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self.urls.jobs,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(count) for count in attributes["Attributes"].values())
