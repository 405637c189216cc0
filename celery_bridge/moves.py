"""What becomes of each task of the old queue, and of each message on the way back: the row of its video decides."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from celery_bridge.celery_tasks import CeleryTasks, OldTask
from showcase.database.engine import Database
from showcase.database.tables import VideoStatus
from showcase.errors import Unavailable, UnreadableMessage
from showcase.jobs.job_message import parse_message
from showcase.jobs.job_queue import BATCH_MAX, Delivery, JobQueue
from showcase.jobs.jobs import JobState, job_states
from showcase.jobs.outbox import Entry, Outbox

BATCH_SECONDS = 10.0  # of work that is received at once: well below any visibility timeout
NOT_IN_THE_DATABASE = "its video is not in the database: deleted, or another database"


class Fate(StrEnum):
    """What becomes of a task or message."""

    MOVED = "moved"
    SETTLED = "settled"
    PARKED = "parked"
    LEFT = "left"


@dataclass
class Tally:
    """What a run did, or would do."""

    fates: Counter[Fate] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)  # by reason
    left: Counter[str] = field(default_factory=Counter)  # by name of the task, in the last pass
    of_our_name: int = 0
    in_work: int = 0  # on the side that was emptied, with workers: not the bridge's to move

    def begin_pass(self) -> None:
        """What is left, and who is in work, is seen anew in each pass."""
        self.left.clear()
        self.fates[Fate.LEFT] = self.in_work = 0

    def count(self, fate: Fate, told: str = "") -> None:
        self.fates[fate] += 1
        if fate in (Fate.PARKED, Fate.LEFT):
            (self.parked if fate is Fate.PARKED else self.left)[told] += 1

    @property
    def is_name_in_doubt(self) -> bool:
        """Only other tasks were found: perhaps ours has another name."""
        return bool(self.left) and not self.of_our_name and not self.in_work


@dataclass(frozen=True)
class Bridge:
    """Both queues and the rows between them.

    ``stopped`` waits for so many seconds, and is True once the run must end; it is asked after each task or message,
    and waits ``seconds_each`` after one that was moved. Both ways return False if it ended them.
    """

    database: Database
    tasks: CeleryTasks
    queue: JobQueue
    outbox: Outbox
    stopped: Callable[[float], bool]
    seconds_each: float = 0.0

    def to_sqs(self, tally: Tally, *, abandoned_seconds: float, dry_run: bool) -> bool:
        """Once through everything that waits, then what dead workers left. Raises Unavailable."""
        tally.begin_pass()
        if not dry_run:
            self.tasks.check_removing()  # else the first task would be sent again by every run
        for pages in (self.tasks.waiting(removing=not dry_run), self.tasks.abandoned(abandoned_seconds)):
            for page in pages:
                states = self._states([task.video_id for task in page if task.video_id])
                for task in page:
                    state = states.get(task.video_id) if task.video_id else None
                    fate = self._settle_task(task, state, tally, dry_run)
                    if self.stopped(self.seconds_each if fate is Fate.MOVED and not dry_run else 0):
                        return False
        tally.in_work = self.tasks.in_work()
        return True

    def to_celery(self, tally: Tally) -> bool:
        """Everything that SQS gives. Raises Unavailable; what was received then comes back at once."""
        tally.begin_pass()
        while batch := self._receive():
            if not self._settle_batch(batch, tally):
                return False
        tally.in_work = self.queue.depth().in_flight
        return True

    def _settle_task(self, task: OldTask, state: JobState | None, tally: Tally, dry_run: bool) -> Fate:
        tally.of_our_name += task.is_ours
        fate, told = _judge(task, state)
        if dry_run or self._is_done(task, fate, state):
            tally.count(fate, told)
        return fate

    def _is_done(self, task: OldTask, fate: Fate, state: JobState | None) -> bool:
        """Do what its fate asks for. False if a worker took the task instead."""
        if fate is Fate.PARKED:
            return self.tasks.park(task)
        if state and fate is Fate.MOVED:
            self.outbox.deliver(_entry(state))
        if fate is not Fate.LEFT:
            self.tasks.remove(task)
        return True

    def _receive(self) -> list[Delivery]:
        # The queue gives up a message that is received too often: none is, while it could not be taken care of.
        self.tasks.check_writable()
        self.database.ping()
        batch = BATCH_SECONDS / self.seconds_each if self.seconds_each else BATCH_MAX
        return self.queue.receive(max(1, min(BATCH_MAX, int(batch))))

    def _settle_batch(self, batch: Sequence[Delivery], tally: Tally) -> bool:
        pending = list(batch)
        try:
            while pending:
                fate = self._settle_delivery(pending[0], tally)
                pending.pop(0)
                if self.stopped(self.seconds_each if fate is Fate.MOVED else 0):
                    return False
        finally:
            for delivery in pending:
                with suppress(Unavailable):  # then its visibility timeout releases it
                    self.queue.release(delivery, 0)
        return True

    def _settle_delivery(self, delivery: Delivery, tally: Tally) -> Fate:
        try:
            message = parse_message(delivery.body)
        except UnreadableMessage as error:
            return self._dead_letter(delivery, str(error), tally)
        state = self._states([message.video_id]).get(message.video_id)
        if state is None:
            return self._dead_letter(delivery, NOT_IN_THE_DATABASE, tally)
        fate = Fate.MOVED if _waits(state) and state.task_id == message.task_id else Fate.SETTLED
        if fate is Fate.MOVED:
            self.tasks.send(message.video_id, message.task_id)
        self.queue.delete(delivery)
        tally.count(fate)
        return fate

    def _dead_letter(self, delivery: Delivery, reason: str, tally: Tally) -> Fate:
        self.queue.dead_letter(delivery, reason)
        tally.count(Fate.PARKED, reason)
        return Fate.PARKED

    def _states(self, video_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, JobState]:
        with self.database.reading() as connection:
            return job_states(connection, video_ids)


def _judge(task: OldTask, state: JobState | None) -> tuple[Fate, str]:
    """(fate, whose it is or why it is parked) of a task and the row of its video."""
    if task.other:
        return Fate.LEFT, task.other
    if task.problem or state is None:
        return Fate.PARKED, task.problem or NOT_IN_THE_DATABASE
    return (Fate.MOVED if _waits(state) else Fate.SETTLED), ""


def _waits(state: JobState) -> bool:
    return state.status in (VideoStatus.UPLOADED, VideoStatus.PROCESSING)


def _entry(state: JobState) -> Entry:
    return Entry(state.video_id, state.task_id, state.original_key, state.uploaded_at, state.request_id)
