"""Jobs, dead letters and redrive on two emulators: one result for each video, whatever a handle is still worth."""

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
from tests.worker.two_emulators.takeover import take_over
from tests.worker.two_emulators.test_queue import RECEIVE_COUNT_MAX
from tests.worker.workshop import ATTEMPTS_MAX, Workshop, result_of
from worker.errors import EncodeFailed
from worker.job_record import Outcome
from worker.redrive.dead_letters import DeadLetters, Handling

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
TEXT_OF_SQS = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def work_off(workshop: Workshop) -> list[Outcome]:
    """Handle whatever the queue still has."""
    outcomes = []
    while workshop.messages() != (0, 0):
        outcomes.append(workshop.handler().handle(workshop.receive()))
    return outcomes


def give_up(workshop: Workshop) -> None:
    """The next video fails until its attempts are used up, by a worker whose handle is stale."""

    def crash(_cancelled: threading.Event) -> None:
        raise EncodeFailed(-9, "out of memory")

    workshop.maker.on_work = crash
    stale = workshop.receive()
    newest = take_over(workshop.queue, stale)
    outcomes = [workshop.handler().handle(stale) for _ in range(ATTEMPTS_MAX)]
    assert outcomes[-1] is Outcome.EXHAUSTED
    workshop.maker.on_work = lambda _cancelled: None
    workshop.queue.release(newest, 0)
    assert set(work_off(workshop)) <= {Outcome.DUPLICATE}


def dead_letter_queue(workshop: Workshop) -> JobQueue:
    url = workshop.queues.dead_letter
    return JobQueue(Aws(REGION, workshop.emulator.url), url, url)


def dead_letters(workshop: Workshop) -> DeadLetters:
    return DeadLetters(workshop.database, dead_letter_queue(workshop), workshop.outbox, discards_unreadable=False)


def redrive(workshop: Workshop) -> list[Handling]:
    """What ``python -m worker.redrive run`` does."""
    actions = []
    with dead_letters(workshop) as letters:
        for letter in letters.read():
            letters.settle(letter)
            actions.append(letter.action)
    return actions


def check_one_result(workshop: Workshop, entry: Entry, *, fence: int) -> None:
    """The video is published, by this claim and no other, and no message is left."""
    state = workshop.state(entry)
    assert (state.status, state.processed_key) == ("processed", result_of(entry, fence))
    assert workshop.objects() == {entry.original_key, result_of(entry, fence)}
    assert workshop.messages() == (0, 0)
    assert workshop.queue.depth().dead == 0


def test_copies_of_a_message_give_one_result(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    for _ in range(2):
        assert workshop.outbox.send(entry)
    assert work_off(workshop) == [Outcome.PROCESSED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    check_one_result(workshop, entry, fence=1)


def test_who_has_the_lease_finishes_and_who_got_the_message_in_the_middle_waits(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    delivery = workshop.receive()
    newer: list[Delivery] = []

    def another_receives(_cancelled: threading.Event) -> None:
        newer.append(take_over(workshop.queue, delivery))
        workshop.heartbeat.turn()
        assert workshop.handler().handle(newer[0]) is Outcome.BUSY

    workshop.maker.on_work = another_receives
    assert workshop.handler().handle(delivery) is Outcome.PROCESSED
    workshop.queue.release(newer[0], 0)  # instead of waiting for the end of the lease
    assert set(work_off(workshop)) <= {Outcome.DUPLICATE}
    check_one_result(workshop, entry, fence=1)


def test_who_lost_lease_and_message_leaves_the_result_to_the_other(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    delivery = workshop.receive()

    def another_does_it(_cancelled: threading.Event) -> None:
        workshop.maker.on_work = lambda _cancelled: None
        expire_lease(workshop.database, entry.video_id)
        assert workshop.handler().handle(take_over(workshop.queue, delivery)) is Outcome.PROCESSED

    workshop.maker.on_work = another_does_it
    assert workshop.handler().handle(delivery) is Outcome.LEASE_LOST
    check_one_result(workshop, entry, fence=2)


def test_a_job_that_fails_after_another_got_its_message_is_tried_again(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    delivery = workshop.receive()
    newer: list[Delivery] = []

    def crash(_cancelled: threading.Event) -> None:
        newer.append(take_over(workshop.queue, delivery))
        raise EncodeFailed(-11, "crash")

    workshop.maker.on_work = crash
    assert workshop.handler().handle(delivery) is Outcome.RETRY
    workshop.maker.on_work = lambda _cancelled: None
    workshop.queue.release(newer[0], 0)
    assert work_off(workshop) == [Outcome.PROCESSED]
    check_one_result(workshop, entry, fence=2)


def test_a_redrive_that_lost_the_dead_letter_to_another_may_be_repeated_and_gives_one_result(
    workshop: Workshop,
) -> None:
    entry = workshop.accepted_video()
    give_up(workshop)
    dead = dead_letter_queue(workshop)
    with dead_letters(workshop) as letters:
        (letter,) = letters.read()
        assert (letter.action, letter.reason) == (Handling.REOPEN, f"attempt {ATTEMPTS_MAX} failed")
        newest = take_over(dead, letter.delivery)
        letters.settle(letter)
    dead.release(newest, 0)
    assert set(redrive(workshop)) <= {Handling.RESEND}
    assert redrive(workshop) == []
    assert set(work_off(workshop)) <= {Outcome.PROCESSED, Outcome.DUPLICATE}
    assert workshop.maker.runs == ATTEMPTS_MAX + 1
    check_one_result(workshop, entry, fence=ATTEMPTS_MAX + 1)


def test_a_message_that_was_received_too_often_is_moved_and_redriven_with_what_it_bears(workshop: Workshop) -> None:
    entry = workshop.accepted_video()
    for count in range(1, RECEIVE_COUNT_MAX + 1):
        delivery = workshop.receive()
        assert delivery.receive_count == count
        workshop.queue.release(delivery, 0)
    assert workshop.queue.receive(1) == []
    assert workshop.queue.depth().dead == 1
    with dead_letters(workshop) as letters:
        (letter,) = letters.read()
        assert (letter.delivery.request_id, letter.delivery.reason) == (entry.request_id, "")
    assert redrive(workshop) == [Handling.RESEND]
    assert work_off(workshop) == [Outcome.PROCESSED]
    assert workshop.state(entry).attempts == 1
    check_one_result(workshop, entry, fence=1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("not JSON", id="text"),
        pytest.param('{"video_id": "\\u0000\\ufffe", "task_id": "\\ud800", "created_at": ""}', id="escaped"),
        pytest.param("\x01\ufffe", id="forbidden"),
    ],
)
def test_poison_ends_in_the_dead_letter_queue_with_a_reason_that_sqs_would_carry(workshop: Workshop, body: str) -> None:
    with suppress(ClientError):  # like SQS, MiniStack takes no forbidden characters; moto does
        workshop.emulator.sqs.send_message(QueueUrl=workshop.queues.jobs, MessageBody=body)
    assert set(work_off(workshop)) <= {Outcome.UNREADABLE}
    found = workshop.dead_letters()
    assert len(found) == 1 or not TEXT_OF_SQS.fullmatch(body)
    assert all(dead_body == body and reason and TEXT_OF_SQS.fullmatch(reason) for dead_body, reason in found)


def test_poison_whose_message_another_got_is_dead_lettered_and_at_worst_twice(workshop: Workshop) -> None:
    workshop.emulator.sqs.send_message(QueueUrl=workshop.queues.jobs, MessageBody="not JSON")
    stale = workshop.receive()
    newest = take_over(workshop.queue, stale)
    assert workshop.handler().handle(stale) is Outcome.UNREADABLE
    workshop.queue.release(newest, 0)
    assert len(work_off(workshop)) <= 1
    assert set(workshop.dead_letters()) == {("not JSON", "body is not JSON")}
