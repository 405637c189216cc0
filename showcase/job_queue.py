"""The queue of videos to process: the only user of SQS.

Queue settings and why: standard queue (one message a video, duplicates are harmless because a claim is
fenced); visibility timeout short, as a heartbeat renews it; redrive to the dead-letter queue after
``sqs_max_receive_count``; retention 4 days, of the dead-letter queue 14 days.

IAM: API ``sqs:SendMessage``, ``sqs:GetQueueAttributes``; worker also ``sqs:ReceiveMessage``,
``sqs:DeleteMessage``, ``sqs:ChangeMessageVisibility``, and ``sqs:SendMessage`` on the dead-letter queue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from showcase.aws import Aws, error_code, translated
from showcase.job_message import JobMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH_MAX = 10  # of SQS, for receiving and for every batch call
REASON_CHARACTERS_MAX = 200

# The message is no longer ours to change: its visibility ended, or it was deleted.
_LOST_CODES = frozenset(
    {
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
        "AWS.SimpleQueueService.MessageNotInflight",
    }
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receipt of a message. ``sent_at_ms`` is the queue's clock, in ms since the epoch."""

    body: str
    message_id: str
    receipt_handle: str
    receive_count: int
    sent_at_ms: int
    request_id: str


class JobQueue:
    """Send, receive, extend, release, delete. Every method raises Unavailable when the queue is away."""

    def __init__(self, aws: Aws, queue_url: str, dead_letter_queue_url: str, *, poll_seconds: int = 0) -> None:
        self.url = queue_url
        self._dead_letter_url = dead_letter_queue_url
        self._poll_seconds = poll_seconds
        self._client = aws.sqs()
        # An SDK that repeats a receive whose answer was lost hides a batch for a whole visibility timeout.
        self._receiver = aws.sqs(read_seconds=poll_seconds + 5, attempts=1)

    def send(self, message: JobMessage, *, request_id: str = "") -> None:
        attributes: dict[str, Any] = {}
        if request_id:
            attributes["request_id"] = {"DataType": "String", "StringValue": request_id}
        with translated("queue", "send"):
            self._client.send_message(QueueUrl=self.url, MessageBody=message.to_json(), MessageAttributes=attributes)

    def receive(self, count_max: int) -> list[Delivery]:
        """Wait for messages up to the long poll's length; at most ``count_max`` (1–10)."""
        with translated("queue", "receive"):
            answer = self._receiver.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(count_max, BATCH_MAX),
                WaitTimeSeconds=self._poll_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["request_id"],
            )
        return [_delivery(message) for message in answer.get("Messages", [])]

    def extend(self, deliveries: Iterable[Delivery], seconds: int) -> list[Delivery]:
        """Keep messages hidden for ``seconds`` from now; return those that are no longer ours."""
        lost = []
        pending = list(deliveries)
        for start in range(0, len(pending), BATCH_MAX):
            batch = pending[start : start + BATCH_MAX]
            with translated("queue", "extend"):
                answer = self._client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(i), "ReceiptHandle": d.receipt_handle, "VisibilityTimeout": seconds}
                        for i, d in enumerate(batch)
                    ],
                )
            lost += [batch[int(f["Id"])] for f in answer.get("Failed", []) if f["Code"] in _LOST_CODES]
        return lost

    def release(self, delivery: Delivery, delay_seconds: int) -> None:
        """Let the message be received again after ``delay_seconds``; one that is no longer ours is left alone."""
        with translated("queue", "release"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=delivery.receipt_handle, VisibilityTimeout=delay_seconds
                )
            except ClientError as error:
                if error_code(error) not in _LOST_CODES:
                    raise

    def delete(self, delivery: Delivery) -> None:
        """Remove the message; one that is no longer ours is left alone."""
        with translated("queue", "delete"):
            try:
                self._client.delete_message(QueueUrl=self.url, ReceiptHandle=delivery.receipt_handle)
            except ClientError as error:
                if error_code(error) not in _LOST_CODES:
                    raise

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Move the message to the dead-letter queue with a reason; a crash between leaves a copy, never a loss."""
        attributes: dict[str, Any] = {
            "reason": {"DataType": "String", "StringValue": reason[:REASON_CHARACTERS_MAX] or "unknown"},
            "original_message_id": {"DataType": "String", "StringValue": delivery.message_id},
        }
        with translated("queue", "dead-letter"):
            self._client.send_message(
                QueueUrl=self._dead_letter_url, MessageBody=delivery.body, MessageAttributes=attributes
            )
        self.delete(delivery)

    def ping(self) -> None:
        """One round trip that proves that the queue exists and that we may ask it."""
        with translated("queue", "ping"):
            self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])


def _delivery(message: "MessageTypeDef") -> Delivery:
    system: Mapping[Any, str] = message.get("Attributes", {})
    ours: Mapping[str, Mapping[str, Any]] = message.get("MessageAttributes", {})
    return Delivery(
        body=message["Body"],
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        receive_count=int(system.get("ApproximateReceiveCount", "1")),
        sent_at_ms=int(system.get("SentTimestamp", "0")),
        request_id=str(ours.get("request_id", {}).get("StringValue", "")),
    )
