"""Faults of the queue's contents: gone, twice, or not ours; and sweepers too many."""

import json
import random
import threading
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
from tests.soak.patience import patiently
from tests.soak.system import SoakSystem

WAIT_SECONDS = 15.0  # for something to purge, or for the end of what was sent
LOOK_SECONDS = 0.1
# A message may be sent before the purge, and noted as sent after it, by a process that slept in between.
NOTED_LATE = timedelta(seconds=20)
COPIES_MAX = 8
SWEEPERS = 2
SWEEP_SECONDS = 0.05


class FaultsOfQueue:
    """``poison`` are the bodies that nobody can read, with the time (seconds since the epoch) of their sending."""

    def __init__(self, system: SoakSystem) -> None:
        self.poison: dict[str, float] = {}
        self.purged_at: datetime | None = None  # database time
        self.purge_ended = 0.0  # seconds since the epoch
        self.vanished: set[uuid.UUID] = set()
        self._system = system
        self._pause = threading.Event()

    def all(self) -> Iterable[Fault]:
        return (
            Fault("queue purged", self.purge, evidence="MessagesResent"),
            Fault("old messages sent again", self.send_copies, evidence="DuplicatesSuppressed"),
            Fault("poison sent", self.send_poison, evidence="MessagesDeadLettered"),
            Fault("two sweepers more", self.sweep_more, evidence="MessagesResent"),
        )

    def purge(self, _choose: random.Random) -> int:
        """Every message is lost, waiting or in flight; then the hours pass after which that is noticed.

        Hits count the videos that only waited for their message. Receives are refused until there are some.
        """
        known = len(self.vanished)
        self._system.aws_proxy.rules({"service": "sqs", "operation": "ReceiveMessage", **REFUSED})
        try:
            self._wait(lambda: self._depth().visible > 0)
            self._system.stage.emulator.sqs.purge_queue(QueueUrl=self._system.stage.queues.jobs)
        finally:
            self._system.aws_proxy.rules()
        self.purge_ended = time.time()
        self._note_purge()
        self.let_the_hours_pass()
        return len(self.vanished) - known

    def send_copies(self, choose: random.Random) -> int:
        entries = self._entries()
        chosen = choose.sample(entries, min(len(entries), choose.randint(2, COPIES_MAX)))
        return sum(self._system.stage.outbox.send(entry) for entry in chosen)

    def send_poison(self, choose: random.Random) -> int:
        """Bodies that cannot be read, and one that reads well and is about no video at all."""
        mark = f"{choose.getrandbits(64):x}"
        unreadable = (f"no JSON {mark}", json.dumps({"mark": mark}), json.dumps({"video_id": 7, "mark": mark}),
                      mark.ljust(5000, "x"))  # fmt: skip
        before = self._depth().dead
        self._send(self._of_nobody())
        for body in unreadable:
            self._send(body)
            self.poison[body] = time.time()
        self._wait(lambda: self._depth().dead >= before + len(unreadable))
        return self._depth().dead - before

    def sweep_more(self, choose: random.Random) -> int:
        """All waiting messages count as lost, while many sweep at the same time."""
        with ExitStack() as stack:
            for number in range(SWEEPERS):
                sweeping = Periodic(f"sweeper-{number}", SWEEP_SECONDS, self._sweep)
                stack.callback(sweeping.stop)
                sweeping.start()
            due = 0
            for _ in range(choose.randint(2, 5)):
                due += self._make_all_due()
                self._pause.wait(choose.uniform(0.3, 0.8))
            return due

    def _sweep(self) -> None:
        self._system.stage.outbox.sweep()

    @patiently
    def let_the_hours_pass(self) -> None:
        """Instead of waiting for hours: rows whose message may have been purged are due.

        Others are left alone: a message that we lost ourselves must not be found again by this.
        """
        if self.purged_at is None:
            return
        hours = timedelta(seconds=VANISHED_SECONDS)
        vanished = (
            update(Video)
            .where(Video.status == "uploaded", Video.message_due_at > database_time(VANISHED_SECONDS / 2))
            .where(Video.message_due_at < self.purged_at + NOTED_LATE + hours)
            .values(message_due_at=database_time())
            .returning(Video.id)
        )
        with self._system.stage.database.writing() as connection:
            self.vanished |= set(connection.execute(vanished).scalars())

    @patiently
    def _note_purge(self) -> None:
        with self._system.stage.database.reading() as connection:
            self.purged_at = connection.execute(select(database_time())).scalar_one()

    @patiently
    def _make_all_due(self) -> int:
        due = update(Video).where(Video.status.in_(("uploaded", "processing")))
        with self._system.stage.database.writing() as connection:
            return connection.execute(due.values(message_due_at=database_time(-1))).rowcount

    @patiently
    def _entries(self) -> list[Entry]:
        columns = (Video.id, Video.task_id, Video.original_key, Video.uploaded_at, Video.request_id)
        with self._system.stage.database.reading() as connection:
            return [Entry(*row) for row in connection.execute(select(*columns).order_by(Video.uploaded_at))]

    def _wait(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_so() and time.monotonic() < deadline:
            self._pause.wait(LOOK_SECONDS)

    def _depth(self) -> QueueDepth:
        return self._system.stage.queue.depth()

    def _send(self, body: str) -> None:
        self._system.stage.emulator.sqs.send_message(QueueUrl=self._system.stage.queues.jobs, MessageBody=body)

    def _of_nobody(self) -> str:
        ids = {"video_id": str(uuid.uuid4()), "task_id": str(uuid.uuid4())}
        return json.dumps(ids | {"video_path": "s3://nobody/nothing.mp4", "created_at": "2026-01-01T00:00:00Z"})
