"""One timer for all jobs of the process: it renews their leases in the database and keeps their messages hidden.

A lease that was not renewed in time is lost, whatever the reason. Another worker may have the video then, so this
worker kills its encode and abandons the job. Visibility alone decides nothing: a message that comes back too early
meets a live lease and waits.

A lease is renewed only while its job moves: a step ends, or the encode makes progress. A job that stands still, or that
takes longer than its deadline, loses its lease. If its thread does not come back then, ``stuck`` is set. The process
must end in that case, because the thread may hold locks and files.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.jobs.jobs import Claim, renew_leases
from worker.errors import Interrupted, LeaseLost

STILL_NOTICE_SECONDS = 60.0  # after this time without movement, a job is counted as still
STILL_SECONDS = 420.0  # the longest single call of a job (a transfer), and a margin
STUCK_SECONDS = 60.0  # from the loss of a lease to the end of its job; more than any call that settles it
SAFETY = 0.8  # the part of the lease after which it counts as lost, if no renewal was confirmed

log = logging.getLogger(__name__)


class Lease:
    """The right to continue one job. ``cancelled`` is set when that right ends early."""

    def __init__(self, claim: Claim, delivery: Delivery, confirmed_at: float) -> None:
        self.claim = claim
        self.delivery = delivery
        self.confirmed_at = confirmed_at  # monotonic seconds, taken before the call that was confirmed
        self.begun_at = self.moved_at = confirmed_at
        self.lost_at = math.inf
        self.cancelled = threading.Event()
        self._lost = False

    def move(self) -> None:
        """The job calls this when a step ends, and while it encodes."""
        self.moved_at = time.monotonic()

    def lose(self) -> None:
        self._lost = True
        self.lost_at = min(self.lost_at, time.monotonic())
        self.cancelled.set()

    def interrupt(self) -> None:
        self.cancelled.set()

    def check(self) -> None:
        """The job calls this between two steps. Raises LeaseLost or Interrupted."""
        if self._lost:
            raise LeaseLost(f"video {self.claim.video_id}: lease of fence {self.claim.fence} lost")
        if self.cancelled.is_set():
            raise Interrupted(f"video {self.claim.video_id}: interrupted")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of the heartbeat found."""

    jobs: int
    failed_renewals: int
    oldest_job_seconds: float  # since its claim; 0 if no job runs
    still_jobs: int  # jobs that have not moved for STILL_NOTICE_SECONDS


class Heartbeat:
    """Renews everything every ``interval_seconds``, and calls ``on_turn`` after each turn."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        *,
        interval_seconds: float,
        lease_seconds: int,
        visibility_seconds: int,
        job_seconds: float,
        on_turn: Callable[[Turn], None],
        still_seconds: float = STILL_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._database = database
        self._queue = queue
        self._interval_seconds = interval_seconds
        self._lease_seconds = lease_seconds
        self._visibility_seconds = visibility_seconds
        self._job_seconds = job_seconds
        self._still_seconds = still_seconds
        self._stuck_seconds = stuck_seconds
        self._on_turn = on_turn
        self.stuck = threading.Event()
        self._held: set[Lease] = set()
        self._interrupting = False
        self._lock = threading.Lock()
        self._hiding = threading.Lock()  # held while visibility is renewed; always taken before _lock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def holding(self, claim: Claim, delivery: Delivery, claimed_at: float) -> Iterator[Lease]:
        """Keep a claim alive inside the block. ``claimed_at`` is in monotonic seconds, taken before the claim."""
        lease = Lease(claim, delivery, claimed_at)
        with self._lock:
            self._held.add(lease)
        if self._interrupting:
            lease.interrupt()
        try:
            yield lease
        finally:
            with self._lock:
                self._held.discard(lease)

    def let_go(self, lease: Lease) -> None:
        """Stop renewing a lease. After the return, not even the current turn hides its message again."""
        with self._hiding, self._lock:
            self._held.discard(lease)

    def interrupt_all(self) -> None:
        """Make all jobs hand their videos back, and each job that is claimed from now on."""
        self._interrupting = True
        for lease in self._snapshot():
            lease.interrupt()

    def _snapshot(self) -> list[Lease]:
        with self._lock:
            return list(self._held)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_seconds * random.uniform(0.9, 1.0)):  # noqa: S311
            self.turn()

    def turn(self) -> None:
        """Renew all leases and the visibility of their messages once."""
        leases = self._snapshot()
        self._check_movement(leases)
        failures = 0
        try:
            if leases:
                failures = self._renew_leases(leases) + self._renew_visibility(leases)
        finally:  # leases that were not renewed are lost also after an unexpected error
            stale_before = time.monotonic() - SAFETY * self._lease_seconds
            for lease in leases:
                if lease.confirmed_at < stale_before:
                    lease.lose()
        now = time.monotonic()
        self._on_turn(
            Turn(
                jobs=len(leases),
                failed_renewals=failures,
                oldest_job_seconds=max((now - lease.begun_at for lease in leases), default=0.0),
                still_jobs=sum(now - lease.moved_at > STILL_NOTICE_SECONDS for lease in leases),
            )
        )

    def _check_movement(self, leases: list[Lease]) -> None:
        """End the lease of each job that is too late or stands still. Find the threads that are stuck."""
        now = time.monotonic()
        for lease in leases:
            video_id, fence = lease.claim.video_id, lease.claim.fence
            if lease.lost_at == math.inf and now - lease.begun_at > self._job_seconds:
                log.error("video %s: fence %d is still in work after %.0f s", video_id, fence, self._job_seconds)
                lease.lose()
            elif lease.lost_at == math.inf and now - lease.moved_at > self._still_seconds:
                log.error("video %s: fence %d has not moved for %.0f s", video_id, fence, self._still_seconds)
                lease.lose()
            elif now - lease.lost_at > self._stuck_seconds and not self.stuck.is_set():
                log.critical("video %s: the thread of fence %d is stuck; this process ends", video_id, fence)
                self.stuck.set()

    def _renew_leases(self, leases: list[Lease]) -> int:
        """Renew the leases that are not lost, in one statement; return how many renewals got no answer."""
        asked_at = time.monotonic()
        leases = [lease for lease in leases if lease.lost_at == math.inf]
        if not leases:
            return 0
        pairs = [(lease.claim.video_id, lease.claim.fence) for lease in leases]
        try:
            with self._database.writing() as connection:
                renewed = renew_leases(connection, pairs, lease_seconds=self._lease_seconds)
        except Unavailable as error:
            log.warning("leases not renewed: %s", error)
            return len(leases)
        for lease in leases:
            if (lease.claim.video_id, lease.claim.fence) in renewed:
                lease.confirmed_at = asked_at
            else:
                lease.lose()
        return 0

    def _renew_visibility(self, leases: list[Lease]) -> int:
        """Keep the messages of the leases hidden; return how many are not."""
        with self._hiding:
            held = self._snapshot()
            deliveries = [lease.delivery for lease in leases if lease in held]
            try:
                return len(self._queue.extend(deliveries, self._visibility_seconds))
            except Unavailable as error:
                log.warning("messages not kept hidden: %s", error)
                return len(deliveries)
