"""Counts how often in a row this process met an outage of a dependency. The back-off grows with the count."""

import threading
import time


class Outages:
    """Counts consecutive outages. If several jobs meet the same outage, it counts once.

    The number of receives of a message cannot be used: it also counts hand-backs, restarts and busy leases.
    """

    def __init__(self) -> None:
        self._count = 0
        self._noted_at = 0.0  # monotonic
        self._lock = threading.Lock()

    def note(self, begun_at: float) -> int:
        """A job that began at ``begun_at`` (monotonic seconds) met an outage. Returns the outages in a row."""
        with self._lock:
            if self._count == 0 or begun_at > self._noted_at:
                self._count += 1
            self._noted_at = time.monotonic()
            return self._count

    def end(self) -> None:
        """Call this when a job was processed or refused: the count starts again at 0."""
        with self._lock:
            self._count = 0
