"""What must hold after every scenario, whatever was injected (I1–I7)."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from showcase.database.tables import Video
from showcase.videos import result_key
from tests.faults.system_under_faults import Stage
from tests.records import original_of


@dataclass(frozen=True)
class Breach:
    """Something that must hold, and does not."""

    invariant: str
    what: str
    video_id: uuid.UUID | None = None

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


def check(stage: Stage, *, dead_letters: bool = False) -> None:
    """Raises AssertionError that names the invariant. Call it when the workers are stopped."""
    for breach in breaches(stage, dead_letters=dead_letters):
        raise AssertionError(str(breach))


def breaches(
    stage: Stage, *, dead_letters: bool, result_of: Callable[[uuid.UUID], bytes] = original_of
) -> Iterator[Breach]:
    """All of them. ``result_of`` is what must be stored as the result of a processed video."""
    yield from unsettled_videos(stage)
    yield from wrong_results(stage, result_of)
    yield from (Breach("I7", f"{key} is nobody's") for key in orphans(stage))
    yield from messages_left(stage, dead_letters)
    yield from files_left(stage)


def unsettled_videos(stage: Stage) -> Iterator[Breach]:
    with stage.database.reading() as connection:
        rows = connection.execute(select(Video.id, Video.status, Video.lease_until, Video.message_due_at)).all()
    for row in rows:
        times = f"lease until {row.lease_until}, message due at {row.message_due_at}"
        if row.status not in ("processed", "failed"):
            yield Breach("I1", f"{row.status}, {times}", row.id)
        elif row.lease_until is not None or row.message_due_at is not None:
            yield Breach("I5", f"{row.status}, {times}", row.id)


def wrong_results(stage: Stage, result_of: Callable[[uuid.UUID], bytes]) -> Iterator[Breach]:
    with stage.database.reading() as connection:
        rows = connection.execute(
            select(Video.id, Video.fence, Video.processed_key).where(Video.status == "processed")
        ).all()
    for row in rows:
        if row.processed_key != result_key(row.id, row.fence):
            yield Breach("I3", f"the result of fence {row.fence} is {row.processed_key}", row.id)
        if _stored(stage, row.processed_key) != result_of(row.id):
            yield Breach("I2", f"{row.processed_key} is not the result of its video", row.id)


def _stored(stage: Stage, key: str) -> bytes | None:
    try:
        return stage.emulator.s3.get_object(Bucket=stage.bucket, Key=key)["Body"].read()
    except stage.emulator.s3.exceptions.NoSuchKey:
        return None


def orphans(stage: Stage) -> set[str]:
    """Results in the storage that are nobody's."""
    with stage.database.reading() as connection:
        wanted = set(connection.execute(select(Video.processed_key)).scalars())
    return {key for key in stage.objects() if key.startswith("processed/")} - wanted


def messages_left(stage: Stage, dead_letters: bool) -> Iterator[Breach]:
    if not stage.queue_is_empty(stage.queues.jobs):
        yield Breach("I4", "messages are left")
    if stage.queue_is_empty(stage.queues.dead_letter) is dead_letters:
        yield Breach("I4", "dead letters are missing" if dead_letters else "there are dead letters")


def files_left(stage: Stage) -> Iterator[Breach]:
    for folder in (stage.directory / "work").glob("worker-*"):
        yield Breach("I7", f"{folder.name} is left")
