"""A clip that was uploaded directly is processed like any other, with or without a checksum of it."""

import io
import uuid
import zlib

import pytest
from sqlalchemy import update

from showcase.database.tables import Video
from showcase.jobs.outbox import Entry
from showcase.uploads.completion import Completion
from showcase.uploads.direct_uploads import NewUpload, inbox_key, open_upload
from showcase.uploads.inbox import Inbox
from tests.clips import Clips
from tests.records import new_player
from tests.worker.workshop import Workshop, result_of
from worker.job_record import Outcome


@pytest.fixture
def entry(workshop: Workshop, inbox: Inbox, clips: Clips) -> Entry:
    content = clips.plain().read_bytes()
    upload = NewUpload(uuid.uuid4(), new_player(workshop.database), "Mi jugada", len(content), None)
    with workshop.database.writing() as connection:
        open_upload(connection, upload, seconds=60)
    workshop.media.put_stream(inbox_key(upload.id), io.BytesIO(content))
    completion = Completion(workshop.database, workshop.media, inbox, workshop.outbox)
    done = completion.complete(upload.id, upload.player_id, "request").upload
    assert done.video_id and done.task_id
    return Entry(done.video_id, done.task_id, f"uploads/{done.video_id}.mp4", done.expires_at, "request")


def set_checksum(workshop: Workshop, entry: Entry, crc32: int | None) -> None:
    with workshop.database.writing() as connection:
        connection.execute(update(Video).where(Video.id == entry.video_id).values(original_crc32=crc32))


@pytest.mark.parametrize("is_known", [True, False])
def test_is_processed_with_and_without_a_checksum(
    workshop: Workshop, entry: Entry, clips: Clips, is_known: bool
) -> None:
    set_checksum(workshop, entry, zlib.crc32(clips.plain().read_bytes()) if is_known else None)
    assert workshop.handler().handle(workshop.receive()) is Outcome.PROCESSED
    assert workshop.objects() == {entry.original_key, result_of(entry)}


def test_another_checksum_than_the_storage_told_is_damage(workshop: Workshop, entry: Entry) -> None:
    set_checksum(workshop, entry, 1)
    assert workshop.handler().handle(workshop.receive()) is not Outcome.PROCESSED
    assert workshop.state(entry).status == "uploaded"
