"""Jobs, dead letters and redrive on two emulators: each video gets one result, even with stale handles."""

import re
import threading
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.jobs.outbox import Entry
from tests.records import expire_lease
from tests.worker.job_rig import ATTEMPTS_MAX, JobRig, result_of
from tests.worker.two_emulators.takeover import take_over
from tests.worker.two_emulators.test_queue import RECEIVE_COUNT_MAX
from worker.errors import EncodeFailed
from worker.job_record import Outcome
from worker.redrive.dead_letters import DeadLetters, Handling

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
TEXT_OF_SQS = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def work_off(rig: JobRig) -> list[Outcome]:
    """Handle messages until the queue is empty."""
    outcomes = []
    while rig.messages() != (0, 0):
        outcomes.append(rig.handler().handle(rig.receive()))
    return outcomes


def exhaust_next_video(rig: JobRig) -> None:
    """Let the next video fail after all its attempts, in a worker with a stale handle."""

    def crash(_cancelled: threading.Event) -> None:
        raise EncodeFailed(-9, "out of memory")

    rig.maker.on_work = crash
    stale = rig.receive()
    newest = take_over(rig.queue, stale)
    outcomes = [rig.handler().handle(stale) for _ in range(ATTEMPTS_MAX)]
    assert outcomes[-1] is Outcome.EXHAUSTED
    rig.maker.on_work = lambda _cancelled: None
    rig.queue.release(newest, 0)
    assert set(work_off(rig)) <= {Outcome.DUPLICATE}


def dead_letter_queue(rig: JobRig) -> JobQueue:
    url = rig.queues.dead_letter
    return JobQueue(Aws(REGION, rig.emulator.url), url, url)


def dead_letters(rig: JobRig) -> DeadLetters:
    return DeadLetters(rig.database, dead_letter_queue(rig), rig.outbox, discards_unreadable=False)


def redrive(rig: JobRig) -> list[Handling]:
    """Do what ``python -m worker.redrive run`` does. Returns the actions."""
    actions = []
    with dead_letters(rig) as letters:
        for letter in letters.read():
            letters.settle(letter)
            actions.append(letter.action)
    return actions


def check_one_result(rig: JobRig, entry: Entry, *, fence: int) -> None:
    """The video is published by the claim with this fence, and no message is left."""
    state = rig.state(entry)
    assert (state.status, state.processed_key) == ("processed", result_of(entry, fence))
    assert rig.objects() == {entry.original_key, result_of(entry, fence)}
    assert rig.messages() == (0, 0)
    assert rig.queue.depth().dead == 0


def test_copies_of_a_message_give_one_result(rig: JobRig) -> None:
    entry = rig.accepted_video()
    for _ in range(2):
        rig.outbox.deliver(entry)
    assert work_off(rig) == [Outcome.PROCESSED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    check_one_result(rig, entry, fence=1)


def test_the_worker_with_the_lease_finishes_while_another_one_gets_the_message_and_waits(rig: JobRig) -> None:
    entry = rig.accepted_video()
    delivery = rig.receive()
    newer: list[Delivery] = []

    def another_receives(_cancelled: threading.Event) -> None:
        newer.append(take_over(rig.queue, delivery))
        rig.heartbeat.turn()
        assert rig.handler().handle(newer[0]) is Outcome.BUSY

    rig.maker.on_work = another_receives
    assert rig.handler().handle(delivery) is Outcome.PROCESSED
    rig.queue.release(newer[0], 0)  # instead of waiting for the end of the lease
    assert set(work_off(rig)) <= {Outcome.DUPLICATE}
    check_one_result(rig, entry, fence=1)


def test_a_worker_that_lost_lease_and_message_leaves_the_result_of_the_other_one(rig: JobRig) -> None:
    entry = rig.accepted_video()
    delivery = rig.receive()

    def another_does_it(_cancelled: threading.Event) -> None:
        rig.maker.on_work = lambda _cancelled: None
        expire_lease(rig.database, entry.video_id)
        assert rig.handler().handle(take_over(rig.queue, delivery)) is Outcome.PROCESSED

    rig.maker.on_work = another_does_it
    assert rig.handler().handle(delivery) is Outcome.LEASE_LOST
    check_one_result(rig, entry, fence=2)


def test_a_job_that_fails_after_another_got_its_message_is_tried_again(rig: JobRig) -> None:
    entry = rig.accepted_video()
    delivery = rig.receive()
    newer: list[Delivery] = []

    def crash(_cancelled: threading.Event) -> None:
        newer.append(take_over(rig.queue, delivery))
        raise EncodeFailed(-11, "crash")

    rig.maker.on_work = crash
    assert rig.handler().handle(delivery) is Outcome.RETRY
    rig.maker.on_work = lambda _cancelled: None
    rig.queue.release(newer[0], 0)
    assert work_off(rig) == [Outcome.PROCESSED]
    check_one_result(rig, entry, fence=2)


def test_a_redrive_with_a_stale_handle_may_be_repeated_and_gives_one_result(
    rig: JobRig,
) -> None:
    entry = rig.accepted_video()
    exhaust_next_video(rig)
    dead = dead_letter_queue(rig)
    with dead_letters(rig) as letters:
        (letter,) = letters.read()
        assert (letter.action, letter.reason) == (Handling.REOPEN, f"attempt {ATTEMPTS_MAX} failed")
        assert (letter.delivery.request_id, letter.delivery.traceparent) == (entry.request_id, entry.traceparent)
        newest = take_over(dead, letter.delivery)
        letters.settle(letter)
    dead.release(newest, 0)
    assert set(redrive(rig)) <= {Handling.RESEND}
    assert redrive(rig) == []
    assert set(work_off(rig)) <= {Outcome.PROCESSED, Outcome.DUPLICATE}
    assert rig.maker.runs == ATTEMPTS_MAX + 1
    check_one_result(rig, entry, fence=ATTEMPTS_MAX + 1)


def test_a_message_that_sqs_dead_lettered_is_redriven_with_its_attributes(rig: JobRig) -> None:
    entry = rig.accepted_video()
    for count in range(1, RECEIVE_COUNT_MAX + 1):
        delivery = rig.receive()
        assert delivery.receive_count == count
        rig.queue.release(delivery, 0)
    assert rig.queue.receive(1) == []
    assert rig.queue.depth().dead == 1
    with dead_letters(rig) as letters:
        (letter,) = letters.read()
        assert (letter.delivery.request_id, letter.delivery.traceparent) == (entry.request_id, entry.traceparent)
        assert letter.delivery.reason == ""
    assert redrive(rig) == [Handling.RESEND]
    assert work_off(rig) == [Outcome.PROCESSED]
    assert rig.state(entry).attempts == 1
    check_one_result(rig, entry, fence=1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("not JSON", id="text"),
        pytest.param('{"video_id": "\\u0000\\ufffe", "task_id": "\\ud800", "created_at": ""}', id="escaped"),
        pytest.param("\x01\ufffe", id="forbidden"),
    ],
)
def test_a_poison_message_is_dead_lettered_with_a_reason_that_sqs_accepts(rig: JobRig, body: str) -> None:
    with suppress(ClientError):  # like SQS, MiniStack refuses forbidden characters; moto accepts them
        rig.emulator.sqs.send_message(QueueUrl=rig.queues.jobs, MessageBody=body)
    assert set(work_off(rig)) <= {Outcome.UNREADABLE}
    found = rig.dead_letters()
    assert len(found) == 1 or not TEXT_OF_SQS.fullmatch(body)
    assert all(dead_body == body and reason and TEXT_OF_SQS.fullmatch(reason) for dead_body, reason in found)


def test_a_poison_message_with_a_stale_handle_is_dead_lettered_at_most_twice(rig: JobRig) -> None:
    rig.emulator.sqs.send_message(QueueUrl=rig.queues.jobs, MessageBody="not JSON")
    stale = rig.receive()
    newest = take_over(rig.queue, stale)
    assert rig.handler().handle(stale) is Outcome.UNREADABLE
    rig.queue.release(newest, 0)
    assert len(work_off(rig)) <= 1
    assert set(rig.dead_letters()) == {("not JSON", "body is not JSON")}
