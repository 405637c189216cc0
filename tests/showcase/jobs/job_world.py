"""The job domain on a real database in virtual time, with all its callers except the worker.

The API, the sweepers, the owner and the operator call the real functions. Before each call, the model predicts its
effect. ``check`` compares the rows with the model and checks the promises.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from itertools import count
from uuid import UUID

from sqlalchemy import delete

from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from showcase.errors import Refused, Unavailable
from showcase.jobs.job_queue import Delivery
from showcase.jobs.jobs import GAVE_UP, oldest_wait_seconds, reopen
from showcase.jobs.outbox import RESERVED_SECONDS, Entry, Outbox
from showcase.videos import NewVideo, add_video, delete_own, original_key
from tests.showcase.jobs.job_model import JobModel, Row, read_rows
from tests.showcase.jobs.job_promises import Promises
from tests.showcase.jobs.queue_model import CONFIRMED, Fate, ProcessDied, QueueModel, Sending
from tests.showcase.jobs.virtual_time import START, VirtualClock
from worker.redrive.dead_letters import DeadLetters, Handling

WORKER = "worker"
LEASE_SECONDS = 60
VISIBILITY_SECONDS = 60
ATTEMPTS_MAX = 2
RECEIVE_COUNT_MAX = 3


class Visit(StrEnum):
    """A path that some history of a test run must take. Otherwise the run has not tested it (I8)."""

    DUPLICATE_SUPPRESSED = "a message of a settled video was dropped"
    GONE = "a message of a deleted video was dropped"
    OTHER_GENERATION = "a message of another generation was dropped"
    BUSY = "a message found a live lease"
    RECLAIMED = "a lease expired and another worker claimed the video"
    EXHAUSTED = "a video was failed after its last worker had died"
    STALE_FINISH = "a worker that slept through its lease was refused its commit"
    LATE_FINISH = "a worker committed after its lease, and no other worker had claimed the video"
    STALE_RENEWAL = "a heartbeat was refused because another worker has the lease"
    UNKNOWN_COMMIT = "a commit without an answer was handed back, and nothing changed"
    UNKNOWN_CLAIM = "a claim without an answer was left to its lease"
    UNCOUNTED = "an interrupted attempt was not counted"
    SWEPT_UNSENT = "the sweeper sent a message that had never been confirmed"
    SWEPT_VANISHED = "the sweeper sent a vanished message again"
    SWEPT_DEAD_WORKER = "the sweeper sent the message of a dead worker again"
    SWEEPER_DIED = "a sweeper died with rows reserved"
    ENDING_SEEN = "a worker without an answer to its commit found it in the row"
    GIVEN_BACK = "a sweep ended at a failure and gave the other rows back"
    LATE_CONFIRMATION = "a send was confirmed after a worker had claimed the video"
    CONFIRMED_SETTLED = "a send was confirmed after the video was settled"
    DELETED_IN_FLIGHT = "a video was deleted while a worker processed it"
    DELETION_REFUSED = "a processed video was not deleted"
    DEAD_LETTERED_BY_QUEUE = "the queue itself moved a message to the dead letters"
    REOPENED = "the operator gave a video its attempts again"
    RESENT = "the operator sent the message of a video that had not failed"


class JobWorld:
    """Begins empty, at START. ``visited`` counts over several worlds."""

    def __init__(self, database: Database, clock: VirtualClock, player_id: UUID, visited: Counter[Visit]) -> None:
        clock.now = START
        self.database, self.clock, self.visited = database, clock, visited
        self._player_id, self._numbers = player_id, count(1)
        with database.writing() as connection:
            connection.execute(delete(Video))
        self.model = JobModel(clock, worker=WORKER, lease_seconds=LEASE_SECONDS, attempts_max=ATTEMPTS_MAX)
        self.promises = Promises(clock, lease_seconds=LEASE_SECONDS, attempts_max=ATTEMPTS_MAX)
        self.dead_letters = QueueModel(clock, visibility_seconds=VISIBILITY_SECONDS)
        self.queue = QueueModel(
            clock,
            visibility_seconds=VISIBILITY_SECONDS,
            receive_count_max=RECEIVE_COUNT_MAX,
            dead_letters=self.dead_letters,
            on_confirmed=self._confirmed,
        )
        self.outbox = Outbox(database, self.queue, "bucket", pause_seconds=0)
        self.entries: list[Entry] = []
        self._vanishes_at: dict[UUID, datetime | None] = {}  # as of the last confirmed send
        self._reserved: dict[UUID, datetime] = {}  # by the sweeps that are running
        self.results: set[str] = set()  # keys of objects in the storage

    def existing(self) -> list[Entry]:
        """The videos that were accepted and not deleted."""
        return self._entries_of(set(self.model.rows))

    def unsettled(self) -> list[Entry]:
        """The existing videos that are neither processed nor failed."""
        return self._entries_of({video_id for video_id, row in self.model.rows.items() if not row.is_settled})

    def failed(self) -> list[Entry]:
        """The existing videos that have failed, for any reason."""
        return self._entries_of({video_id for video_id, row in self.model.rows.items() if row.failure_code})

    def _entries_of(self, video_ids: set[UUID]) -> list[Entry]:
        return [entry for entry in self.entries if entry.video_id in video_ids]

    def visit(self, visit: Visit, happened: bool = True) -> None:
        self.visited[visit] += happened

    # The API

    def accept(self, sending: Sending = CONFIRMED) -> Entry:
        """Commit a row, then send, as ``service.resources.form_upload`` does."""
        entry = self.insert()
        self.send(entry, sending)
        return entry

    def insert(self) -> Entry:
        """Accept a video, as an API that dies before it sends."""
        video = self.next_upload()
        with self.database.writing() as connection:
            uploaded_at = add_video(connection, video)
        entry = Entry.of_new(video, uploaded_at)
        self.entries.append(entry)
        self.model.accept(entry)
        self.check()
        return entry

    def next_upload(self) -> NewVideo:
        """The next video. The ids are the same in every world, so that a history can be repeated."""
        number = next(self._numbers)
        return NewVideo(
            id=UUID(int=number),
            task_id=UUID(int=1000 + number),
            player_id=self._player_id,
            title="Mi jugada",
            original_key=original_key(UUID(int=number)),
            original_bytes=1,
            original_crc32=1,
            request_id="request",
        )

    def send(self, entry: Entry, sending: Sending = CONFIRMED) -> None:
        """Send as the API does, or as a sweeper that reserved the row some time ago."""
        self.queue.sendings[entry.video_id] = sending
        with suppress(ProcessDied):
            assert self.outbox.send(entry) == (sending.fate is Fate.CONFIRMED)

    def _confirmed(self, video_id: UUID) -> None:
        row = self.model.rows.get(video_id)
        self.visit(Visit.LATE_CONFIRMATION, self.model.has_live_lease(video_id))
        self.visit(Visit.CONFIRMED_SETTLED, row is not None and row.is_settled)
        self.model.note_sent(video_id, self._reserved.get(video_id))
        if row := self.model.rows.get(video_id):
            self._vanishes_at[video_id] = row.message_due_at

    # The queue

    def receive(self, pick: int, *, twice: bool = False) -> Delivery | None:
        """Long poll: if all messages are hidden, wait until the next one is visible."""
        next_at = self.queue.next_visible_at()
        if next_at and not self.queue.is_waiting():
            self.clock.now = next_at
        return self.queue.receive_any(pick, twice=twice)

    # The sweepers

    def sweep(self, sendings: Mapping[UUID, Sending] | None = None) -> None:
        """Send every due row once, up to the first failure. If one fate is DIES_BEFORE, all must be."""
        due = self.model.due()
        for video_id in due:
            self._visit_reason(video_id, self.model.rows[video_id])
        self.model.reserve(due)
        reserved_until = self.clock.after(RESERVED_SECONDS)
        self._reserved |= dict.fromkeys(due, reserved_until)
        planned = {video_id: (sendings or {}).get(video_id, CONFIRMED) for video_id in due}
        self.queue.sendings |= planned
        before = len(self.queue.attempts)
        try:
            sent = self.outbox.sweep()
        except ProcessDied:
            self.visit(Visit.SWEEPER_DIED)
        else:
            tried = self.queue.attempts[before:]
            fates = [planned[video_id].fate for video_id in tried]
            assert sent == fates.count(Fate.CONFIRMED), "a sweep ends at its first failure"
            assert fates[:sent] == [Fate.CONFIRMED] * sent and len(tried) <= sent + 1
            assert len(set(tried)) == len(tried), "each due row must be sent at most once"
            assert set(tried) == due or len(tried) > sent, "without a failure, each due row must be sent"
            self.model.give_back(due.difference(tried), reserved_until)
            self.visit(Visit.GIVEN_BACK, set(tried) != due)
        for video_id in planned:  # this sweep may run inside another one
            self.queue.sendings.pop(video_id, None)
            self._reserved.pop(video_id, None)

    def _visit_reason(self, video_id: UUID, row: Row) -> None:
        self.visit(Visit.SWEPT_UNSENT, row.enqueued_at is None)
        self.visit(Visit.SWEPT_DEAD_WORKER, row.status == VideoStatus.PROCESSING)
        is_waiting = row.status == VideoStatus.UPLOADED
        self.visit(Visit.SWEPT_VANISHED, is_waiting and row.message_due_at == self._vanishes_at.get(video_id))

    # The owner

    def delete(self, entry: Entry) -> None:
        row, in_flight = self.model.rows.get(entry.video_id), self.model.has_live_lease(entry.video_id)
        is_deleted = self.model.delete(entry.video_id)
        try:
            with self.database.writing() as connection:
                assert delete_own(connection, entry.video_id, self._player_id) == [entry.original_key]
        except Refused:
            assert not is_deleted
            self.visit(Visit.DELETION_REFUSED, row is not None)
        else:
            assert is_deleted
            self.visit(Visit.DELETED_IN_FLIGHT, in_flight)

    # The operator

    def redrive(self, sendings: Mapping[UUID, Sending]) -> None:
        """Run ``python -m worker.redrive run``, which can stop at any step."""
        self.queue.sendings |= sendings
        before = {entry.task_id: self._action(entry.video_id, entry.task_id) for entry in self.entries}
        letters = DeadLetters(self.database, self.dead_letters, self.outbox, discards_unreadable=False)
        with suppress(Unavailable, ProcessDied), letters:
            for letter in letters.read():
                assert letter.message
                video_id, task_id = letter.message.video_id, letter.message.task_id
                # Rows are read for ten letters at once, and to settle one letter can change the row of the next.
                assert letter.action in (before.get(task_id), self._action(video_id, task_id))
                self.visit(Visit.RESENT, letter.action is Handling.RESEND)
                if letter.action is not Handling.DISCARD:
                    self._predict_reopening(video_id)
                letters.settle(letter)
        self.queue.sendings.clear()

    def _action(self, video_id: UUID, task_id: UUID) -> Handling:
        row = self.model.rows.get(video_id)
        if row is None or row.task_id != task_id or row.processed_key or row.failure_code not in (None, GAVE_UP):
            return Handling.DISCARD
        return Handling.REOPEN if row.failure_code else Handling.RESEND

    def reopen(self, entry: Entry) -> None:
        """Reopen the video if it has failed after all its attempts, even if the operator has seen an older state."""
        expected = self._predict_reopening(entry.video_id)
        with self.database.writing() as connection:
            assert expected == reopen(connection, entry.video_id, entry.task_id, code=GAVE_UP)

    def _predict_reopening(self, video_id: UUID) -> bool:
        if is_reopened := self.model.reopen(video_id, GAVE_UP):
            self.visit(Visit.REOPENED)
            self.promises.reopened(video_id)
        return is_reopened

    # The clock and the checks

    def next_moment(self) -> datetime:
        """The time when the next wait for a sweeper, a lease or a visibility ends; in a second if there is none."""
        rows = self.model.rows.values()
        ends = [self.queue.next_visible_at(), *(row.message_due_at for row in rows), *(row.lease_until for row in rows)]
        return min((end for end in ends if end and end > self.clock.now), default=self.clock.after(1))

    def check(self) -> None:
        """Raises AssertionError if anything is not as it must be."""
        rows = read_rows(self.database)
        self.promises.look(rows)
        assert rows == self.model.rows
        assert {row.processed_key for row in rows.values() if row.processed_key} <= self.results, "I2: a result is gone"
        given_up = {video_id for video_id, row in rows.items() if row.failure_code == GAVE_UP}
        assert given_up <= self.dead_letters.videos(), "a video that can be reopened has no dead letter"

    def check_backlog(self) -> None:
        """Check the age of the backlog, which scales the fleet."""
        with self.database.reading() as connection:
            assert oldest_wait_seconds(connection) == self.model.oldest_wait_seconds()
