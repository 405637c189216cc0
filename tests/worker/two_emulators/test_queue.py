"""The queue's facade on two emulators that disagree about stale handles (T28 of docs/RELIABILITY.md).

With moto, the handle of an earlier delivery can hide and even delete the message. MiniStack refuses it. Both behaviours
are reported of SQS. So the tests check only what is true for both: no error, and no message that is lost or left.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from showcase.aws import Aws
from showcase.errors import Unavailable
from showcase.jobs.job_message import JobMessage
from showcase.jobs.job_queue import Delivery, JobQueue, QueueDepth, QueueWiring
from tests.fixtures import VISIBILITY_SECONDS
from tests.ministack_server import MiniStackServer
from tests.records import TRACEPARENT
from tests.worker.two_emulators.takeover import take_over

RECEIVE_COUNT_MAX = 5  # of the fixture ``queues``


def message() -> JobMessage:
    return JobMessage(uuid.uuid4(), uuid.uuid4(), "s3://b/k", datetime.now(UTC))


def receive_one(queue: JobQueue) -> Delivery:
    (delivery,) = queue.receive(1)
    return delivery


def test_ministack_refuses_a_stale_handle_as_the_other_tests_assume(ministack: MiniStackServer) -> None:
    queues = ministack.create_queues("refusing", visibility_seconds=30, receive_count_max=5)
    queue = JobQueue(Aws(REGION, ministack.url), queues.jobs, queues.dead_letter)
    queue.send(message())
    stale = receive_one(queue)
    take_over(queue, stale)
    assert queue.extend([stale], 20) == [stale]
    queue.release(stale, 0)
    queue.delete(stale)
    assert queue.depth() == QueueDepth(visible=0, in_flight=1, dead=0)


def test_a_stale_handle_is_no_error_and_the_newest_handle_deletes(queue: JobQueue) -> None:
    queue.send(message())
    stale = receive_one(queue)
    newest = take_over(queue, stale)
    assert queue.extend([stale, newest], 20) in ([], [stale])
    queue.release(stale, 20)
    queue.delete(stale)
    queue.delete(newest)
    assert queue.depth() == QueueDepth(visible=0, in_flight=0, dead=0)


def test_a_message_keeps_its_attributes_and_is_hidden_until_it_is_released(queue: JobQueue) -> None:
    sent = message()
    queue.send(sent, request_id="request-1", traceparent=TRACEPARENT)
    first = receive_one(queue)
    assert (first.body, first.request_id, first.traceparent) == (sent.to_json(), "request-1", TRACEPARENT)
    assert first.receive_count == 1
    assert abs(first.sent_at_ms / 1000 - datetime.now(UTC).timestamp()) < 60
    assert queue.receive(10) == []
    queue.release(first, 0)
    second = receive_one(queue)
    assert second == replace(first, receipt_handle=second.receipt_handle, receive_count=2)


def test_each_entry_of_a_batch_is_extended_or_reported_as_lost(queue: JobQueue) -> None:
    for _ in range(12):
        queue.send(message())
    deleted, *deliveries = queue.receive(10) + queue.receive(10)
    queue.delete(deleted)
    forged = replace(deleted, receipt_handle="not-a-receipt-handle")
    assert queue.extend([deleted, *deliveries, forged], 20) == [deleted, forged]
    assert queue.extend(deliveries, 0) == []
    assert queue.depth() == QueueDepth(visible=11, in_flight=0, dead=0)


def test_depth_and_wiring_are_reported_correctly(queue: JobQueue) -> None:
    for _ in range(4):
        queue.send(message())
    queue.dead_letter(receive_one(queue), "the reason")
    queue.release(receive_one(queue), 20)
    assert queue.depth() == QueueDepth(visible=2, in_flight=1, dead=1)
    assert queue.wiring() == QueueWiring(VISIBILITY_SECONDS, queue.dead_letter_arn(), RECEIVE_COUNT_MAX)


def test_a_queue_that_does_not_exist_is_unavailable(emulator: AwsEmulator, aws: Aws) -> None:
    url = f"{emulator.url}/123456789012/none"
    queue = JobQueue(aws, url, url)
    calls: list[Callable[[], object]] = [lambda: queue.send(message()), lambda: queue.receive(1), queue.ping]
    for call in calls:
        with pytest.raises(Unavailable):
            call()
