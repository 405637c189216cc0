import io
import uuid

from local.system.aws_emulator import AwsEmulator
from showcase.database.engine import Database
from showcase.jobs import jobs
from showcase.orphans import Orphans
from showcase.storage.media_store import MediaStore
from showcase.uploads.direct_uploads import LATE_SECONDS, NewUpload, inbox_key, open_upload, refuse
from showcase.uploads.inbox import Inbox
from showcase.videos import original_key, result_key
from tests.records import claimed, new_player, new_video


def stored(emulator: AwsEmulator, media: MediaStore) -> set[str]:
    listed = emulator.s3.list_objects_v2(Bucket=media.bucket)
    return {item["Key"] for item in listed.get("Contents", [])}


def put(media: MediaStore, *keys: str) -> None:
    for key in keys:
        media.put_stream(key, io.BytesIO(b"x"))


def test_objects_that_no_row_needs_are_removed_and_the_others_stay(
    database: Database, media: MediaStore, emulator: AwsEmulator
) -> None:
    waiting, working, done = (new_video(database) for _ in range(3))
    claimed(database, working)
    claim = claimed(database, done)
    with database.writing() as connection:
        jobs.finish(connection, claim, result_key(done.video_id, 1))
    needed = {
        waiting.original_key,
        working.original_key,
        result_key(working.video_id, 1),  # stored, and not yet committed
        done.original_key,
        result_key(done.video_id, 1),
        "doctor/probe",  # not the key of a video or an upload
        "uploads/something-else.txt",
    }
    orphans = {
        original_key(uuid.uuid4()),  # never accepted, or deleted
        result_key(uuid.uuid4(), 1),
        result_key(done.video_id, 2),  # of a worker that lost its lease
        result_key(waiting.video_id, 7),
    }
    put(media, *needed, *orphans)
    assert Orphans(database, media, age_seconds=0).sweep() == len(orphans)
    assert stored(emulator, media) == needed


def test_young_objects_stay(database: Database, media: MediaStore, emulator: AwsEmulator) -> None:
    put(media, original_key(uuid.uuid4()))
    assert Orphans(database, media, age_seconds=3600).sweep() == 0
    assert len(stored(emulator, media)) == 1


def test_unfinished_uploads_are_aborted(database: Database, media: MediaStore, emulator: AwsEmulator) -> None:
    emulator.s3.create_multipart_upload(Bucket=media.bucket, Key=original_key(uuid.uuid4()))
    assert Orphans(database, media, age_seconds=0).sweep() == 1
    assert "Uploads" not in emulator.s3.list_multipart_uploads(Bucket=media.bucket)


def open_direct(database: Database, upload_id: uuid.UUID, multipart_id: str | None = None, seconds: float = 60) -> None:
    upload = NewUpload(upload_id, new_player(database), "Mi jugada", 1, multipart_id)
    with database.writing() as connection:
        open_upload(connection, upload, seconds=seconds)


def test_objects_of_direct_uploads_stay_only_while_the_upload_can_be_completed(
    database: Database, media: MediaStore, emulator: AwsEmulator
) -> None:
    under_way, late, expired, refused, unknown = (uuid.uuid4() for _ in range(5))
    for upload_id, seconds in ((under_way, 60), (late, -60), (expired, -LATE_SECONDS - 60), (refused, 60)):
        open_direct(database, upload_id, seconds=seconds)
    with database.writing() as connection:
        assert refuse(connection, refused, "too_short")
    kept = {inbox_key(under_way), inbox_key(late), "inbox/of-nobody", "inbox/" + "-" * 36}
    put(media, *kept, *map(inbox_key, (expired, refused, unknown)))
    assert Orphans(database, media, age_seconds=0).sweep() == 3
    assert stored(emulator, media) == kept


def test_parts_of_a_resumable_upload_stay_only_while_it_can_be_completed(
    database: Database, media: MediaStore, inbox: Inbox, emulator: AwsEmulator
) -> None:
    under_way, expired, unknown = (uuid.uuid4() for _ in range(3))
    begun = {upload_id: inbox.begin_parts(inbox_key(upload_id)) for upload_id in (under_way, expired, unknown)}
    open_direct(database, under_way, begun[under_way])
    open_direct(database, expired, begun[expired], seconds=-LATE_SECONDS - 60)
    assert Orphans(database, media, age_seconds=0).sweep() == 2
    (left,) = emulator.s3.list_multipart_uploads(Bucket=media.bucket)["Uploads"]
    assert left["Key"] == inbox_key(under_way)
