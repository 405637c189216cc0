"""Compressed time: a minute of CloudWatch lasts one or two real seconds."""

import time

MINUTE = 60
BASE = 1_000_000_020 // MINUTE * MINUTE  # simulated seconds since the epoch at the start: any full minute


class Clock:
    """The simulated time. ``minute_seconds``: real seconds of a minute. ``start``: real time of minute 0 (now)."""

    def __init__(self, minute_seconds: float, start: float | None = None) -> None:
        self.minute_seconds = minute_seconds
        self._start = time.time() if start is None else start

    def simulated_ms(self, real_ms: int) -> int:
        """The simulated time of a real timestamp, both in ms since the epoch."""
        elapsed = (real_ms / 1000 - self._start) / self.minute_seconds * MINUTE
        return round((BASE + elapsed) * 1000)

    def wait_for(self, minute: int) -> int:
        """Sleep until that minute is over and its records have been written; return its end (simulated s)."""
        due = self._start + (minute + 0.4) * self.minute_seconds
        time.sleep(max(0.0, due - time.time()))
        return BASE + minute * MINUTE
