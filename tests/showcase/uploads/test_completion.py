"""Attempts to complete the same upload that meet in the middle, and the storage failing under one."""

import io
import uuid
import zlib
from pathlib import Path

import pytest
from sqlalchemy import select

from local.system.aws_emulator import REGION, AwsEmulator
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import Video
from showcase.errors import Refused, Unavailable
from showcase.jobs.outbox import Outbox
from showcase.orphans import Orphans
from showcase.storage.media_store import MediaStore
from showcase.uploads.completion import Completion
from showcase.uploads.direct_uploads import NewUpload, inbox_key, open_upload
from showcase.uploads.inbox import Inbox
from tests.clips import Clips
from tests.records import new_player
from tests.showcase.test_orphans import stored

AWAY = "http://127.0.0.1:1"


class Meeting(MediaStore):
    """After its first copy, something else happens."""

    def meanwhile(self) -> None:
        """Replaced by the test."""

    def copy(self, source: str, target: str, *, content_type: str = "video/mp4") -> int | None:
        crc32 = super().copy(source, target, content_type=content_type)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None  # type: ignore[method-assign]
        meanwhile()
        return crc32


class Scene:
    """An upload whose bytes have arrived."""

    def __init__(self, database: Database, aws: Aws, bucket: str, outbox: Outbox, clip: Path) -> None:
        self.database = database
        self.media = Meeting(aws, bucket)
        self.completion = Completion(database, self.media, Inbox(aws, bucket), outbox)
        self.player_id = new_player(database)
        self.content = clip.read_bytes()
        upload = NewUpload(uuid.uuid4(), self.player_id, "Mi jugada", len(self.content), None)
        with database.writing() as connection:
            open_upload(connection, upload, seconds=60)
        self.upload_id = upload.id
        self.send(self.content)

    def send(self, content: bytes) -> None:
        self.media.put_stream(inbox_key(self.upload_id), io.BytesIO(content))

    def complete(self, completion: Completion | None = None) -> uuid.UUID | None:
        return (completion or self.completion).complete(self.upload_id, self.player_id, "request").upload.video_id

    def rows(self) -> list[tuple[uuid.UUID, int | None]]:
        with self.database.reading() as connection:
            return [(row.id, row.original_crc32) for row in connection.execute(select(Video.id, Video.original_crc32))]


@pytest.fixture
def scene(database: Database, aws: Aws, bucket: str, outbox: Outbox, clips: Clips) -> Scene:
    return Scene(database, aws, bucket, outbox, clips.plain())


def test_an_attempt_that_was_overtaken_answers_with_the_video_of_the_other(scene: Scene, emulator: AwsEmulator) -> None:
    won: list[uuid.UUID | None] = []

    def overtake() -> None:
        won.append(scene.complete())

    scene.media.meanwhile = overtake  # type: ignore[method-assign]
    assert [scene.complete()] == won
    assert scene.rows() == [(won[0], zlib.crc32(scene.content))]
    assert stored(emulator, scene.media) == {f"uploads/{won[0]}.mp4"}, "the copy that does not count is left"


def test_bytes_swapped_between_attempts_do_not_get_into_the_video_that_counts(
    scene: Scene, emulator: AwsEmulator
) -> None:
    def overtake() -> None:
        scene.send(b"x" * len(scene.content))
        with pytest.raises(Refused, match="not_mp4"):
            scene.complete()

    scene.media.meanwhile = overtake  # type: ignore[method-assign]
    with pytest.raises(Refused, match="not_mp4"):
        scene.complete()
    assert scene.rows() == [] and stored(emulator, scene.media) == set()


def test_when_the_storage_is_away_the_upload_stays_open(scene: Scene, outbox: Outbox) -> None:
    away = MediaStore(Aws(REGION, AWAY), scene.media.bucket)
    broken = Completion(scene.database, away, Inbox(Aws(REGION, AWAY), scene.media.bucket), outbox)
    with pytest.raises(Unavailable):
        scene.complete(broken)
    assert scene.rows() == []
    assert scene.complete() is not None


def test_an_attempt_that_died_after_its_copy_leaves_an_orphan_that_is_swept(
    scene: Scene, emulator: AwsEmulator
) -> None:
    def die() -> None:
        raise ZeroDivisionError

    scene.media.meanwhile = die  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        scene.complete()
    assert len(stored(emulator, scene.media)) == 2
    orphans = Orphans(scene.database, scene.media, age_seconds=0)
    assert orphans.sweep() == 1
    video_id = scene.complete()
    assert orphans.sweep() == 0
    assert stored(emulator, scene.media) == {f"uploads/{video_id}.mp4"}
