"""How often in a row a dependency was away, in the eyes of this process: the measure of its back-off."""

import threading
import time


class Outages:
    """Counts consecutive outages. Jobs that were under way in one outage count it once, however many they are.

    The number of receives of a message is no measure: it also counts hand-backs, restarts and busy leases.
    """

    def __init__(self) -> None:
        self._count = 0
        self._noted_at = 0.0  # monotonic
        self._lock = threading.Lock()

    def note(self, begun_at: float) -> int:
        """A job that began at ``begun_at`` (monotonic seconds) met an outage. Returns how many there were in a row."""
        with self._lock:
            if self._count == 0 or begun_at > self._noted_at:
                self._count += 1
            self._noted_at = time.monotonic()
            return self._count

    def end(self) -> None:
        """A job ended as it should."""
        with self._lock:
            self._count = 0
