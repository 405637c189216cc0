"""Optional steps have small budgets: one attempt, a pause after a failure, and an end when the process stops."""

import io
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from local.system.aws_emulator import AwsEmulator
from showcase import deadlines
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.jobs.jobs import finish
from showcase.jobs.outbox import Outbox, Pause
from showcase.orphans import Orphans
from showcase.storage.media_store import MediaStore
from showcase.videos import original_key
from tests.records import claimed, new_video, shift_due
from tests.showcase.test_aws_facades import message
from tests.showcase.test_deadlines import PEERS, SilentPeer

OPTIONAL_SECONDS_MAX = 6.0  # the budget is 2.5, and a busy machine needs more; all attempts would take 20
BACKGROUND_SECONDS_MAX = 12.0  # the budget is 7, and a busy machine needs more
MOMENT = 0.01  # longer than a millisecond, the unit in which SQLite stores when a row is due

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.usefixtures("aws_credentials")


@pytest.fixture
def peers() -> Iterator[Callable[..., SilentPeer]]:
    made: list[SilentPeer] = []

    def make(**options: bytes) -> SilentPeer:
        made.append(SilentPeer(**options))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def queue_of(peer: SilentPeer) -> JobQueue:
    url = f"http://127.0.0.1:{peer.port}"
    return JobQueue(Aws("us-east-1", url), f"{url}/1/jobs", f"{url}/1/dead")


def media_of(peer: SilentPeer) -> MediaStore:
    return MediaStore(Aws("us-east-1", f"http://127.0.0.1:{peer.port}"), "clips")


@sqlite_only
@pytest.mark.parametrize("options", PEERS.values(), ids=PEERS)
def test_a_message_that_is_sent_at_once_gets_one_attempt_and_then_none_until_the_pause_ends(
    database: Database, peers: Callable[..., SilentPeer], options: dict[str, bytes]
) -> None:
    peer = peers(**options)
    outbox = Outbox(database, queue_of(peer), "clips")
    entries = [new_video(database) for _ in range(4)]
    began = time.monotonic()
    assert not any(outbox.send(entry) for entry in entries)
    assert time.monotonic() - began < OPTIONAL_SECONDS_MAX
    assert peer.connections == 1


@pytest.mark.timeout(20)  # a lock that is kept would block the second call
def test_after_the_pause_one_thread_tries_and_a_success_ends_it() -> None:
    pause = Pause(0.1)
    pause.begin()
    assert [pause.allows(), pause.allows()] == [False, False]
    time.sleep(0.11)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: pause.allows(), range(8))).count(True) == 1
    pause.end()
    assert pause.allows()


@sqlite_only
def test_a_sweep_ends_at_its_first_failure_and_the_other_rows_are_due_again_at_once(
    database: Database, peers: Callable[..., SilentPeer], outbox: Outbox
) -> None:
    entries = [new_video(database) for _ in range(5)]
    for entry in entries:
        shift_due(database, entry.video_id, -1)
    peer = peers()
    began = time.monotonic()
    assert Outbox(database, queue_of(peer), "clips").sweep() == 0
    assert time.monotonic() - began < BACKGROUND_SECONDS_MAX
    assert peer.connections == 1
    time.sleep(MOMENT)
    assert outbox.sweep() == len(entries) - 1, "the row that failed is still reserved"


@sqlite_only
def test_a_sweep_of_the_outbox_ends_when_the_process_stops(database: Database, queue: JobQueue, outbox: Outbox) -> None:
    entries = [new_video(database) for _ in range(5)]
    for entry in entries:
        shift_due(database, entry.video_id, -1)
    assert outbox.sweep(lambda: queue.depth().visible >= 2) == 2
    time.sleep(MOMENT)
    assert outbox.sweep() == 3, "the other rows are due again at once"


@sqlite_only
def test_a_row_that_was_claimed_or_settled_during_its_reservation_is_not_due_again(
    database: Database, outbox: Outbox
) -> None:
    in_work, settled, untouched = (new_video(database) for _ in range(3))
    for entry in (in_work, settled, untouched):
        shift_due(database, entry.video_id, -1)
    is_first_look = iter([True])

    def is_stopping() -> bool:
        if next(is_first_look, False):
            return False  # nothing is reserved yet
        if claims := [claimed(database, entry) for entry in to_claim]:
            to_claim.clear()
            with database.writing() as connection:
                assert finish(connection, claims[-1], "key")
        return True

    to_claim = [in_work, settled]
    assert outbox.sweep(is_stopping) == 0
    time.sleep(MOMENT)
    assert outbox.sweep() == 1, "only the untouched row is due"


@sqlite_only
def test_a_sweep_of_the_orphans_ends_when_the_process_stops(
    database: Database, media: MediaStore, emulator: AwsEmulator
) -> None:
    for _ in range(3):
        media.put_stream(original_key(uuid.uuid4()), io.BytesIO(b"x"))
        emulator.s3.create_multipart_upload(Bucket=media.bucket, Key=original_key(uuid.uuid4()))

    def left() -> int:
        objects = emulator.s3.list_objects_v2(Bucket=media.bucket).get("Contents", [])
        uploads = emulator.s3.list_multipart_uploads(Bucket=media.bucket).get("Uploads", [])
        return len(objects) + len(uploads)

    orphans = Orphans(database, media, age_seconds=0)
    assert orphans.sweep(lambda: left() <= 5) == 1, "of the objects"
    assert orphans.sweep(lambda: left() <= 1) == 4, "the other objects, and two of the uploads"
    assert orphans.sweep() == 1


# Each makes a facade in front of a silent peer, and returns the call.
Call = Callable[[], object]
OPTIONAL_CALLS: dict[str, Callable[[SilentPeer], Call]] = {
    "ping the queue": lambda peer: queue_of(peer).ping,
    "release": lambda peer: partial(queue_of(peer).release, delivery(0), 2),
    "release ten": lambda peer: partial(queue_of(peer).release_all, list(map(delivery, range(10))), 2),
}
BACKGROUND_CALLS: dict[str, Callable[[SilentPeer], Call]] = {
    "ping the storage": lambda peer: media_of(peer).ping,
    "delete a leftover": lambda peer: partial(media_of(peer).delete, "a"),
    "list objects": lambda peer: all_of(media_of(peer).pages),
    "list uploads": lambda peer: all_of(media_of(peer).unfinished_uploads),
    "abort an upload": lambda peer: partial(media_of(peer).abort_upload, "a", "1"),
}


def all_of(pages: Callable[[], Iterable[object]]) -> Call:
    return lambda: list(pages())


def delivery(number: int) -> Delivery:
    return Delivery("", str(number), f"handle-{number}", 1, 0, "")


def test_every_optional_call_is_made_once_and_ends_within_its_budget(peers: Callable[..., SilentPeer]) -> None:
    makers = {**OPTIONAL_CALLS, **BACKGROUND_CALLS}
    silent = {name: peers() for name in makers}
    calls = {name: make(silent[name]) for name, make in makers.items()}

    def seconds_of(name: str) -> float:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            calls[name]()
        return time.monotonic() - began

    with ThreadPoolExecutor(len(calls)) as threads:
        seconds = dict(zip(calls, threads.map(seconds_of, calls), strict=True))
    assert {name: peer.connections for name, peer in silent.items()} == dict.fromkeys(calls, 1)
    assert max(seconds[name] for name in OPTIONAL_CALLS) < OPTIONAL_SECONDS_MAX, seconds
    assert max(seconds.values()) < BACKGROUND_SECONDS_MAX, seconds


def test_many_messages_are_released_at_once_also_with_receipts_that_are_no_longer_valid(queue: JobQueue) -> None:
    for _ in range(12):
        queue.send(message())
    received = queue.receive(10) + queue.receive(10)
    assert len(received) == 12
    queue.release_all([*received, delivery(0)], 0)
    assert len(queue.receive(10) + queue.receive(10)) == 12


def test_the_deadline_of_a_listing_does_not_cover_the_work_on_a_page(media: MediaStore) -> None:
    media.put_stream("a", io.BytesIO(b"x"))
    for _ in media.pages():
        assert deadlines._current.limit is None
