"""The state after a drill: in the database, the bucket, the queues and the records."""

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from local.drill.claims import VideoRow
from local.system.aws_emulator import AwsEmulator
from local.system.local_system import LocalSystem
from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.videos import result_key

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: Sequence["QueueAttributeNameType"] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """The evidence for the invariants.

    ``accepted``: uploads that were answered 201. ``objects``: keys of results in the bucket. ``waiting`` and ``dead``:
    messages in the two queues. ``publications``: for each video id, how many records say that it was published.
    """

    accepted: int
    videos: Mapping[uuid.UUID, VideoRow]
    objects: frozenset[str]
    waiting: int
    dead: int
    publications: Counter[str]

    def statuses(self) -> Counter[str]:
        """How many videos have each status."""
        return Counter(row.status for row in self.videos.values())

    def results(self) -> int:
        """How many processed videos name the object of their last claim, and that object exists."""
        return sum(
            row.processed_key == result_key(video_id, row.fence) and row.processed_key in self.objects
            for video_id, row in self.videos.items()
            if row.status == VideoStatus.PROCESSED
        )


def read_outcome(system: LocalSystem, database: Database, accepted: int) -> DrillOutcome:
    """Read the state after the drill. Raises Unavailable, botocore's errors, OSError."""
    environment, emulator = system.environment, system.emulator
    with database.reading() as connection:
        rows = connection.execute(select(Video.id, Video.status, Video.fence, Video.processed_key)).all()
    pages = emulator.s3.get_paginator("list_objects_v2").paginate(Bucket=environment["ANB_BUCKET"], Prefix="processed/")
    with system.emf_log.open() as lines:
        records = (json.loads(line) for line in lines)
        publications = Counter(str(record["video_id"]) for record in records if record.get("VideosProcessed"))
    return DrillOutcome(
        accepted,
        videos={row.id: VideoRow(row.status, row.fence, row.processed_key) for row in rows},
        objects=frozenset(item["Key"] for page in pages for item in page.get("Contents", [])),
        waiting=count_messages(emulator, environment["sqs_queue_url"]),
        dead=count_messages(emulator, environment["sqs_dead_letter_queue_url"]),
        publications=publications,
    )


def count_messages(emulator: AwsEmulator, queue_url: str) -> int:
    """All messages in that queue: visible, in flight and delayed."""
    attributes = emulator.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=_COUNTS)["Attributes"]
    return sum(int(attributes[name]) for name in _COUNTS)
