"""The invariants I1–I7 of docs/RELIABILITY.md: what must hold after every scenario."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from showcase.database.tables import Video
from showcase.videos import result_key
from tests.faults.system_under_faults import SystemUnderFaults
from tests.records import original_of


@dataclass(frozen=True)
class Breach:
    """A violation of an invariant."""

    invariant: str
    what: str
    video_id: uuid.UUID | None = None

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


def check(system: SystemUnderFaults, *, dead_letters: bool = False) -> None:
    """Raises AssertionError for the first violation. Call it when the workers are stopped."""
    for breach in breaches(system, dead_letters=dead_letters):
        raise AssertionError(str(breach))


def breaches(
    system: SystemUnderFaults, *, dead_letters: bool, result_of: Callable[[uuid.UUID], bytes] = original_of
) -> Iterator[Breach]:
    """All violations. ``result_of(video_id)`` is the content that the result of a processed video must have."""
    yield from unsettled_videos(system)
    yield from wrong_results(system, result_of)
    yield from (Breach("I7", f"no row needs {key}") for key in orphans(system))
    yield from messages_left(system, dead_letters)
    yield from files_left(system)


def unsettled_videos(system: SystemUnderFaults) -> Iterator[Breach]:
    with system.database.reading() as connection:
        rows = connection.execute(select(Video.id, Video.status, Video.lease_until, Video.message_due_at)).all()
    for row in rows:
        times = f"lease until {row.lease_until}, message due at {row.message_due_at}"
        if row.status not in ("processed", "failed"):
            yield Breach("I1", f"{row.status}, {times}", row.id)
        elif row.lease_until is not None or row.message_due_at is not None:
            yield Breach("I5", f"{row.status}, {times}", row.id)


def wrong_results(system: SystemUnderFaults, result_of: Callable[[uuid.UUID], bytes]) -> Iterator[Breach]:
    with system.database.reading() as connection:
        rows = connection.execute(
            select(Video.id, Video.fence, Video.processed_key).where(Video.status == "processed")
        ).all()
    for row in rows:
        if row.processed_key != result_key(row.id, row.fence):
            yield Breach("I3", f"the result of fence {row.fence} is {row.processed_key}", row.id)
        if _stored(system, row.processed_key) != result_of(row.id):
            yield Breach("I2", f"{row.processed_key} is not the result of its video", row.id)


def _stored(system: SystemUnderFaults, key: str) -> bytes | None:
    try:
        return system.emulator.s3.get_object(Bucket=system.bucket, Key=key)["Body"].read()
    except system.emulator.s3.exceptions.NoSuchKey:
        return None


def orphans(system: SystemUnderFaults) -> set[str]:
    """The keys of stored results that no row needs."""
    with system.database.reading() as connection:
        wanted = set(connection.execute(select(Video.processed_key)).scalars())
    return {key for key in system.objects() if key.startswith("processed/")} - wanted


def messages_left(system: SystemUnderFaults, dead_letters: bool) -> Iterator[Breach]:
    if not system.queue_is_empty(system.queues.jobs):
        yield Breach("I4", "messages are left")
    if system.queue_is_empty(system.queues.dead_letter) is dead_letters:
        yield Breach("I4", "dead letters are missing" if dead_letters else "there are dead letters")


def files_left(system: SystemUnderFaults) -> Iterator[Breach]:
    for folder in (system.directory / "work").glob("worker-*"):
        yield Breach("I7", f"{folder.name} is left")
