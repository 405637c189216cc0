"""The queue of videos to process. No other module uses SQS.

Settings of the queue, with their reasons: a standard queue, because a fenced claim makes duplicates harmless; a short
visibility timeout, because a heartbeat renews it; redrive to the dead-letter queue after ``sqs_max_receive_count``;
retention of 4 days, and of 14 days in the dead-letter queue.

IAM:
- API: ``sqs:SendMessage``, ``sqs:GetQueueAttributes``.
- Worker: the same, and ``sqs:ReceiveMessage``, ``sqs:DeleteMessage``, ``sqs:ChangeMessageVisibility``; on the
  dead-letter queue ``sqs:SendMessage`` and ``sqs:GetQueueAttributes``.
- Operator (``python -m worker.redrive``): those of the worker on both queues, and for ``--native``
  ``sqs:StartMessageMoveTask``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from showcase.aws import BACKGROUND, NEEDED, OPTIONAL, Aws, Budget, error_code, translated
from showcase.aws_answers import UnexpectedAnswer
from showcase.jobs.job_message import JobMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH_MAX = 10  # messages in one receive and in each batch call of SQS
REASON_CHARACTERS_MAX = 200

_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

# The receipt of the message is no longer valid: its visibility timeout ended, or it was deleted.
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
    """One receipt of a message. ``sent_at_ms`` is in ms since the epoch, by the clock of the queue.

    ``request_id`` and ``traceparent`` are those of the upload, or empty if its sender had none. ``reason`` is why a
    worker moved it to the dead-letter queue. It is empty if SQS moved it, or nobody did.
    """

    body: str
    message_id: str
    receipt_handle: str
    receive_count: int
    sent_at_ms: int
    request_id: str
    reason: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Numbers of messages. SQS counts approximately, and can be a minute late."""

    visible: int
    in_flight: int
    dead: int  # in the dead-letter queue, visible or in flight


@dataclass(frozen=True, slots=True)
class QueueWiring:
    """How the queue is configured. Without a redrive policy, the last two are None."""

    visibility_timeout_seconds: int
    redrive_target_arn: str | None
    receive_count_max: int | None


class JobQueue:
    """Sends, receives, hides, releases, deletes and counts messages. Every method raises Unavailable.

    A method that returns has an answer of SQS to its call (``showcase.aws_answers``): a message that was sent is in the
    queue, and an empty receive means that no message came.
    """

    def __init__(self, aws: Aws, queue_url: str, dead_letter_queue_url: str, *, poll_seconds: int = 0) -> None:
        self.url = queue_url
        self._dead_letter_url = dead_letter_queue_url
        self._poll_seconds = poll_seconds
        self._client = aws.sqs(NEEDED)
        self._optional = aws.sqs(OPTIONAL)
        self._senders = {NEEDED: self._client, OPTIONAL: self._optional, BACKGROUND: aws.sqs(BACKGROUND)}
        # One attempt: to repeat a receive whose answer was lost would hide a batch for a whole visibility timeout.
        self._receiver = aws.sqs(Budget(read_seconds=poll_seconds + 5, attempts=1))

    def send(
        self, message: JobMessage, *, request_id: str = "", traceparent: str = "", within: Budget = NEEDED
    ) -> None:
        """Send ``within`` NEEDED, OPTIONAL or BACKGROUND."""
        sender, attributes = self._senders[within], _attributes(request_id=request_id, traceparent=traceparent)
        with translated("queue", "send", deadline=within.deadline):
            sender.send_message(QueueUrl=self.url, MessageBody=message.to_json(), MessageAttributes=attributes)

    def receive(self, count_max: int, *, hidden_seconds: int | None = None) -> list[Delivery]:
        """Wait for up to ``poll_seconds`` for messages; return at most ``count_max`` (1–10).

        They are hidden for ``hidden_seconds``, by default for the visibility timeout of the queue.
        """
        hidden: dict[str, Any] = {} if hidden_seconds is None else {"VisibilityTimeout": hidden_seconds}
        with translated("queue", "receive", deadline="queue receive"):
            answer = self._receiver.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(count_max, BATCH_MAX),
                WaitTimeSeconds=self._poll_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["request_id", "traceparent", "reason"],
                **hidden,
            )
        return [_read_delivery(message) for message in answer.get("Messages", [])]

    def extend(self, deliveries: Iterable[Delivery], seconds: int) -> list[Delivery]:
        """Keep messages hidden for ``seconds`` from now; return those whose receipt is no longer valid."""
        return self._hide(list(deliveries), seconds, "extend", self._client, NEEDED)

    def release_all(self, deliveries: Iterable[Delivery], delay_seconds: int) -> None:
        """Make messages visible after ``delay_seconds``, ten in one call. Without a valid receipt, nothing happens."""
        self._hide(list(deliveries), delay_seconds, "release", self._optional, OPTIONAL)

    def _hide(
        self, pending: list[Delivery], seconds: int, operation: str, client: "SQSClient", budget: Budget
    ) -> list[Delivery]:
        lost = []
        for start in range(0, len(pending), BATCH_MAX):
            batch = pending[start : start + BATCH_MAX]
            with translated("queue", operation, deadline=budget.deadline):
                answer = client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(i), "ReceiptHandle": d.receipt_handle, "VisibilityTimeout": seconds}
                        for i, d in enumerate(batch)
                    ],
                )
            lost += [batch[int(f["Id"])] for f in answer.get("Failed", []) if f["Code"] in _LOST_CODES]
        return lost

    def release(self, delivery: Delivery, delay_seconds: int) -> None:
        """Make the message visible after ``delay_seconds``. Without a valid receipt, nothing happens.

        One attempt within OPTIONAL's seconds: otherwise the message becomes visible after its visibility timeout.
        """
        with translated("queue", "release", deadline=OPTIONAL.deadline):
            try:
                self._optional.change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=delivery.receipt_handle, VisibilityTimeout=delay_seconds
                )
            except ClientError as error:
                if error_code(error) not in _LOST_CODES:
                    raise

    def delete(self, delivery: Delivery) -> None:
        """Remove the message. Without a valid receipt, nothing happens."""
        with translated("queue", "delete"):
            try:
                self._client.delete_message(QueueUrl=self.url, ReceiptHandle=delivery.receipt_handle)
            except ClientError as error:
                if error_code(error) not in _LOST_CODES:
                    raise

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Move the message to the dead-letter queue with a reason. A crash in between leaves two, and never none."""
        self.copy_to_dead_letters(delivery, reason)
        self.delete(delivery)

    def copy_to_dead_letters(self, delivery: Delivery, reason: str) -> None:
        """Copy the message to the dead-letter queue with a reason: the first half of ``dead_letter``."""
        attributes = _attributes(
            reason=reason[:REASON_CHARACTERS_MAX] or "unknown",
            original_message_id=delivery.message_id,
            request_id=delivery.request_id,
            traceparent=delivery.traceparent,
        )
        with translated("queue", "dead-letter"):
            self._client.send_message(
                QueueUrl=self._dead_letter_url, MessageBody=delivery.body, MessageAttributes=attributes
            )

    def depth(self) -> QueueDepth:
        """Count the messages of both queues."""
        with translated("queue", "count"):
            visible, in_flight = self._count(self.url)
            return QueueDepth(visible, in_flight, dead=sum(self._count(self._dead_letter_url)))

    def _count(self, url: str) -> tuple[int, int]:
        names: list[QueueAttributeNameType] = list(_COUNTS)
        attributes = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, in_flight = (int(attributes[name]) for name in _COUNTS)
        return visible, in_flight

    def wiring(self) -> QueueWiring:
        """Read the attributes that must agree with the settings of this project."""
        with translated("queue", "read attributes"):
            attributes = self._client.get_queue_attributes(
                QueueUrl=self.url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"]
            )["Attributes"]
            target, count_max = _read_policy(attributes.get("RedrivePolicy"))
        return QueueWiring(int(attributes["VisibilityTimeout"]), target, count_max)

    def dead_letter_arn(self) -> str:
        """The ARN of the dead-letter queue."""
        with translated("queue", "look up the dead-letter queue"):
            return self._arn(self._dead_letter_url)

    def _arn(self, url: str) -> str:
        return self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def move_dead_letters(self, per_second: int) -> None:
        """Start a task in SQS that moves every dead letter back, ``per_second`` messages (1–500) a second."""
        with translated("queue", "start a message move task"):
            self._client.start_message_move_task(
                SourceArn=self._arn(self._dead_letter_url),
                # Needed, because SQS has no source queue for messages that a worker sent to the dead-letter queue.
                DestinationArn=self._arn(self.url),
                MaxNumberOfMessagesPerSecond=per_second,
            )

    def has_work(self) -> bool:
        """True if messages wait. SQS counts approximately."""
        with translated("queue", "look"):
            visible, _in_flight = self._count(self.url)
        return visible > 0

    def ping(self) -> None:
        """Make one round trip, to prove that the queue exists and that this process has access to it."""
        self._ping(self.url)

    def ping_dead_letters(self) -> None:
        """Do the same with the dead-letter queue."""
        self._ping(self._dead_letter_url)

    def _ping(self, url: str) -> None:
        with translated("queue", "ping", deadline=OPTIONAL.deadline):
            self._optional.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])


def _attributes(**values: str) -> dict[str, Any]:
    """The attributes of a message. SQS refuses an empty value, so an empty one is left out."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}


def _read_policy(text: str | None) -> tuple[str | None, int | None]:
    """The target and the maxReceiveCount of a redrive policy."""
    if text is None:
        return None, None
    try:
        policy = json.loads(text)
        return str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])
    except (ValueError, TypeError, KeyError) as error:
        raise UnexpectedAnswer("an unreadable RedrivePolicy") from error


def _read_delivery(message: "MessageTypeDef") -> Delivery:
    system: Mapping[Any, str] = message["Attributes"]
    attributes: Mapping[str, Mapping[str, Any]] = message.get("MessageAttributes", {})

    def attribute(name: str) -> str:
        return str(attributes.get(name, {}).get("StringValue", ""))

    return Delivery(
        body=message["Body"],
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        receive_count=int(system["ApproximateReceiveCount"]),
        sent_at_ms=int(system["SentTimestamp"]),
        request_id=attribute("request_id"),
        reason=attribute("reason"),
        traceparent=attribute("traceparent"),
    )
