"""From Celery to SQS and back in the middle of the work. The bridge is killed once on each way."""

import io
import json

import pytest
from sqlalchemy import func, select

from celery_bridge.tests.old_system import OldSystem
from showcase.database.tables import Video
from tests.faults import invariants
from tests.faults.system_under_faults import SystemUnderFaults
from tests.records import TRACEPARENT, new_player, new_video, original_of

VIDEOS = 500
SOME = 60  # a part of VIDEOS


def fill(old: OldSystem, count: int) -> None:
    """Make accepted uploads of the old system: a row, a file and a Celery task for each."""
    system = old.system
    player = new_player(system.database)
    for _ in range(count):
        entry = new_video(system.database, player)
        system.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
        old.tasks.send(entry.video_id, entry.task_id)


def processed(system: SystemUnderFaults) -> int:
    with system.database.reading() as connection:
        return connection.execute(select(func.count()).where(Video.status == "processed")).scalar_one()


def traces_of_jobs(system: SystemUnderFaults) -> set[str]:
    """The traces of the jobs of the SQS workers."""
    records = map(json.loads, system.emf_log.read_text().splitlines())
    return {record["trace_id"] for record in records if record["Record"] == "Job"}


@pytest.mark.campaign("Celery, two bridges and a worker move 500 videos, and each is killed once")
def test_500_videos_go_forth_and_back_and_each_is_processed_once(old: OldSystem, system: SystemUnderFaults) -> None:
    fill(old, VIDEOS)
    celery = old.start_worker("celery-first")
    system.wait_until(lambda: len(old.processed()) >= SOME, "a part processed by Celery")
    assert celery.stop() == 0

    old.kill_bridge_when(lambda: system.queue.depth().visible >= SOME, "to-sqs", "--abandoned", "0")
    assert old.waiting() > SOME, "it was killed in the middle"
    code, document = old.run_bridge("to-sqs", "--abandoned", "0")
    assert (code, document["parked"], document["in_work"], old.waiting()) == (0, 0, 0, 0)

    worker = system.start_worker(FAKE_ENCODER="0.001", ANB_WORKER_SLOTS="4")
    by_celery = len(old.processed())
    system.wait_until(lambda: processed(system) >= by_celery + SOME, "a part processed from SQS")
    assert worker.stop() == 0

    old.kill_bridge_when(lambda: old.waiting() >= SOME, "to-celery")
    assert not system.queue_is_empty(system.queues.jobs), "it was killed in the middle"
    system.wait_until(
        lambda: system.queue.depth().in_flight == 0, "the messages of the killed bridge are visible again"
    )
    code, document = old.run_bridge("to-celery")
    assert (code, document["parked"], document["in_work"]) == (0, 0, 0)

    celery = old.start_worker("celery-last")
    system.wait_until(lambda: processed(system) == VIDEOS and old.waiting() == 0, "everything processed")
    assert celery.stop() == 0

    assert old.tasks.in_work() == 0
    twice_by_celery = len(old.processed()) - len(set(old.processed()))
    from_sqs = system.counted("VideosProcessed")
    assert (twice_by_celery, len(old.processed()) + from_sqs) == (0, VIDEOS)
    assert len(old.processed()) > by_celery and from_sqs >= SOME, "each side processed a part, before and after"
    assert traces_of_jobs(system) == {TRACEPARENT.split("-")[1]}
    invariants.check(system)


def test_both_systems_run_side_by_side_while_old_producers_still_send(
    old: OldSystem, system: SystemUnderFaults
) -> None:
    bridge = old.start_bridge("to-sqs", "--follow")
    worker = system.start_worker(FAKE_ENCODER="0.001")
    celery = old.start_worker("celery-beside")
    fill(old, SOME)
    system.wait_until(system.all_settled, "everything processed")
    system.wait_until(lambda: old.waiting() + old.tasks.in_work() == 0, "nothing left in Celery's queue")
    assert bridge.stop() == 0
    assert celery.stop() == 0
    system.wait_until(lambda: system.queue_is_empty(system.queues.jobs), "nothing left in SQS")
    assert worker.stop() == 0
    assert len(old.processed()) + system.counted("VideosProcessed") == SOME
    assert traces_of_jobs(system) == {TRACEPARENT.split("-")[1]}, "the trace of the upload, from the row"
    invariants.check(system)
