"""Decides what happens to each task of the old queue, and to each message on the way back.

The row of its video decides.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from celery_bridge.celery_tasks import CeleryTasks, OldTask
from showcase.database.engine import Database
from showcase.database.tables import VideoStatus
from showcase.errors import Unavailable, UnreadableMessage
from showcase.jobs.job_message import parse_message
from showcase.jobs.job_queue import BATCH_MAX, Delivery, JobQueue
from showcase.jobs.jobs import JobState, job_states
from showcase.jobs.outbox import Entry, Outbox

BATCH_SECONDS = 10.0  # a batch holds at most this much work at the asked rate: far less than any visibility timeout
NOT_IN_THE_DATABASE = "its video is not in the database: deleted, or another database"


class Fate(StrEnum):
    """What happens to a task or message."""

    MOVED = "moved"
    SETTLED = "settled"
    PARKED = "parked"
    LEFT = "left"


@dataclass
class Tally:
    """What a run did; with ``--dry-run``, what it would do."""

    fates: Counter[Fate] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)  # by reason
    left: Counter[str] = field(default_factory=Counter)  # by name of the task, in the last pass
    with_expected_name: int = 0
    in_work: int = 0  # tasks or messages that workers of the emptied side still have

    def begin_pass(self) -> None:
        """Reset the counts that each pass counts again: tasks that are left, and tasks in work."""
        self.left.clear()
        self.fates[Fate.LEFT] = self.in_work = 0

    def count(self, fate: Fate, reason: str = "") -> None:
        """Count one task or message. ``reason`` is why it is parked, or the name of a task that is left."""
        self.fates[fate] += 1
        if fate is Fate.PARKED:
            self.parked[reason] += 1
        elif fate is Fate.LEFT:
            self.left[reason] += 1

    @property
    def is_name_in_doubt(self) -> bool:
        """Whether only tasks of other names were found. Then ANB_CELERY_TASK may be wrong."""
        return bool(self.left) and not self.with_expected_name and not self.in_work


@dataclass(frozen=True)
class Bridge:
    """Moves tasks and messages between the two queues.

    ``stopped`` waits for the given seconds, and returns True once the run must end. It is called after each task or
    message, with ``seconds_each`` after a move. ``to_sqs`` and ``to_celery`` return False if it ended them.
    """

    database: Database
    tasks: CeleryTasks
    queue: JobQueue
    outbox: Outbox
    stopped: Callable[[float], bool]
    seconds_each: float = 0.0

    def to_sqs(self, tally: Tally, *, abandoned_seconds: float, dry_run: bool) -> bool:
        """One pass through all waiting tasks, then through those that dead workers left. Raises Unavailable."""
        tally.begin_pass()
        if not dry_run:
            self.tasks.check_removing()  # if tasks could not be removed, each run would send the first one again
        pages = chain(self.tasks.waiting(removing=not dry_run), self.tasks.abandoned(abandoned_seconds))
        for task, state in self._with_rows(pages):
            tally.with_expected_name += task.has_expected_name
            fate, reason = _judge(task, state)
            if dry_run or self._carry_out(fate, task, state):
                tally.count(fate, reason)
            if self.stopped(self.seconds_each if fate is Fate.MOVED and not dry_run else 0):
                return False
        tally.in_work = self.tasks.in_work()
        return True

    def to_celery(self, tally: Tally) -> bool:
        """Move all messages that SQS delivers. Raises Unavailable; messages in hand are then released at once."""
        tally.begin_pass()
        while batch := self._receive():
            if not self._settle_batch(batch, tally):
                return False
        tally.in_work = self.queue.depth().in_flight
        return True

    def _with_rows(self, pages: Iterable[Sequence[OldTask]]) -> Iterator[tuple[OldTask, JobState | None]]:
        """Each task with the row of its video. The rows are read page by page."""
        for page in pages:
            states = self._states([task.video_id for task in page if task.video_id])
            for task in page:
                yield task, states.get(task.video_id) if task.video_id else None

    def _carry_out(self, fate: Fate, task: OldTask, state: JobState | None) -> bool:
        """Move, park or remove the task. False if it was to be parked and a worker took it first."""
        if fate is Fate.PARKED:
            return self.tasks.park(task)
        if state and fate is Fate.MOVED:
            self.outbox.deliver(Entry.of_row(state))
        if fate is not Fate.LEFT:
            self.tasks.remove(task)
        return True

    def _receive(self) -> list[Delivery]:
        """The next batch. Nothing is received while Redis or the database is away.

        SQS dead-letters a message that is received too often, so nothing is received that cannot be moved.
        """
        self.tasks.check_writable()
        self.database.ping()
        batch = BATCH_SECONDS / self.seconds_each if self.seconds_each else BATCH_MAX
        return self.queue.receive(max(1, min(BATCH_MAX, int(batch))))

    def _settle_batch(self, batch: Sequence[Delivery], tally: Tally) -> bool:
        """Settle each message of a batch; False if stopped. In any case, release the messages that are not settled."""
        pending = list(batch)
        try:
            while pending:
                fate = self._settle_delivery(pending[0], tally)
                pending.pop(0)
                if self.stopped(self.seconds_each if fate is Fate.MOVED else 0):
                    return False
        finally:
            with suppress(Unavailable):  # if this fails, their visibility timeout releases them
                self.queue.release_all(pending, 0)
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
    """The fate of a task, and the reason to count: the name of another task, or why it is parked."""
    if task.other_name:
        return Fate.LEFT, task.other_name
    if task.problem or state is None:
        return Fate.PARKED, task.problem or NOT_IN_THE_DATABASE
    return (Fate.MOVED if _waits(state) else Fate.SETTLED), ""


def _waits(state: JobState) -> bool:
    """Whether the video waits for a worker or is in work."""
    return state.status in (VideoStatus.UPLOADED, VideoStatus.PROCESSING)
