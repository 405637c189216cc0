"""The facades over SQS and S3, tested on the emulator."""

import io
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from local.system.aws_emulator import REGION, AwsEmulator, Queues
from showcase.aws import Aws
from showcase.errors import ObjectMissing, Unavailable
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.storage.media_store import MediaStore
from tests.records import TRACEPARENT

AWAY = "http://127.0.0.1:1"


def message() -> JobMessage:
    return JobMessage(uuid.uuid4(), uuid.uuid4(), "s3://b/k", datetime.now(UTC))


def receive_one(queue: JobQueue) -> Delivery:
    (delivery,) = queue.receive(1)
    return delivery


def test_a_message_arrives_with_its_attributes(queue: JobQueue) -> None:
    sent = message()
    queue.send(sent, request_id="request-1", traceparent=TRACEPARENT)
    delivery = receive_one(queue)
    assert delivery.body == sent.to_json()
    assert (delivery.receive_count, delivery.request_id, delivery.traceparent) == (1, "request-1", TRACEPARENT)
    assert abs(delivery.sent_at_ms / 1000 - datetime.now(UTC).timestamp()) < 60


def test_a_received_message_stays_hidden_until_it_is_released(queue: JobQueue) -> None:
    queue.send(message())
    delivery = receive_one(queue)
    assert queue.receive(10) == []
    queue.release(delivery, 0)
    again = receive_one(queue)
    assert (again.message_id, again.receive_count) == (delivery.message_id, 2)


def test_a_deleted_message_is_gone_and_deleting_it_again_is_no_error(queue: JobQueue) -> None:
    queue.send(message())
    delivery = receive_one(queue)
    queue.delete(delivery)
    queue.delete(delivery)
    queue.release(delivery, 0)
    assert queue.receive(10) == []


def test_one_call_extends_more_than_ten_messages_and_returns_the_lost_ones(queue: JobQueue) -> None:
    for _ in range(12):
        queue.send(message())
    deliveries = queue.receive(10) + queue.receive(10)
    forged = Delivery("", "forged", "not-a-receipt-handle", 1, 0, "")
    assert queue.extend(deliveries, 30) == []
    assert queue.extend([*deliveries, forged], 30) == [forged]


def test_a_dead_letter_keeps_its_body_and_has_the_reason(
    queue: JobQueue, queues: Queues, emulator: AwsEmulator
) -> None:
    sent = message()
    queue.send(sent)
    queue.dead_letter(receive_one(queue), "body is not JSON")
    assert queue.receive(10) == []
    answer = emulator.sqs.receive_message(QueueUrl=queues.dead_letter, MessageAttributeNames=["All"])
    (dead,) = answer["Messages"]
    assert dead["Body"] == sent.to_json()
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "body is not JSON"


def test_a_queue_that_is_away_or_does_not_exist_is_unavailable(emulator: AwsEmulator) -> None:
    for url, kind in ((AWAY, "EndpointConnectionError"), (emulator.url, "NonExistentQueue")):
        queue = JobQueue(Aws(REGION, url), f"{url}/1/none", f"{url}/1/none-dlq")
        with pytest.raises(Unavailable, match=kind):
            queue.send(message())
        with pytest.raises(Unavailable):
            queue.receive(1)
        with pytest.raises(Unavailable):
            queue.ping()


def test_objects_are_stored_and_fetched_whole(media: MediaStore, tmp_path: Path) -> None:
    content = bytes(range(256)) * 50_000  # 12.8 MB: three parts
    media.put_stream("uploads/a.mp4", io.BytesIO(content))
    media.download("uploads/a.mp4", tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == content


@pytest.mark.parametrize("size", [1000, 12_000_000])
def test_a_stream_that_fails_stores_nothing(media: MediaStore, emulator: AwsEmulator, size: int) -> None:
    class Broken(io.BytesIO):
        def read(self, count: int | None = -1, /) -> bytes:
            if self.tell() >= size // 2:
                raise ValueError("the client is gone")
            return super().read(count)

    with pytest.raises(ValueError, match="client is gone"):
        media.put_stream("uploads/broken.mp4", Broken(bytes(size)))
    s3 = emulator.s3
    assert "Contents" not in s3.list_objects_v2(Bucket=media.bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=media.bucket)


def test_a_missing_object_and_a_storage_that_is_away_raise_different_errors(media: MediaStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        media.download("uploads/none.mp4", tmp_path / "x")
    away = MediaStore(Aws(REGION, AWAY), "bucket")
    with pytest.raises(Unavailable):
        away.download("k", tmp_path / "x")
    with pytest.raises(Unavailable):
        away.put_stream("k", io.BytesIO(b"x"))
    with pytest.raises(Unavailable):
        away.ping()


def test_an_object_can_be_deleted_twice(media: MediaStore) -> None:
    media.put_stream("k", io.BytesIO(b"x"))
    media.delete("k")
    media.delete("k")


def test_a_link_downloads_the_file_without_credentials_and_has_an_end(media: MediaStore) -> None:
    media.put_stream("processed/v/1.mp4", io.BytesIO(b"clip"))
    link = media.link("processed/v/1.mp4", seconds=60, file_name="v.mp4")
    answer = httpx.get(link)
    assert answer.content == b"clip"
    assert answer.headers["content-disposition"] == 'inline; filename="v.mp4"'
    assert httpx.URL(link).params["X-Amz-Expires"] == "60"
    assert httpx.URL(link).params["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
