"""Receives messages into free slots, and drains before the process ends."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from showcase.errors import Unavailable
from showcase.jobs.job_queue import BATCH_MAX, Delivery, JobQueue
from worker.breaker import Breaker
from worker.job import HANDED_BACK_SECONDS, JobHandler
from worker.job_record import Outcome
from worker.slots import Slots

TURN_SECONDS = 5.0  # the longest wait of one turn of the poll loop, for a free slot or for the gate
EMPTY_SECONDS_MIN = 1.0  # from one empty receive to the next, because a queue may answer at once without a message

log = logging.getLogger(__name__)


class Gate(Protocol):
    """Decides whether the loop may receive; see worker.ec2.lifecycle.Protection."""

    def protect(self) -> bool: ...
    def busy(self) -> None: ...
    def idle(self) -> None: ...


class WorkerLoop:
    """One polling thread and ``slots`` job threads.

    ``on_turn`` is called at each turn of the polling thread. Without a ``gate``, the loop may always receive.
    """

    def __init__(
        self,
        queue: JobQueue,
        handler: JobHandler,
        breaker: Breaker,
        *,
        slots: int,
        on_turn: Callable[[], None],
        gate: Gate | None = None,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._breaker = breaker
        self._slots = Slots(slots)
        self._on_turn = on_turn
        self._gate = gate
        self._stopping = threading.Event()
        # The job threads live as long as the process: an encode dies with the thread that started it.
        self._jobs = ThreadPoolExecutor(slots, thread_name_prefix="job")
        self._poller = threading.Thread(target=self._poll_until_stopped, name="poller", daemon=True)

    def start(self) -> None:
        self._poller.start()

    def stop(self) -> None:
        """End polling. The current receive is finished, and its messages are released.

        A receive that is cut off would leave its messages hidden for a whole visibility timeout.
        """
        self._stopping.set()
        self._slots.close()
        self._poller.join()

    def drain(self, seconds: float, interrupt_all: Callable[[], None]) -> None:
        """Wait up to ``seconds`` for running jobs. Then ``interrupt_all``, and wait until all jobs are handed back."""
        if not self._slots.wait_until_idle(seconds):
            log.warning("jobs still run after %.0f s: they are handed back", seconds)
            interrupt_all()
        self._jobs.shutdown(wait=True)

    def _poll_until_stopped(self) -> None:
        while not self._stopping.is_set():
            self._on_turn()
            free = self._slots.take(BATCH_MAX, TURN_SECONDS)
            # The breaker is asked last: the job that gives its place back may be the one that has opened it.
            is_closed = self._breaker.wait_until_closed(self._stopping)
            deliveries = self._receive(free) if free and is_closed else []
            self._slots.give_back(free - len(deliveries))
            for delivery in deliveries:
                self._jobs.submit(self._work, delivery)

    def _receive(self, count: int) -> list[Delivery]:
        """Up to ``count`` messages, for places that are taken already. None if the gate or an outage forbids it."""
        try:
            if self._gate and not self._gate.protect():
                self._stopping.wait(TURN_SECONDS)
                return []
            asked_at = time.monotonic()
            deliveries = self._queue.receive(count)
            if not deliveries:
                self._stopping.wait(asked_at + EMPTY_SECONDS_MIN - time.monotonic())
            if self._gate:
                is_busy = deliveries or self._slots.in_use() > count
                (self._gate.busy if is_busy else self._gate.idle)()
            if not self._stopping.is_set():
                return deliveries
            self._queue.release_all(deliveries, HANDED_BACK_SECONDS)
        except Unavailable as error:
            log.warning("%s", error)
            self._breaker.trip()
        return []

    def _work(self, delivery: Delivery) -> None:
        try:
            outcome = self._handler.handle(delivery)
            if outcome is Outcome.UNAVAILABLE:
                self._breaker.trip()
            elif outcome is Outcome.PROCESSED:
                self._breaker.note_success()
        except Exception:
            # The only broad handler around a job. An unexpected error is treated like a crash: the lease runs out,
            # the video is claimed again, and the attempts in the database limit how often.
            log.exception("message %s: unexpected error", delivery.message_id)
        finally:
            self._slots.give_back()
