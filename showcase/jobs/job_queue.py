"""The queue of videos to process: the only user of SQS.

Queue settings and why: standard queue (one message a video, duplicates are harmless because a claim is
fenced); visibility timeout short, as a heartbeat renews it; redrive to the dead-letter queue after
``sqs_max_receive_count``; retention 4 days, of the dead-letter queue 14 days.

IAM: API ``sqs:SendMessage``, ``sqs:GetQueueAttributes``; worker also ``sqs:ReceiveMessage``,
``sqs:DeleteMessage``, ``sqs:ChangeMessageVisibility``, and ``sqs:SendMessage`` and ``sqs:GetQueueAttributes`` on
the dead-letter queue; operator (``python -m worker.redrive``) what the worker has, on both queues, and for
``--native`` ``sqs:StartMessageMoveTask``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from showcase.aws import Aws, error_code, translated
from showcase.jobs.job_message import JobMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH_MAX = 10  # of SQS, for receiving and for every batch call
REASON_CHARACTERS_MAX = 200

_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

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
    """One receipt of a message. ``sent_at_ms`` is the queue's clock, in ms since the epoch.

    ``reason`` is why a worker dead-lettered it; empty otherwise, and when SQS itself did.
    """

    body: str
    message_id: str
    receipt_handle: str
    receive_count: int
    sent_at_ms: int
    request_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Numbers of messages; SQS counts approximately, and may be a minute late."""

    visible: int
    in_flight: int
    dead: int  # in the dead-letter queue, whether or not somebody reads them now


@dataclass(frozen=True, slots=True)
class QueueWiring:
    """How the queue is set up. Without a redrive policy, the last two are None."""

    visibility_timeout_seconds: int
    redrive_target_arn: str | None
    receive_count_max: int | None


class JobQueue:
    """Send, receive, extend, release, delete; and look. Every method raises Unavailable when the queue is away."""

    def __init__(self, aws: Aws, queue_url: str, dead_letter_queue_url: str, *, poll_seconds: int = 0) -> None:
        self.url = queue_url
        self._dead_letter_url = dead_letter_queue_url
        self._poll_seconds = poll_seconds
        self._client = aws.sqs()
        # An SDK that repeats a receive whose answer was lost hides a batch for a whole visibility timeout.
        self._receiver = aws.sqs(read_seconds=poll_seconds + 5, attempts=1)

    def send(self, message: JobMessage, *, request_id: str = "") -> None:
        attributes = _request_attribute(request_id)
        with translated("queue", "send"):
            self._client.send_message(QueueUrl=self.url, MessageBody=message.to_json(), MessageAttributes=attributes)

    def receive(self, count_max: int, *, hidden_seconds: int | None = None) -> list[Delivery]:
        """Wait for messages up to the long poll's length; at most ``count_max`` (1–10).

        They are hidden for ``hidden_seconds``; by default, for as long as the queue says.
        """
        hidden: dict[str, Any] = {} if hidden_seconds is None else {"VisibilityTimeout": hidden_seconds}
        with translated("queue", "receive"):
            answer = self._receiver.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(count_max, BATCH_MAX),
                WaitTimeSeconds=self._poll_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["request_id", "reason"],
                **hidden,
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
        self.copy_to_dead_letters(delivery, reason)
        self.delete(delivery)

    def copy_to_dead_letters(self, delivery: Delivery, reason: str) -> None:
        """The first half of ``dead_letter``, for whoever has something to do in between."""
        attributes: dict[str, Any] = {
            "reason": {"DataType": "String", "StringValue": reason[:REASON_CHARACTERS_MAX] or "unknown"},
            "original_message_id": {"DataType": "String", "StringValue": delivery.message_id},
            **_request_attribute(delivery.request_id),
        }
        with translated("queue", "dead-letter"):
            self._client.send_message(
                QueueUrl=self._dead_letter_url, MessageBody=delivery.body, MessageAttributes=attributes
            )

    def depth(self) -> QueueDepth:
        """How many messages wait, are in flight, and are dead."""
        with translated("queue", "count"):
            visible, in_flight = self._count(self.url)
            return QueueDepth(visible, in_flight, dead=sum(self._count(self._dead_letter_url)))

    def _count(self, url: str) -> tuple[int, int]:
        names: list[QueueAttributeNameType] = list(_COUNTS)
        attributes = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, in_flight = (int(attributes[name]) for name in _COUNTS)
        return visible, in_flight

    def wiring(self) -> QueueWiring:
        """The attributes that must agree with our settings."""
        with translated("queue", "read attributes"):
            attributes = self._client.get_queue_attributes(
                QueueUrl=self.url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"]
            )["Attributes"]
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        return QueueWiring(
            visibility_timeout_seconds=int(attributes["VisibilityTimeout"]),
            redrive_target_arn=policy.get("deadLetterTargetArn"),
            receive_count_max=int(policy["maxReceiveCount"]) if "maxReceiveCount" in policy else None,
        )

    def dead_letter_arn(self) -> str:
        """The ARN of the dead-letter queue."""
        with translated("queue", "look up the dead-letter queue"):
            return self._arn(self._dead_letter_url)

    def _arn(self, url: str) -> str:
        return self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def move_dead_letters(self, per_second: int) -> None:
        """Have SQS itself move every dead letter back, as a task of its own (1–500 a second)."""
        with translated("queue", "start a message move task"):
            self._client.start_message_move_task(
                SourceArn=self._arn(self._dead_letter_url),
                # Named, because messages that a worker dead-lettered have no source queue that SQS knows of.
                DestinationArn=self._arn(self.url),
                MaxNumberOfMessagesPerSecond=per_second,
            )

    def has_work(self) -> bool:
        """Do messages wait? Approximate, as SQS counts."""
        with translated("queue", "look"):
            visible, _in_flight = self._count(self.url)
        return visible > 0

    def ping(self) -> None:
        """One round trip that proves that the queue exists and that we may ask it."""
        with translated("queue", "ping"):
            self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])


def _request_attribute(request_id: str) -> dict[str, Any]:
    return {"request_id": {"DataType": "String", "StringValue": request_id}} if request_id else {}


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
        reason=str(ours.get("reason", {}).get("StringValue", "")),
    )
