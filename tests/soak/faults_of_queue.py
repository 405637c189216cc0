"""Faults of the queue's contents: messages that are lost, repeated or unreadable; and additional sweepers."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta

from sqlalchemy import select, update

from showcase.database.engine import database_time
from showcase.database.tables import Video
from showcase.jobs.job_queue import QueueDepth
from showcase.jobs.outbox import VANISHED_SECONDS, Entry
from showcase.periodic import Periodic
from tests.soak.fault_injector import Fault
from tests.soak.faults_of_aws import REFUSED
from tests.soak.system import SoakSystem
from tests.soak.waiting import retry_while_unavailable, wait_for

WAIT_SECONDS_MAX = 15.0  # for a message to purge, or until unreadable messages are dead letters
# A process that is paused after it has sent a message may note that in the row only after the purge.
NOTED_LATE = timedelta(seconds=20)
COPIES_MAX = 8
SWEEPERS = 2
SWEEP_SECONDS = 0.05


class FaultsOfQueue:
    """``poison``: the unreadable bodies, with the time of sending (seconds since the epoch).

    ``vanished``: the videos whose messages the purges may have removed.
    """

    def __init__(self, system: SoakSystem) -> None:
        self.poison: dict[str, float] = {}
        self.purged_at: datetime | None = None  # database time
        self.purge_ended = 0.0  # seconds since the epoch
        self.vanished: set[uuid.UUID] = set()
        self._system = system

    def all(self) -> Iterable[Fault]:
        return (
            Fault("queue purged", self.purge, evidence="MessagesResent"),
            Fault("old messages sent again", self.send_copies, evidence="DuplicatesSuppressed"),
            Fault("poison sent", self.send_poison, evidence="MessagesDeadLettered"),
            Fault("two more sweepers", self.sweep_more, evidence="MessagesResent"),
        )

    def purge(self, _choose: random.Random) -> int:
        """Purge all messages, waiting and in flight; then make their rows due, as if hours had passed.

        Hits are the videos whose message was waiting. Receives are refused first, so that some messages wait.
        """
        known = len(self.vanished)
        self._system.aws_proxy.set_rules({"service": "sqs", "operation": "ReceiveMessage", **REFUSED})
        try:
            wait_for(lambda: self._depth().visible > 0, WAIT_SECONDS_MAX)
            self._system.resources.emulator.sqs.purge_queue(QueueUrl=self._system.resources.queues.jobs)
        finally:
            self._system.aws_proxy.set_rules()
        self.purge_ended = time.time()
        self.purged_at = self._database_time()
        self.make_purged_due()
        return len(self.vanished) - known

    def send_copies(self, choose: random.Random) -> int:
        entries = self._entries()
        chosen = choose.sample(entries, min(len(entries), choose.randint(2, COPIES_MAX)))
        return sum(self._system.resources.outbox.send(entry) for entry in chosen)

    def send_poison(self, choose: random.Random) -> int:
        """Send four unreadable bodies, and a readable one that names no existing video."""
        mark = f"{choose.getrandbits(64):x}"
        unreadable = (f"no JSON {mark}", json.dumps({"mark": mark}), json.dumps({"video_id": 7, "mark": mark}),
                      mark.ljust(5000, "x"))  # fmt: skip
        before = self._depth().dead
        ids = {"video_id": str(uuid.uuid4()), "task_id": str(uuid.uuid4())}
        self._send(json.dumps(ids | {"video_path": "s3://nobody/nothing.mp4", "created_at": "2026-01-01T00:00:00Z"}))
        for body in unreadable:
            self._send(body)
            self.poison[body] = time.time()
        wait_for(lambda: self._depth().dead >= before + len(unreadable), WAIT_SECONDS_MAX)
        return self._depth().dead - before

    def sweep_more(self, choose: random.Random) -> int:
        """Make all waiting messages count as lost, while more sweepers than usual send them again."""
        with ExitStack() as stack:
            for number in range(SWEEPERS):
                sweeping = Periodic(f"sweeper-{number}", SWEEP_SECONDS, self._sweep)
                stack.callback(sweeping.stop)
                sweeping.start()
            due = 0
            for _ in range(choose.randint(2, 5)):
                due += self._make_all_due()
                time.sleep(choose.uniform(0.3, 0.8))
            return due

    def _sweep(self, is_stopping: Callable[[], bool]) -> None:
        self._system.resources.outbox.sweep(is_stopping)

    @retry_while_unavailable
    def make_purged_due(self) -> None:
        """Make the rows due whose message may have been purged, instead of waiting for hours.

        Other rows stay as they are, because this must not hide a message that the product itself lost.
        """
        if self.purged_at is None:
            return
        hours = timedelta(seconds=VANISHED_SECONDS)
        vanished = (
            update(Video)
            .where(Video.status.in_(("uploaded", "processing")))  # or its worker has died, and it was sent again
            .where(Video.message_due_at > database_time(VANISHED_SECONDS / 2))
            .where(Video.message_due_at < self.purged_at + NOTED_LATE + hours)
            .values(message_due_at=database_time())
            .returning(Video.id)
        )
        with self._system.resources.database.writing() as connection:
            self.vanished |= set(connection.execute(vanished).scalars())

    @retry_while_unavailable
    def _database_time(self) -> datetime:
        with self._system.resources.database.reading() as connection:
            return connection.execute(select(database_time())).scalar_one()

    @retry_while_unavailable
    def _make_all_due(self) -> int:
        due = update(Video).where(Video.status.in_(("uploaded", "processing")))
        with self._system.resources.database.writing() as connection:
            return connection.execute(due.values(message_due_at=database_time(-1))).rowcount

    @retry_while_unavailable
    def _entries(self) -> list[Entry]:
        columns = (Video.id, Video.task_id, Video.original_key, Video.uploaded_at, Video.request_id)
        with self._system.resources.database.reading() as connection:
            return [Entry(*row) for row in connection.execute(select(*columns).order_by(Video.uploaded_at))]

    def _depth(self) -> QueueDepth:
        return self._system.resources.queue.depth()

    def _send(self, body: str) -> None:
        self._system.resources.emulator.sqs.send_message(QueueUrl=self._system.resources.queues.jobs, MessageBody=body)
