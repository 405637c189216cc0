"""Tells the service manager that the process is ready, alive or stopping. Without a service manager, nothing is sent.

The protocol is sd_notify(3): one datagram of ``NAME=value`` lines to the socket in ``$NOTIFY_SOCKET``.
The unit needs ``Type=notify``, and ``WatchdogSec=`` for the watchdog.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence

USEC = 1_000_000  # microseconds in a second

log = logging.getLogger(__name__)


class Notifier:
    """Sends messages to the service manager at ``address``: a path, ``@name`` of the abstract namespace, or None.

    No method blocks or raises. Of consecutive failures, the first is logged. For one thread.
    """

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address
        self._failing = False

    def ready(self) -> None:
        """Everything is started. From now on the watchdog waits for ``alive``."""
        self._send("READY=1")

    def alive(self) -> None:
        """Restart the clock of the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self, seconds: float) -> None:
        """The process will end by itself within ``seconds``, so neither stop timeout nor watchdog may end it earlier.

        systemd only moves deadlines to a later time for this message, so one message covers the whole drain.
        """
        self._send(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={round(seconds * USEC)}")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(state.encode(), self._address)
        except OSError as error:
            if not self._failing:
                log.warning("cannot send %s to the service manager: %s", state.splitlines()[0], error)
            self._failing = True
        else:
            self._failing = False


class Liveness:
    """Remembers when each part of the process last reported that it works. Safe in several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun_at = clock()
        self._touched_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def touch(self, name: str) -> None:
        """Note that the part called ``name`` works now."""
        with self._lock:
            self._touched_at[name] = self._clock()

    def age(self, name: str) -> float:
        """Seconds since the last ``touch`` of the part, or since the start of the process if there was none."""
        with self._lock:
            return self._clock() - self._touched_at.get(name, self._begun_at)


class Watchdog:
    """Sends ``alive`` to systemd only while every part of the process in ``parts`` reports to ``liveness``.

    A part counts as silent after half of ``watchdog_usec`` without a report. So systemd ends the process between 1 and
    1.5 times ``watchdog_usec`` after the last report. With None, there is no watchdog.
    """

    def __init__(self, notifier: Notifier, liveness: Liveness, watchdog_usec: int | None, parts: Sequence[str]) -> None:
        self._notifier = notifier
        self._liveness = liveness
        self._silence_seconds_max = watchdog_usec / 2 / USEC if watchdog_usec else None
        self._parts = parts
        self._silent: list[str] = []

    def feed(self) -> bool:
        """Send ``alive``, or return False if a part is silent. Call it well within each half of ``watchdog_usec``."""
        if self._silence_seconds_max is None:
            return True
        limit = self._silence_seconds_max
        silent = [part for part in self._parts if self._liveness.age(part) > limit]
        if silent and silent != self._silent:
            log.error("no report for %.1f s from: %s; the watchdog will end this process", limit, silent)
        self._silent = silent
        if not silent:
            self._notifier.alive()
        return not silent
