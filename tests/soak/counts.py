"""Counts in both directions: objects and rows, records and rows, messages and rows."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from showcase.clips.movie import VideoTrack, read_movie
from showcase.clips.mp4_boxes import BadBoxes
from showcase.videos import original_key, result_key
from tests.faults import invariants
from tests.faults.invariants import Breach
from tests.soak.clips import Kind, content_of, kind_of
from tests.soak.evidence import Evidence, FinalRow, Published
from tests.soak.fault_injector import Excuse
from worker.job_record import Outcome
from worker.media.pipeline import BUMPER_FRAMES, HEIGHT, WIDTH

KILLED_SECONDS = 5.0  # a process that is killed within this time after a commit may not have written its record
ASKED_SECONDS = 15.0  # after this time, a worker without an answer to its commit no longer reads the row
RESULT = ("avc1", WIDTH, HEIGHT, 600 + 2 * BUMPER_FRAMES)  # codec, size and frames that the encoder makes of 20 s


def objects_without_rows(evidence: Evidence) -> Iterator[Breach]:
    """A row needs each stored object: deleted videos, failures and lost claims have left none."""
    needed = evidence.awaited_keys | {original_key(row.id) for row in evidence.rows.values()}
    needed |= {row.processed_key for row in evidence.rows.values() if row.processed_key}
    for key in evidence.object_sizes.keys() - needed:
        yield Breach("I7", f"no row needs {key}")
    uploads = evidence.system.resources.emulator.s3.list_multipart_uploads(Bucket=evidence.system.resources.bucket)
    for upload in uploads.get("Uploads", []):
        if upload["Key"] not in evidence.awaited_keys:
            yield Breach("I7", f"the upload of {upload['Key']} is unfinished")


def rows_without_objects(evidence: Evidence) -> Iterator[Breach]:
    """Every row has its whole original. A published row has the result of its last claim, and no other row has one."""
    for row in evidence.rows.values():
        if (size := evidence.object_sizes.get(original_key(row.id))) != row.original_bytes:
            yield Breach("I2", f"{row.title}: of {row.original_bytes} bytes of its original, {size} are stored", row.id)
        if row.status == "processed":
            yield from _wrong_result(evidence, row)
        elif row.processed_key:
            yield Breach("I2", f"{row.title}: {row.status}, with the result {row.processed_key}", row.id)


def _wrong_result(evidence: Evidence, row: FinalRow) -> Iterator[Breach]:
    fence = evidence.histories[row.id][-1].fence
    if row.processed_key != result_key(row.id, fence):
        yield Breach("I3", f"the result of fence {fence} is {row.processed_key}", row.id)
    elif row.processed_key not in evidence.object_sizes:
        yield Breach("I2", f"{row.title}: its result is not stored", row.id)
    else:
        stored = evidence.system.directory / "result.mp4"
        evidence.system.resources.media.download(row.processed_key, stored)
        if kind_of(row.title) is Kind.REAL:
            track = _video_in(stored)
            shape = track and (track.codec, track.width, track.height, track.frames)
            if shape != RESULT:
                yield Breach("I2", f"{row.title}: the encoder's result is {shape}", row.id)
        elif stored.read_bytes() != content_of(row.title, evidence.base):
            yield Breach("I2", f"{row.processed_key} is not the result of its video", row.id)


def _video_in(path: Path) -> VideoTrack | None:
    try:
        return read_movie(path).video
    except BadBoxes:
        return None


def records_and_rows(evidence: Evidence) -> Iterator[Breach]:
    """VideosProcessed counts each published result once.

    A record may only be missing if its process was killed at that moment, or if the database was away, so that the
    worker could not ask how its commit had ended.
    """
    recorded = Counter((each.video_id, each.fence) for each in evidence.job_records if each.processed)
    published = {(each.video_id, each.fence) for each in evidence.published}
    for (video_id, fence), times in recorded.items():
        job = "jobs that claimed nothing" if fence is None else f"jobs of fence {fence}"
        if times > ((video_id, fence) in published):
            yield Breach("records", f"VideosProcessed counts {times} {job}, more than were published", video_id)
    for claim in unrecorded(evidence):
        if not may_be_unrecorded(evidence, claim):
            yield Breach("records", f"VideosProcessed does not count fence {claim.fence}", claim.video_id)


def unrecorded(evidence: Evidence) -> list[Published]:
    """The published results that VideosProcessed does not count."""
    recorded = {(each.video_id, each.fence) for each in evidence.job_records if each.processed}
    return [each for each in evidence.published if (each.video_id, each.fence) not in recorded]


def may_be_unrecorded(evidence: Evidence, claim: Published) -> bool:
    """Whether the worker was killed before it could write its record, or could not ask how its commit had ended."""
    for lifetime in evidence.lifetimes:
        if lifetime.pid == claim.pid and lifetime.was_killed and 0 <= lifetime.ended - claim.at <= KILLED_SECONDS:
            return True
    job = (claim.video_id, claim.fence)
    outcomes = {each.outcome for each in evidence.job_records if (each.video_id, each.fence) == job}
    if not outcomes & {Outcome.UNAVAILABLE, Outcome.LEASE_LOST}:
        return False
    began, ended = evidence.recovery.hang
    is_hanging = began <= claim.at + ASKED_SECONDS and claim.at <= ended
    return is_hanging or evidence.is_excused(Excuse.UNRECORDED, claim.at, claim.at + ASKED_SECONDS)


def messages_and_rows(evidence: Evidence) -> Iterator[Breach]:
    """The queue is empty, and the dead letters are the unreadable bodies. A purge may have removed earlier ones."""
    poison, letters = evidence.queue_faults.poison, set(evidence.dead_letters)
    yield from invariants.messages_left(evidence.system.resources, dead_letters=bool(letters))
    for body in letters - poison.keys():
        yield Breach("I4", f"a dead letter that no fault sent: {body[:200]}")
    for body, sent_at in poison.items():
        if sent_at > evidence.queue_faults.purge_ended and body not in letters:
            yield Breach("I4", f"an unreadable body is not in the dead-letter queue: {body[:80]}")
