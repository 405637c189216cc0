"""A call of each public method of each facade over AWS, and the members that each of its answers must have."""

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from local.system.aws_emulator import REGION
from local.system.ec2_stub import INSTANCE_ID, STATE
from showcase.aws import Aws
from showcase.errors import ObjectDamaged, Unavailable
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.storage.media_store import MediaStore
from showcase.uploads.direct_uploads import Part
from showcase.uploads.inbox import Inbox
from worker.ec2.fleet_size import FleetSize
from worker.ec2.instance import InstanceMetadata
from worker.ec2.lifecycle import GroupMember

FACADES = (JobQueue, MediaStore, Inbox, FleetSize, GroupMember, InstanceMetadata)

BUCKET, QUEUE, DEAD_LETTERS, GROUP, HOOK = "lies", "lies-jobs", "lies-jobs-dlq", "lies-workers", "drain"
ACCOUNT = "123456789012"  # moto's
MESSAGE = JobMessage(uuid.UUID(int=1), uuid.UUID(int=2), "s3://b/k", datetime(2026, 1, 1, tzinfo=UTC))
FORGED = Delivery("", "forged", "not-a-receipt-handle", 1, 0, "")
CLIP = bytes(range(250)) * 4
TWO_PARTS = bytes(6_000_000)
PART = Part(1, len(CLIP))


class KnownInstance(InstanceMetadata):
    """Has a fixed id. The calls of the real class are tested by entries of their own."""

    def instance_id(self) -> str:
        return INSTANCE_ID


class Rig:
    """All facades over one server, which is AWS and the metadata service."""

    def __init__(self, url: str, directory: Path) -> None:
        aws = Aws(REGION, url)
        self.url = url
        self.queue = JobQueue(aws, f"{url}/{ACCOUNT}/{QUEUE}", f"{url}/{ACCOUNT}/{DEAD_LETTERS}")
        self.media = MediaStore(aws, BUCKET)
        self.inbox = Inbox(aws, BUCKET)
        self.fleet = FleetSize(aws, GROUP)
        self.member = GroupMember(aws, KnownInstance(url), GROUP)
        self.file = directory / f"file-{uuid.uuid4().hex}"

    def delivery(self) -> Delivery:
        self.queue.send(MESSAGE)
        (delivery,) = self.queue.receive(1)
        return delivery

    def stored(self) -> None:
        self.media.put_stream("uploads/1.mp4", io.BytesIO(CLIP))

    def multipart(self, key: str) -> str:
        """The id of an unfinished upload that has one part."""
        multipart_id = self.inbox.begin_parts(key)
        httpx.put(self.inbox.part_link(key, multipart_id, PART, seconds=60), content=CLIP).raise_for_status()
        return multipart_id

    def written(self) -> Path:
        self.file.write_bytes(CLIP)
        return self.file

    def downloaded(self) -> bytes:
        self.media.download("uploads/1.mp4", self.file)
        return self.file.read_bytes()


@dataclass(frozen=True)
class Step:
    """One request of a call: its operation, and the members that its answer must have."""

    operation: str
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class FacadeCall:
    """A call of the public method ``name``. What ``prepare`` returns is given to ``call``.

    ``documented`` are errors that may be raised instead of Unavailable. ``true_lies`` are valid answers to this call.
    """

    name: str
    steps: tuple[Step, ...]
    call: Callable[[Rig, Any], object]
    prepare: Callable[[Rig], Any] = lambda _rig: None
    documented: tuple[type[Exception], ...] = ()
    true_lies: frozenset[str] = frozenset()

    @property
    def facade(self) -> str:
        return self.name.partition(".")[0]


def _confirmed(is_confirmed: bool) -> None:
    """A GroupMember raises nothing."""
    if not is_confirmed:
        raise Unavailable("Auto Scaling", "any")


SEND = Step("SendMessage", ("MessageId", "MD5OfMessageBody"))
DELETE = Step("DeleteMessage")
COUNTS = Step(
    "GetQueueAttributes", ("Attributes", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
)
PING = Step("GetQueueAttributes of the ping", ("Attributes", "ApproximateNumberOfMessages"))
ARN = Step("GetQueueAttributes of the ARN", ("Attributes", "QueueArn"))
OBJECT = ("etag", "last-modified", "accept-ranges", "content-length")
PUT = Step("PutObject", ("etag",))
PUT_PART = Step("UploadPart", ("etag",))
BEGIN = Step("CreateMultipartUpload", ("Key", "UploadId"))
JOIN = Step("CompleteMultipartUpload", ("Key", "ETag"))
TOKEN = Step("token")
MESSAGE_MEMBERS = ("Body", "MD5OfBody", "MessageId", "ReceiptHandle", "ApproximateReceiveCount", "SentTimestamp")

# The first call finds the queue empty.
CALLS = (
    FacadeCall("JobQueue.receive nothing", (Step("empty ReceiveMessage"),), lambda rig, _: rig.queue.receive(1)),
    FacadeCall("JobQueue.send", (SEND,), lambda rig, _: rig.queue.send(MESSAGE)),
    FacadeCall(
        "JobQueue.receive",
        (Step("ReceiveMessage", (*MESSAGE_MEMBERS, "Attributes")),),
        lambda rig, _: rig.queue.receive(1),
        lambda rig: rig.queue.send(MESSAGE),
    ),
    FacadeCall(
        "JobQueue.extend",
        (Step("ChangeMessageVisibilityBatch", ("Successful", "Failed", "Id", "Code")),),
        lambda rig, delivery: rig.queue.extend([delivery, FORGED], 30),
        Rig.delivery,
    ),
    FacadeCall(
        "JobQueue.release",
        (Step("ChangeMessageVisibility"),),
        lambda rig, delivery: rig.queue.release(delivery, 60),
        Rig.delivery,
    ),
    FacadeCall(
        "JobQueue.release_all",
        (Step("ChangeMessageVisibilityBatch", ("Successful", "Failed", "Id", "Code")),),
        lambda rig, delivery: rig.queue.release_all([delivery, FORGED], 60),
        Rig.delivery,
    ),
    FacadeCall("JobQueue.delete", (DELETE,), lambda rig, delivery: rig.queue.delete(delivery), Rig.delivery),
    FacadeCall(
        "JobQueue.dead_letter",
        (SEND, DELETE),
        lambda rig, delivery: rig.queue.dead_letter(delivery, "reason"),
        Rig.delivery,
    ),
    FacadeCall(
        "JobQueue.copy_to_dead_letters",
        (SEND,),
        lambda rig, delivery: rig.queue.copy_to_dead_letters(delivery, "reason"),
        Rig.delivery,
    ),
    FacadeCall("JobQueue.depth", (COUNTS, COUNTS), lambda rig, _: rig.queue.depth()),
    FacadeCall(
        "JobQueue.wiring",
        (Step("GetQueueAttributes of the wiring", ("Attributes", "VisibilityTimeout")),),
        lambda rig, _: rig.queue.wiring(),
    ),
    FacadeCall("JobQueue.dead_letter_arn", (ARN,), lambda rig, _: rig.queue.dead_letter_arn()),
    FacadeCall(
        "JobQueue.move_dead_letters",
        (ARN, ARN, Step("StartMessageMoveTask", ("TaskHandle",))),
        lambda rig, _: rig.queue.move_dead_letters(10),
    ),
    FacadeCall("JobQueue.has_work", (COUNTS,), lambda rig, _: rig.queue.has_work()),
    FacadeCall("JobQueue.ping", (PING,), lambda rig, _: rig.queue.ping()),
    FacadeCall("JobQueue.ping_dead_letters", (PING,), lambda rig, _: rig.queue.ping_dead_letters()),
    FacadeCall("MediaStore.put_stream", (PUT,), lambda rig, _: rig.stored()),
    FacadeCall(
        "MediaStore.put_stream in parts",
        (BEGIN, PUT_PART, PUT_PART, JOIN),
        lambda rig, _: rig.media.put_stream("uploads/2.mp4", io.BytesIO(TWO_PARTS)),
    ),
    FacadeCall("MediaStore.put_file", (PUT,), lambda rig, _: rig.media.put_file("uploads/3.mp4", rig.written())),
    FacadeCall(
        "MediaStore.download",
        (Step("GetObject", OBJECT),),
        lambda rig, _: rig.downloaded(),
        Rig.stored,
        documented=(ObjectDamaged,),
    ),
    FacadeCall(
        "MediaStore.copy",
        (Step("CopyObject", ("CopyObjectResult", "ETag")),),
        lambda rig, _: rig.media.copy("uploads/1.mp4", "uploads/4.mp4"),
        Rig.stored,
    ),
    FacadeCall(
        "MediaStore.size", (Step("HeadObject", OBJECT),), lambda rig, _: rig.media.size("uploads/1.mp4"), Rig.stored
    ),
    FacadeCall(
        "MediaStore.read_range",
        (Step("GetObject of a range", (*OBJECT, "content-range")),),
        lambda rig, _: rig.media.read_range("uploads/1.mp4", 10, 20),
        Rig.stored,
    ),
    FacadeCall("MediaStore.link", (), lambda rig, _: rig.media.link("uploads/1.mp4", seconds=60, file_name="1.mp4")),
    FacadeCall("MediaStore.delete", (Step("DeleteObject"),), lambda rig, _: rig.media.delete("uploads/none.mp4")),
    FacadeCall(
        "MediaStore.pages",
        (Step("ListObjectsV2", ("IsTruncated", "Key", "LastModified")),),
        lambda rig, _: [item.key for page in rig.media.pages() for item in page],  # their ages grow
        Rig.stored,
    ),
    FacadeCall(
        "MediaStore.unfinished_uploads",
        (Step("ListMultipartUploads", ("IsTruncated", "Key", "UploadId", "Initiated")),),
        lambda rig, _: [(item.key, item.multipart_id) for page in rig.media.unfinished_uploads() for item in page],
        lambda rig: rig.multipart("inbox/1"),
    ),
    FacadeCall(
        "MediaStore.abort_upload",
        (Step("AbortMultipartUpload"),),
        lambda rig, multipart_id: rig.media.abort_upload("inbox/2", multipart_id),
        lambda rig: rig.multipart("inbox/2"),
    ),
    FacadeCall("MediaStore.ping", (Step("HeadBucket"),), lambda rig, _: rig.media.ping()),
    FacadeCall("Inbox.form", (), lambda rig, _: rig.inbox.form("inbox/3", 1000, seconds=60)),
    FacadeCall("Inbox.begin_parts", (BEGIN,), lambda rig, _: rig.inbox.begin_parts("inbox/4")),
    FacadeCall("Inbox.part_link", (), lambda rig, _: rig.inbox.part_link("inbox/3", "id", PART, seconds=60)),
    FacadeCall(
        "Inbox.received_parts",
        (Step("ListParts", ("Key", "UploadId", "IsTruncated", "PartNumber", "Size", "ETag")),),
        lambda rig, multipart_id: rig.inbox.received_parts("inbox/4", multipart_id),
        lambda rig: rig.multipart("inbox/4"),
    ),
    FacadeCall(
        "Inbox.join_parts",
        (JOIN,),
        lambda rig, begun: rig.inbox.join_parts("inbox/5", *begun),
        lambda rig: (begun := rig.multipart("inbox/5"), rig.inbox.received_parts("inbox/5", begun)),
    ),
    FacadeCall(
        "FleetSize.in_service",
        (
            Step(
                "DescribeAutoScalingGroups",
                ("AutoScalingGroups", "AutoScalingGroupName", "Instances", "LifecycleState"),
            ),
        ),
        lambda rig, _: rig.fleet.in_service(),
    ),
    FacadeCall(
        "GroupMember.record_heartbeat",
        (Step("RecordLifecycleActionHeartbeat", ("RecordLifecycleActionHeartbeatResult",)),),
        lambda rig, _: _confirmed(rig.member.record_heartbeat(HOOK)),
    ),
    FacadeCall(
        "GroupMember.complete",
        (Step("CompleteLifecycleAction", ("CompleteLifecycleActionResult",)),),
        lambda rig, _: _confirmed(rig.member.complete(HOOK)),
    ),
    FacadeCall(
        "GroupMember.set_protection",
        (Step("SetInstanceProtection", ("SetInstanceProtectionResult",)),),
        lambda rig, _: _confirmed(rig.member.set_protection(True)),
    ),
    FacadeCall(
        "InstanceMetadata.read",
        (TOKEN, Step("target state")),
        lambda rig, _: InstanceMetadata(rig.url).read(STATE),
        # The real service answers with a page, too, if there is no such item.
        true_lies=frozenset({"page of a 404"}),
    ),
    FacadeCall(
        "InstanceMetadata.instance_id",
        (TOKEN, Step("instance id")),
        lambda rig, _: InstanceMetadata(rig.url).instance_id(),
    ),
)
