"""How many log lines a message costs: one for its end, and one more if something failed."""

import logging
import threading
import uuid
from collections.abc import Callable

import pytest

from local.system.aws_emulator import REGION
from showcase.aws import Aws
from showcase.clips.clip_rules import unacceptable
from showcase.storage.media_store import MediaStore
from tests.records import claimed, expire_lease
from tests.worker.job_rig import ATTEMPTS_MAX, JobRig
from worker.errors import EncodeFailed, EncodeStuck, Interrupted
from worker.job_record import Outcome

CRASH = EncodeFailed(-9, "out of memory")


def fail_with(rig: JobRig, error: Exception) -> None:
    def raise_it(_cancelled: threading.Event) -> None:
        raise error

    rig.maker.on_work = raise_it


def duplicate(rig: JobRig) -> None:
    rig.outbox.deliver(rig.accepted_video())
    rig.handler().handle(rig.receive())


def busy(rig: JobRig) -> None:
    claimed(rig.database, rig.accepted_video())


def unreadable(rig: JobRig) -> None:
    rig.emulator.sqs.send_message(QueueUrl=rig.queues.jobs, MessageBody="not JSON")


def failing(error: Exception, *, attempts_before: int = 0) -> Callable[[JobRig], None]:
    def prepare(rig: JobRig) -> None:
        entry = rig.accepted_video()
        fail_with(rig, error)
        for _ in range(attempts_before):
            claimed(rig.database, entry)
            expire_lease(rig.database, entry.video_id)

    return prepare


def original_missing(rig: JobRig) -> None:
    rig.media.delete(rig.accepted_video().original_key)


def lease_lost(rig: JobRig) -> None:
    entry = rig.accepted_video()

    def take_over(_cancelled: threading.Event) -> None:
        expire_lease(rig.database, entry.video_id)
        claimed(rig.database, entry)

    rig.maker.on_work = take_over


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("prepare", "outcome", "lines"),
    [
        (JobRig.accepted_video, Outcome.PROCESSED, 1),
        (duplicate, Outcome.DUPLICATE, 1),
        (busy, Outcome.BUSY, 1),
        (failing(unacceptable("too_short")), Outcome.REFUSED, 1),
        (failing(Interrupted("stop")), Outcome.HANDED_BACK, 1),
        (unreadable, Outcome.UNREADABLE, 1),
        (lease_lost, Outcome.LEASE_LOST, 1),
        (failing(CRASH), Outcome.RETRY, 2),
        (failing(EncodeStuck("no progress")), Outcome.RETRY, 2),
        (failing(CRASH, attempts_before=ATTEMPTS_MAX - 1), Outcome.EXHAUSTED, 2),
        (failing(CRASH, attempts_before=ATTEMPTS_MAX), Outcome.EXHAUSTED, 1),
        (original_missing, Outcome.ORIGINAL_MISSING, 2),
    ],
)
def test_a_message_costs_one_line_and_one_more_if_something_failed(
    rig: JobRig, caplog: pytest.LogCaptureFixture, prepare: Callable[[JobRig], object], outcome: Outcome, lines: int
) -> None:
    prepare(rig)
    delivery = rig.receive()
    with caplog.at_level(logging.INFO):
        caplog.clear()
        assert rig.handler().handle(delivery) is outcome
    assert len(caplog.messages) == lines, caplog.messages


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_storage_a_message_costs_two_lines(rig: JobRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.accepted_video()
    delivery = rig.receive()
    away = MediaStore(Aws(REGION, "http://127.0.0.1:1"), str(uuid.uuid4()))
    with caplog.at_level(logging.INFO):
        caplog.clear()
        assert rig.handler(media=away).handle(delivery) is Outcome.UNAVAILABLE
    assert len(caplog.messages) == 2, caplog.messages
