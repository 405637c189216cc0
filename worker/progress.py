"""Shows the owner how far the encode is, without a write for every frame."""

import time

from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs.jobs import report_progress
from worker.heartbeat import Lease

INTERVAL_SECONDS = 2.0


class ProgressReport:
    """Writes the percentage to the row at most every two seconds, and only when it has risen."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        self._percent = 0
        self._shown_at = time.monotonic()

    def show(self, percent: int) -> None:
        """The encode calls this. If the claim no longer holds, the lease is lost and the job ends."""
        self._lease.move()
        now = time.monotonic()
        if percent <= self._percent or now - self._shown_at < INTERVAL_SECONDS:
            return
        self._percent = percent
        try:
            with self._database.writing() as connection:
                held = report_progress(connection, self._lease.claim, percent)
        except Unavailable:
            return  # the heartbeat decides whether the database is away for too long
        finally:
            self._shown_at = time.monotonic()
        if not held:
            self._lease.lose()
