"""The time of the console. A minute may take less or more than 60 real seconds."""

import time
from collections.abc import Callable

MINUTE = 60


class ConsoleClock:
    """Begins at ``begins`` (seconds since the epoch), by default now.

    If a minute takes another time than 60 s, the clock begins at a full minute.
    """

    def __init__(
        self,
        begins: float | None = None,
        minute_seconds: float = MINUTE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.minute_seconds = minute_seconds
        self._monotonic = monotonic
        first = time.time() if begins is None else begins
        self._begins = first if minute_seconds == MINUTE else first // MINUTE * MINUTE
        self._began = monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._begins + (self._monotonic() - self._began) * MINUTE / self.minute_seconds

    def real_seconds_until(self, moment: float) -> float:
        """The real seconds until the clock shows ``moment``; 0 if it is past."""
        return max(0.0, (moment - self.now()) * self.minute_seconds / MINUTE)
