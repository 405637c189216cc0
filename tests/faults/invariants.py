"""What must hold after every scenario, whatever was injected (I1–I7)."""

from sqlalchemy import select

from showcase.tables import Video
from tests.faults.stage import Stage
from tests.records import original_of


def check(stage: Stage, *, dead_letters: bool = False) -> None:
    """Raises AssertionError that names the invariant. Call it when the workers are stopped."""
    _every_accepted_video_is_settled(stage)
    _every_result_is_its_own_videos(stage)
    _the_queue_is_drained(stage, dead_letters)
    _nothing_is_left_in_work_directories(stage)


def _every_accepted_video_is_settled(stage: Stage) -> None:
    with stage.database.reading() as connection:
        rows = connection.execute(select(Video.id, Video.status, Video.lease_until, Video.message_due_at)).all()
    for row in rows:
        assert row.status in ("processed", "failed"), f"I1: {row}"
        assert row.lease_until is None and row.message_due_at is None, f"I5: {row}"


def _every_result_is_its_own_videos(stage: Stage) -> None:
    with stage.database.reading() as connection:
        rows = connection.execute(
            select(Video.id, Video.fence, Video.processed_key, Video.original_key).where(Video.status == "processed")
        ).all()
    for row in rows:
        body = stage.emulator.s3.get_object(Bucket=stage.bucket, Key=row.processed_key)["Body"].read()
        assert body == original_of(row.id), f"I2: {row.processed_key} is not the result of its video"
        assert row.processed_key.startswith(f"processed/{row.id}/"), f"I3: {row}"
    assert not orphans(stage), f"I7: {orphans(stage)}"


def orphans(stage: Stage) -> set[str]:
    """Results in the storage that are nobody's."""
    with stage.database.reading() as connection:
        wanted = set(connection.execute(select(Video.processed_key)).scalars())
    return {key for key in stage.objects() if key.startswith("processed/")} - wanted


def _the_queue_is_drained(stage: Stage, dead_letters: bool) -> None:
    assert stage.queue_is_empty(stage.queues.jobs), "I4: messages are left"
    assert stage.queue_is_empty(stage.queues.dead_letter) is not dead_letters, "I4: dead letters"


def _nothing_is_left_in_work_directories(stage: Stage) -> None:
    assert not list((stage.directory / "work").glob("worker-*")), "I7: files are left"
