"""Each accepted upload is judged once, at its promised moment. Time is virtual, and the SQL of both databases real."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, func, select, text, update

from showcase.database.engine import Database, database_time
from showcase.database.tables import PublicationReview, Video
from showcase.errors import Refused
from showcase.jobs import jobs
from showcase.jobs.outbox import Entry
from showcase.jobs.promises import LATE_VIDEOS_MAX, Judgement, UploadPromises
from showcase.videos import NewVideo, add_video, delete_own, original_key
from tests.records import claimed, new_player, new_video
from tests.showcase.jobs.virtual_time import START, VirtualClock, set_clock
from tests.watched_database import WatchedDatabase, away, in_turn, nothing

PROMISED_SECONDS = 300.0
MOMENT = 0.001
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def database(database_url: str) -> Iterator[WatchedDatabase]:
    database = WatchedDatabase(database_url, pool_size=12)
    yield database
    database.close()


@pytest.fixture
def clock(database: Database) -> VirtualClock:
    """Stands at START, until which everything is judged."""
    clock = VirtualClock()
    set_clock(database, clock)
    with database.writing() as connection:
        connection.execute(update(PublicationReview).values(judged_until=START))
    return clock


@pytest.fixture
def player_id(database: Database, clock: VirtualClock) -> UUID:
    return new_player(database)


@dataclass
class Players:
    """Uploads, and all that can happen to them. Each upload is a millisecond after the last event."""

    database: Database
    clock: VirtualClock
    player_id: UUID

    def upload(self) -> Entry:
        self.clock.advance(MOMENT)
        return new_video(self.database, self.player_id)

    def publish(self, entry: Entry) -> None:
        claim = claimed(self.database, entry)
        with self.database.writing() as connection:
            assert jobs.finish(connection, claim, "processed/1.mp4")

    def fail(self, entry: Entry, code: str) -> None:
        claim = claimed(self.database, entry)
        with self.database.writing() as connection:
            assert jobs.fail(connection, claim, code=code, reason="El video está dañado.")

    def reopen(self, entry: Entry, code: str) -> None:
        with self.database.writing() as connection:
            assert jobs.reopen(connection, entry.video_id, entry.task_id, code=code)

    def delete(self, entry: Entry) -> None:
        with self.database.writing() as connection:
            delete_own(connection, entry.video_id, self.player_id)


@pytest.fixture
def players(database: Database, clock: VirtualClock, player_id: UUID) -> Players:
    return Players(database, clock, player_id)


@pytest.fixture
def promises(database: Database) -> UploadPromises:
    return UploadPromises(database, PROMISED_SECONDS)


def judged(due: int, *late: Entry) -> Judgement:
    return Judgement(due, len(late), tuple(entry.video_id for entry in late))


def test_an_upload_is_judged_once_and_not_before_its_promised_moment(
    clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    entry = players.upload()
    assert promises.judge() is None, "until START everything is judged"
    clock.advance(PROMISED_SECONDS - MOMENT)
    assert promises.judge() is None, "the promised moment is a millisecond away"
    clock.advance(MOMENT)
    assert promises.judge() == judged(1, entry)
    clock.advance(3600)
    assert promises.judge() == judged(0), "a turn without due uploads is recorded with zeros"


def test_an_upload_at_the_end_of_a_turn_is_in_no_other_turn(
    database: Database, clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    first, second = players.upload(), players.upload()
    assert second.uploaded_at - first.uploaded_at == timedelta(seconds=MOMENT)
    for entry in (first, second):
        clock.now = entry.uploaded_at + timedelta(seconds=PROMISED_SECONDS)
        assert promises.judge() == judged(1, entry)
    with database.reading() as connection:
        assert connection.execute(select(PublicationReview.judged_until)).scalar_one() == second.uploaded_at


def test_a_video_is_in_time_up_to_its_promised_moment_and_late_after_it(
    clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    entries = []
    for seconds_after in (-MOMENT, 0, MOMENT):
        entries.append(players.upload())
        clock.advance(PROMISED_SECONDS + seconds_after)
        players.publish(entries[-1])
    clock.advance(3600)
    assert promises.judge() == judged(3, entries[-1])


def test_a_failure_by_fault_of_the_clip_is_not_counted_and_every_other_failure_is_late(
    clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    failed = {code: players.upload() for code in jobs.FAILURE_CODES}
    for code, entry in failed.items():
        players.fail(entry, code)
    clock.advance(PROMISED_SECONDS)
    assert promises.judge() == judged(2, failed[jobs.GAVE_UP], failed[jobs.ORIGINAL_MISSING])


def test_unfinished_jobs_are_late_and_deleted_uploads_are_not_counted(
    database: Database, clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    waiting, claimed_by_worker, deleted, published = (players.upload() for _ in range(4))
    claimed(database, claimed_by_worker)
    players.delete(deleted)
    players.publish(published)
    clock.advance(PROMISED_SECONDS)
    assert promises.judge() == judged(3, waiting, claimed_by_worker)
    players.delete(waiting)
    clock.advance(3600)
    assert promises.judge() == judged(0)


def test_a_redriven_video_is_not_judged_again(clock: VirtualClock, players: Players, promises: UploadPromises) -> None:
    entry = players.upload()
    players.fail(entry, jobs.GAVE_UP)
    clock.advance(PROMISED_SECONDS)
    assert promises.judge() == judged(1, entry)
    players.reopen(entry, jobs.GAVE_UP)
    clock.advance(60)
    players.publish(entry)
    clock.advance(3600)
    assert promises.judge() == judged(0)


def test_after_an_hour_without_judgement_each_upload_is_judged_as_at_its_promised_moment(
    clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    entries = []
    for number in range(12):
        entries.append(players.upload())
        clock.advance(299 if number % 2 else 301)
        players.publish(entries[-1])
    late = entries[::2]
    clock.now = entries[-1].uploaded_at + timedelta(seconds=PROMISED_SECONDS)
    assert promises.judge() == judged(12, *late)


def test_a_judgement_names_the_oldest_late_videos(
    clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    entries = [players.upload() for _ in range(LATE_VIDEOS_MAX + 1)]
    clock.advance(PROMISED_SECONDS)
    named = tuple(entry.video_id for entry in entries[:LATE_VIDEOS_MAX])
    assert promises.judge() == Judgement(LATE_VIDEOS_MAX + 1, LATE_VIDEOS_MAX + 1, named)


def test_uploads_before_the_migration_are_not_judged(database_url: str) -> None:
    database = Database(database_url)
    with database.reading() as connection:
        row = connection.execute(select(PublicationReview.judged_until, database_time().label("now"))).one()
    assert timedelta(0) <= row.now - row.judged_until < timedelta(hours=1), (
        "the tests migrate a database at their start"
    )
    database.close()


def test_another_promise_judges_no_upload_twice_and_forgets_none(
    database: Database, clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    first = players.upload()
    clock.advance(PROMISED_SECONDS)
    assert promises.judge() == judged(1, first)
    second = players.upload()
    longer = UploadPromises(database, PROMISED_SECONDS * 2)
    assert longer.judge() is None, "the first upload is judged, although the longer promise is not over"
    clock.advance(PROMISED_SECONDS * 2)
    assert longer.judge() == judged(1, second)


def test_a_judgement_that_is_rolled_back_is_made_again_and_one_without_an_answer_is_not(
    database: WatchedDatabase, clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    entry = players.upload()
    clock.advance(PROMISED_SECONDS)
    database.before_commit = in_turn(away)
    assert promises.judge() is None
    assert promises.judge() == judged(1, entry)
    players.upload()
    clock.advance(PROMISED_SECONDS)
    database.before_commit, database.after_commit = nothing, in_turn(away)
    assert promises.judge() is None
    clock.advance(1)
    assert promises.judge() == judged(0)


@POSTGRESQL
def test_an_upload_that_is_committed_at_the_last_moment_is_judged(
    database: Database, clock: VirtualClock, player_id: UUID, promises: UploadPromises
) -> None:
    clock.advance(1)
    video_id = UUID(int=1)
    video = NewVideo(video_id, UUID(int=2), player_id, "Mi jugada", original_key(video_id), 1, 1, "request")
    with database.writing() as slow:
        add_video(slow, video)
        clock.advance(PROMISED_SECONDS - MOMENT)
        assert promises.judge() == judged(0)
    clock.advance(MOMENT)
    assert promises.judge() == Judgement(1, 1, (video_id,))


@POSTGRESQL
def test_of_two_processes_at_the_same_moment_one_judges(
    database: Database, clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    """The other process judges after this one has read how far the uploads are judged."""
    entry = players.upload()
    clock.advance(PROMISED_SECONDS)
    others: list[Judgement | None] = []
    others_turn = iter([promises.judge])

    def judge_meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE publication_review"):
            others.extend(judge() for judge in others_turn)

    event.listen(database.engine, "before_cursor_execute", judge_meanwhile)
    assert promises.judge() is None
    assert others == [judged(1, entry)]


def test_processes_that_judge_all_the_time_judge_each_upload_once(database_url: str) -> None:
    """With the real clock. The uploads become due one after the other, in the next half second."""
    processes = [Database(database_url, pool_size=1) for _ in range(4)]
    player_id = new_player(processes[0])
    uploads = [new_video(processes[0], player_id) for _ in range(50)]
    with processes[0].writing() as connection:
        for number, upload in enumerate(uploads):
            uploaded_at = database_time(number / 100 - PROMISED_SECONDS)
            connection.execute(update(Video).where(Video.id == upload.video_id).values(uploaded_at=uploaded_at))
        before, last = connection.execute(select(func.min(Video.uploaded_at), func.max(Video.uploaded_at))).one()
        connection.execute(update(PublicationReview).values(judged_until=before - timedelta(seconds=1)))

    def judge_until_last(database: Database) -> Iterator[Judgement]:
        promises, judged_until = UploadPromises(database, PROMISED_SECONDS), before
        while judged_until < last:
            if turn := promises.judge():
                yield turn
            with database.reading() as connection:
                judged_until = connection.execute(select(PublicationReview.judged_until)).scalar_one()

    with ThreadPoolExecutor(len(processes)) as pool:
        turns = [turn for turns in pool.map(lambda each: list(judge_until_last(each)), processes) for turn in turns]
    assert sum(turn.due for turn in turns) == len(uploads)
    for database in processes:
        database.close()


@POSTGRESQL
def test_the_count_reads_the_uploads_of_its_turn_by_an_index(
    database: Database, clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    entry = players.upload()
    with database.writing() as connection:
        connection.execute(text(MANY_UPLOADS), {"like": entry.video_id})
        connection.execute(text("ANALYZE videos"))
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if "FROM videos" in statement and not statement.startswith("EXPLAIN"):
            plans.append("\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()))

    event.listen(database.engine, "before_cursor_execute", explain)
    clock.advance(PROMISED_SECONDS + 15)
    assert promises.judge()
    assert len(plans) == 2
    assert all("ix_videos_uploaded_at" in plan for plan in plans), plans


MANY_UPLOADS = """
    INSERT INTO videos (id, player_id, task_id, title, status, original_key, original_bytes, uploaded_at, request_id,
                        attempts, fence, progress_percent, votes)
    SELECT gen_random_uuid(), player_id, gen_random_uuid(), title, status, original_key, original_bytes,
           uploaded_at - number * interval '1 minute', request_id, attempts, fence, progress_percent, votes
    FROM videos, generate_series(1, 5000) number WHERE id = :like"""


def test_any_history_is_judged_like_a_naive_recount(
    clock: VirtualClock, players: Players, promises: UploadPromises
) -> None:
    for seed in range(8):
        History(clock, players, promises, random.Random(seed)).play(steps=60)


@dataclass
class Upload:
    """What the recount knows of an upload."""

    entry: Entry
    published_at: datetime | None = None
    failure: str | None = None
    is_judged: bool = False


class History:
    """Random uploads and endings. Each judgement is compared with a count over all uploads that were not deleted."""

    def __init__(self, clock: VirtualClock, players: Players, promises: UploadPromises, chance: random.Random) -> None:
        self._clock, self._players, self._promises, self._chance = clock, players, promises, chance
        self._uploads: list[Upload] = []

    def play(self, steps: int) -> None:
        happenings: tuple[Callable[[], None], ...] = (
            *[self._upload] * 2,
            *[self._publish] * 2,
            self._fail,
            self._reopen,
            self._delete,
            self._wait,
            self._judge,
        )
        for _ in range(steps):
            self._chance.choice(happenings)()
        self._clock.advance(PROMISED_SECONDS)
        self._judge()
        assert all(upload.is_judged or upload.failure in jobs.CLIP_FAULTS for upload in self._uploads)

    def _wait(self) -> None:
        """Until an upload's promised moment, or a moment before or after it, or for some time."""
        ends = [upload.entry.uploaded_at + timedelta(seconds=PROMISED_SECONDS) for upload in self._uploads]
        end = self._chance.choice([end for end in ends if end > self._clock.now] or [self._clock.after(100)])
        self._clock.now = max(end + timedelta(seconds=self._chance.choice((-MOMENT, 0, MOMENT))), self._clock.now)

    def _upload(self) -> None:
        self._uploads.append(Upload(self._players.upload()))

    def _publish(self) -> None:
        if upload := self._pick(lambda upload: not (upload.published_at or upload.failure)):
            self._players.publish(upload.entry)
            upload.published_at = self._clock.now

    def _fail(self) -> None:
        if upload := self._pick(lambda upload: not (upload.published_at or upload.failure)):
            upload.failure = self._chance.choice(("damaged", "too_long", jobs.GAVE_UP, jobs.ORIGINAL_MISSING))
            self._players.fail(upload.entry, upload.failure)

    def _reopen(self) -> None:
        if upload := self._pick(lambda upload: upload.failure is not None):
            assert upload.failure
            self._players.reopen(upload.entry, upload.failure)
            upload.failure = None

    def _delete(self) -> None:
        if upload := self._pick(lambda upload: True):
            with suppress(Refused):
                self._players.delete(upload.entry)
                self._uploads.remove(upload)

    def _pick(self, is_fit: Callable[[Upload], bool]) -> Upload | None:
        fit = [upload for upload in self._uploads if is_fit(upload)]
        return self._chance.choice(fit) if fit else None

    def _judge(self) -> None:
        due, late = 0, []
        for upload in self._uploads:
            promised_at = upload.entry.uploaded_at + timedelta(seconds=PROMISED_SECONDS)
            if promised_at > self._clock.now or upload.is_judged:
                continue
            upload.is_judged = True
            if upload.failure not in jobs.CLIP_FAULTS:
                due += 1
                late += [upload.entry] if not upload.published_at or upload.published_at > promised_at else []
        turn = self._promises.judge()
        assert turn == judged(due, *late) or (turn is None and due == 0)
