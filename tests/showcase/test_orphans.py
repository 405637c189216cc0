import io
import uuid

from local.aws_emulator import AwsEmulator
from showcase import jobs
from showcase.database import Database
from showcase.media_store import MediaStore
from showcase.orphans import Orphans
from showcase.videos import original_key, result_key
from tests.records import claimed, new_video


def stored(emulator: AwsEmulator, media: MediaStore) -> set[str]:
    listed = emulator.s3.list_objects_v2(Bucket=media.bucket)
    return {item["Key"] for item in listed.get("Contents", [])}


def put(media: MediaStore, *keys: str) -> None:
    for key in keys:
        media.put_stream(key, io.BytesIO(b"x"))


def test_what_no_row_needs_is_removed_and_the_rest_is_kept(
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
        result_key(working.video_id, 1),  # stored, and about to be committed
        done.original_key,
        result_key(done.video_id, 1),
        "doctor/probe",  # not ours to judge
        "uploads/somebody-elses.txt",
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


def test_what_is_young_is_left_alone(database: Database, media: MediaStore, emulator: AwsEmulator) -> None:
    put(media, original_key(uuid.uuid4()))
    assert Orphans(database, media, age_seconds=3600).sweep() == 0
    assert len(stored(emulator, media)) == 1


def test_unfinished_uploads_are_given_up(database: Database, media: MediaStore, emulator: AwsEmulator) -> None:
    emulator.s3.create_multipart_upload(Bucket=media.bucket, Key=original_key(uuid.uuid4()))
    assert Orphans(database, media, age_seconds=0).sweep() == 1
    assert "Uploads" not in emulator.s3.list_multipart_uploads(Bucket=media.bucket)
