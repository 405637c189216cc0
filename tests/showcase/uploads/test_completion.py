"""Concurrent attempts to complete an upload, and attempts that fail in between."""

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
from tests.watched_database import WatchedDatabase, away

AWAY = "http://127.0.0.1:1"


class InterruptedStore(MediaStore):
    """Calls ``meanwhile`` once, after its first copy."""

    def meanwhile(self) -> None:
        """Do nothing, unless a test replaces this method."""

    def copy(self, source: str, target: str) -> int | None:
        crc32 = super().copy(source, target)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None  # type: ignore[method-assign]
        meanwhile()
        return crc32


class ArrivedUpload:
    """An upload whose bytes have arrived, and the objects that complete it."""

    def __init__(self, database: Database, aws: Aws, bucket: str, outbox: Outbox, clip: Path) -> None:
        self.database = database
        self.media = InterruptedStore(aws, bucket)
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
def upload(database: Database, aws: Aws, bucket: str, outbox: Outbox, clips: Clips) -> ArrivedUpload:
    return ArrivedUpload(database, aws, bucket, outbox, clips.plain())


def test_an_attempt_that_was_overtaken_returns_the_video_of_the_other(
    upload: ArrivedUpload, emulator: AwsEmulator
) -> None:
    won: list[uuid.UUID | None] = []

    def overtake() -> None:
        won.append(upload.complete())

    upload.media.meanwhile = overtake  # type: ignore[method-assign]
    assert [upload.complete()] == won
    assert upload.rows() == [(won[0], zlib.crc32(upload.content))]
    assert stored(emulator, upload.media) == {f"uploads/{won[0]}.mp4"}, "the copy that does not count must be removed"


def test_bytes_that_were_swapped_between_attempts_are_refused(upload: ArrivedUpload, emulator: AwsEmulator) -> None:
    def overtake() -> None:
        upload.send(b"x" * len(upload.content))
        with pytest.raises(Refused, match="not_mp4"):
            upload.complete()

    upload.media.meanwhile = overtake  # type: ignore[method-assign]
    with pytest.raises(Refused, match="not_mp4"):
        upload.complete()
    assert upload.rows() == [] and stored(emulator, upload.media) == set()


def test_when_the_storage_is_away_the_upload_stays_open(upload: ArrivedUpload, outbox: Outbox) -> None:
    away = MediaStore(Aws(REGION, AWAY), upload.media.bucket)
    broken = Completion(upload.database, away, Inbox(Aws(REGION, AWAY), upload.media.bucket), outbox)
    with pytest.raises(Unavailable):
        upload.complete(broken)
    assert upload.rows() == []
    assert upload.complete() is not None


def test_an_upload_that_was_accepted_without_an_answer_keeps_its_original(
    upload: ArrivedUpload, database_url: str, aws: Aws, outbox: Outbox, emulator: AwsEmulator
) -> None:
    database = WatchedDatabase(database_url)
    database.after_commit = away
    with pytest.raises(Unavailable):
        upload.complete(Completion(database, upload.media, Inbox(aws, upload.media.bucket), outbox))
    database.close()
    video_id = upload.complete()
    assert upload.rows() == [(video_id, zlib.crc32(upload.content))]
    assert f"uploads/{video_id}.mp4" in stored(emulator, upload.media)


def test_the_copy_of_an_attempt_that_died_is_swept_as_an_orphan(upload: ArrivedUpload, emulator: AwsEmulator) -> None:
    def die() -> None:
        raise ZeroDivisionError

    upload.media.meanwhile = die  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        upload.complete()
    assert len(stored(emulator, upload.media)) == 2
    orphans = Orphans(upload.database, upload.media, age_seconds=0)
    assert orphans.sweep() == 1
    video_id = upload.complete()
    assert orphans.sweep() == 0
    assert stored(emulator, upload.media) == {f"uploads/{video_id}.mp4"}
