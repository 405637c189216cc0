"""A clip that was uploaded directly is processed like any other clip, with or without a checksum."""

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
from tests.worker.job_rig import JobRig, result_of
from worker.job_record import Outcome


@pytest.fixture
def entry(rig: JobRig, inbox: Inbox, clips: Clips) -> Entry:
    content = clips.plain().read_bytes()
    upload = NewUpload(uuid.uuid4(), new_player(rig.database), "Mi jugada", len(content), None)
    with rig.database.writing() as connection:
        open_upload(connection, upload, seconds=60)
    rig.media.put_stream(inbox_key(upload.id), io.BytesIO(content))
    completion = Completion(rig.database, rig.media, inbox, rig.outbox)
    done = completion.complete(upload.id, upload.player_id, "request").upload
    assert done.video_id and done.task_id
    return Entry(done.video_id, done.task_id, f"uploads/{done.video_id}.mp4", done.expires_at, "request")


def set_checksum(rig: JobRig, entry: Entry, crc32: int | None) -> None:
    with rig.database.writing() as connection:
        connection.execute(update(Video).where(Video.id == entry.video_id).values(original_crc32=crc32))


@pytest.mark.parametrize("is_known", [True, False])
def test_a_direct_upload_is_processed_with_and_without_a_checksum(
    rig: JobRig, entry: Entry, clips: Clips, is_known: bool
) -> None:
    set_checksum(rig, entry, zlib.crc32(clips.plain().read_bytes()) if is_known else None)
    assert rig.handler().handle(rig.receive()) is Outcome.PROCESSED
    assert rig.objects() == {entry.original_key, result_of(entry)}


def test_a_clip_with_a_wrong_checksum_is_not_processed(rig: JobRig, entry: Entry) -> None:
    set_checksum(rig, entry, 1)
    assert rig.handler().handle(rig.receive()) is not Outcome.PROCESSED
    assert rig.state(entry).status == "uploaded"
