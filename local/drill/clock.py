"""Compressed time: so many real seconds are one minute of CloudWatch."""

import time

MINUTE = 60
BASE = 1_000_000_020 // MINUTE * MINUTE  # simulated seconds since the epoch at the start: any full minute


class Clock:
    """``minute_seconds``: how long a simulated minute lasts, in real seconds. ``start``: now, else of a recording."""

    def __init__(self, minute_seconds: float, start: float | None = None) -> None:
        self.minute_seconds = minute_seconds
        self._start = time.time() if start is None else start

    def simulated_ms(self, real_ms: int) -> int:
        """The simulated moment of a real timestamp, both in ms since the epoch."""
        elapsed = (real_ms / 1000 - self._start) / self.minute_seconds * MINUTE
        return round((BASE + elapsed) * 1000)

    def wait_for(self, minute: int) -> int:
        """Sleep until that minute is over and what it measured has been written; return its end (simulated s)."""
        due = self._start + (minute + 0.4) * self.minute_seconds
        time.sleep(max(0.0, due - time.time()))
        return BASE + minute * MINUTE
