"""One timer for all jobs of the process: keeps their leases in the database and their messages hidden.

A lease that could not be renewed in time is lost, whatever the reason: another worker may have the video,
so this one kills its encode and walks away. Visibility alone decides nothing: a message that comes back
too early finds a live lease and waits.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from showcase.database.engine import Database
from showcase.errors import Unavailable
from showcase.jobs.job_queue import Delivery, JobQueue
from showcase.jobs.jobs import Claim, renew_leases
from worker.errors import Interrupted, LeaseLost

SAFETY = 0.8  # of the lease: after so long without a confirmed renewal it counts as lost

log = logging.getLogger(__name__)


class Lease:
    """The right to go on with one job. ``cancelled`` is set when it ends early."""

    def __init__(self, claim: Claim, delivery: Delivery, confirmed_at: float) -> None:
        self.claim = claim
        self.delivery = delivery
        self.confirmed_at = confirmed_at  # monotonic, from before the call that was confirmed
        self.cancelled = threading.Event()
        self._lost = False

    def lose(self) -> None:
        self._lost = True
        self.cancelled.set()

    def interrupt(self) -> None:
        self.cancelled.set()

    def check(self) -> None:
        """Between two steps of a job. Raises LeaseLost or Interrupted."""
        if self._lost:
            raise LeaseLost(f"video {self.claim.video_id}: lease of fence {self.claim.fence} lost")
        if self.cancelled.is_set():
            raise Interrupted(f"video {self.claim.video_id}: interrupted")


class Heartbeat:
    """Renews every ``interval_seconds``. ``on_turn`` is told how many jobs are held and how many renewals failed."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        *,
        interval_seconds: float,
        lease_seconds: int,
        visibility_seconds: int,
        on_turn: Callable[[int, int], None],
    ) -> None:
        self._database = database
        self._queue = queue
        self._interval_seconds = interval_seconds
        self._lease_seconds = lease_seconds
        self._visibility_seconds = visibility_seconds
        self._on_turn = on_turn
        self._held: set[Lease] = set()
        self._interrupting = False
        self._lock = threading.Lock()
        self._hiding = threading.Lock()  # held while messages are being kept hidden; taken before _lock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def holding(self, claim: Claim, delivery: Delivery, claimed_at: float) -> Iterator[Lease]:
        """Keep a claim alive inside the block; ``claimed_at`` is monotonic, from before the claim."""
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
        """Renew it no more. Once this returns, not even a turn that is under way hides its message again."""
        with self._hiding, self._lock:
            self._held.discard(lease)

    def interrupt_all(self) -> None:
        """Ask all jobs to hand their videos back, also those that are just being claimed."""
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
        """Renew everything once."""
        leases = self._snapshot()
        try:
            failures = self._renew(leases) if leases else 0
        finally:  # also when nobody foresaw why it failed
            self._fence_stale(leases)
        self._on_turn(len(leases), failures)

    def _renew(self, leases: list[Lease]) -> int:
        return self._renew_leases(leases) + self._renew_visibility(leases)

    def _renew_leases(self, leases: list[Lease]) -> int:
        asked_at = time.monotonic()
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
        with self._hiding:
            held = self._snapshot()
            deliveries = [lease.delivery for lease in leases if lease in held]
            try:
                return len(self._queue.extend(deliveries, self._visibility_seconds))
            except Unavailable as error:
                log.warning("messages not kept hidden: %s", error)
                return len(deliveries)

    def _fence_stale(self, leases: list[Lease]) -> None:
        deadline = time.monotonic() - SAFETY * self._lease_seconds
        for lease in leases:
            if lease.confirmed_at < deadline:
                lease.lose()
