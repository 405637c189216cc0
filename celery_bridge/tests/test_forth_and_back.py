"""From Celery to SQS and back, half-way through the work, with the bridge killed on both ways."""

import io

import pytest
from sqlalchemy import func, select

from celery_bridge.tests.old_system import OldSystem
from showcase.database.tables import Video
from tests.faults import invariants
from tests.faults.system_under_faults import Stage
from tests.records import new_player, new_video, original_of

VIDEOS = 500
SOME = 60  # enough to say that something is in its middle


def fill(old: OldSystem, count: int) -> None:
    """Accepted uploads as the old system has them: a row, a file, a task of Celery."""
    stage = old.stage
    player = new_player(stage.database)
    for _ in range(count):
        entry = new_video(stage.database, player)
        stage.media.put_stream(entry.original_key, io.BytesIO(original_of(entry.video_id)))
        old.tasks.send(entry.video_id, entry.task_id)


def processed(stage: Stage) -> int:
    with stage.database.reading() as connection:
        return connection.execute(select(func.count()).where(Video.status == "processed")).scalar_one()


@pytest.mark.long
def test_500_videos_go_forth_and_back_and_each_is_processed_once(old: OldSystem, stage: Stage) -> None:
    fill(old, VIDEOS)
    celery = old.start_worker("celery-first")
    stage.wait_until(lambda: len(old.processed()) >= SOME, "a part processed by Celery")
    assert celery.stop() == 0

    old.kill_bridge_when(lambda: stage.queue.depth().visible >= SOME, "to-sqs", "--abandoned", "0")
    assert old.waiting() > SOME, "it was killed in the middle"
    code, document = old.run_bridge("to-sqs", "--abandoned", "0")
    assert (code, document["parked"], document["in_work"], old.waiting()) == (0, 0, 0, 0)

    worker = stage.start_worker(FAKE_ENCODER="0.001", ANB_WORKER_SLOTS="4")
    by_celery = len(old.processed())
    stage.wait_until(lambda: processed(stage) >= by_celery + SOME, "a part processed from SQS")
    assert worker.stop() == 0

    old.kill_bridge_when(lambda: old.waiting() >= SOME, "to-celery")
    assert not stage.queue_is_empty(stage.queues.jobs), "it was killed in the middle"
    stage.wait_until(lambda: stage.queue.depth().in_flight == 0, "back what the killed bridge had received")
    code, document = old.run_bridge("to-celery")
    assert (code, document["parked"], document["in_work"]) == (0, 0, 0)

    celery = old.start_worker("celery-last")
    stage.wait_until(lambda: processed(stage) == VIDEOS and old.waiting() == 0, "everything processed")
    assert celery.stop() == 0

    assert old.tasks.in_work() == 0
    twice_by_celery = len(old.processed()) - len(set(old.processed()))
    from_sqs = stage.counted("VideosProcessed")
    assert (twice_by_celery, len(old.processed()) + from_sqs) == (0, VIDEOS)
    assert len(old.processed()) > by_celery and from_sqs >= SOME, "each side did its part, before and after"
    invariants.check(stage)


def test_both_systems_run_side_by_side_while_old_producers_still_send(old: OldSystem, stage: Stage) -> None:
    bridge = old.start_bridge("to-sqs", "--follow")
    worker = stage.start_worker(FAKE_ENCODER="0.001")
    celery = old.start_worker("celery-beside")
    fill(old, SOME)
    stage.wait_until(stage.all_settled, "everything processed")
    stage.wait_until(lambda: old.waiting() + old.tasks.in_work() == 0, "nothing left in Celery's queue")
    assert bridge.stop() == 0
    assert celery.stop() == 0
    stage.wait_until(lambda: stage.queue_is_empty(stage.queues.jobs), "nothing left in SQS")
    assert worker.stop() == 0
    assert len(old.processed()) + stage.counted("VideosProcessed") == SOME
    invariants.check(stage)
