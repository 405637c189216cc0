"""A bounded queue of records, one thread that writes them, and a count of the lost ones.

``submit`` never blocks and never fails. When the destination is slow or away, the queue fills up, the oldest records
are dropped, and the loss is counted and reported as a metric. Each record is one write, so that lines of several
threads or processes cannot mix.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

REPORT_SECONDS = 60.0
LINGER_SECONDS = 0.05  # records that come within it are written together, which saves a third of a busy API's CPU time
RETRY_SECONDS_MIN = 0.1
RETRY_SECONDS_MAX = 5.0

log = logging.getLogger(__name__)


class Destination(Protocol):
    """A destination of lines. Only the writer thread calls it."""

    def write(self, line: bytes) -> None:
        """Write one whole line. After an OSError the same line is tried again."""

    def close(self) -> None:
        """Close files and connections."""


@dataclass(frozen=True, slots=True)
class SinkCounts:
    """Records written and lost."""

    emitted: int
    dropped: int


class Sink:
    """Queues up to ``records_max`` records. ``report`` makes a line of the counts since the last report."""

    def __init__(
        self,
        destination: Destination,
        *,
        records_max: int,
        report: Callable[[SinkCounts], str] | None = None,
        report_seconds: float = REPORT_SECONDS,
    ) -> None:
        self._destination = destination
        self._records_max = records_max
        self._report = report
        self._report_seconds = report_seconds
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._emitted = 0
        self._dropped = 0
        self._closed = False
        self._report_at = time.monotonic() + report_seconds
        self._reported = SinkCounts(0, 0)
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write_all, name="telemetry-sink", daemon=True)
        self._writer.start()

    def submit(self, line: str) -> None:
        """Queue one line, without a line end. After ``close`` a line is only counted as dropped."""
        with self._lock:
            if self._closed:
                self._dropped += 1
                return
            if len(self._waiting) >= self._records_max:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(line)
        self._wake.set()

    def count_dropped(self) -> None:
        """Count a record that was lost before it was submitted."""
        with self._lock:
            self._dropped += 1

    @property
    def counts(self) -> SinkCounts:
        """The counts since the start."""
        with self._lock:
            return SinkCounts(self._emitted, self._dropped)

    def close(self, seconds: float) -> None:
        """Write the waiting lines and a last report, for at most ``seconds``. The rest is counted as dropped."""
        self._closing.set()
        self._wake.set()
        self._writer.join(seconds)
        with self._lock:
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._closed = True
        if self._writer.is_alive():
            log.warning("telemetry destination is stalled")
        log.info("telemetry closed: %d records written, %d dropped", self.counts.emitted, self.counts.dropped)

    def _write_all(self) -> None:
        while not (self._closing.is_set() and not self._waiting):
            self._wake.wait(max(0.0, self._report_at - time.monotonic()))
            self._closing.wait(LINGER_SECONDS)
            self._wake.clear()
            self._write_waiting()
        self._write_report()
        self._destination.close()

    def _write_waiting(self) -> None:
        self._report_if_due()
        while (line := self._take()) is not None:
            self._write_counted(line)
            self._report_if_due()  # here too, because with a slow destination the queue never becomes empty

    def _report_if_due(self) -> None:
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + self._report_seconds
            self._write_report()

    def _write_report(self) -> None:
        """Write the report directly: in the queue, a report on a loss could be lost."""
        if self._report is None:
            return
        now = self.counts
        since = SinkCounts(now.emitted - self._reported.emitted, now.dropped - self._reported.dropped)
        if self._write_counted(self._report(since)):
            self._reported = now

    def _write_counted(self, line: str) -> bool:
        is_out = self._write(line.encode() + b"\n")
        with self._lock:
            self._emitted += is_out
            self._dropped += not is_out
        return is_out

    def _take(self) -> str | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _write(self, line: bytes) -> bool:
        """Write the line, and try again until it is written or the sink closes."""
        pause = RETRY_SECONDS_MIN
        while True:
            try:
                self._destination.write(line)
            except OSError as error:
                if self._closing.wait(pause):
                    return False
                if pause == RETRY_SECONDS_MIN:
                    log.warning("telemetry destination is away, records wait: %s", error)
                pause = min(pause * 2, RETRY_SECONDS_MAX)
            else:
                return True
