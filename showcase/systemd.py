"""What the service manager is told: ready, alive, stopping. Off, at no cost, where there is none.

The protocol is that of sd_notify(3): one datagram of ``NAME=value`` lines to the socket in ``$NOTIFY_SOCKET``.
The unit needs ``Type=notify``, and ``WatchdogSec=`` for the watchdog.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence

USEC = 1_000_000  # in a second

log = logging.getLogger(__name__)


class Notifier:
    """Speaks to the service manager behind ``address``: a path, ``@name`` of the abstract namespace, or None.

    Nothing here blocks or raises; a row of failures is said once. For one thread.
    """

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address
        self._failing = False

    def ready(self) -> None:
        """Everything is started. The clock of the watchdog begins."""
        self._send("READY=1")

    def alive(self) -> None:
        """Start the clock of the watchdog anew."""
        self._send("WATCHDOG=1")

    def stopping(self, seconds: float) -> None:
        """We end by ourselves, within ``seconds``: neither the stop timeout nor the watchdog may end us before.

        systemd only ever moves a deadline to a later time for this, so one message covers the whole drain.
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
                log.warning("the service manager cannot be told %s: %s", state.splitlines()[0], error)
            self._failing = True
        else:
            self._failing = False


class Liveness:
    """When each part of the process last gave a sign of life. For any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun_at = clock()
        self._touched_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def touch(self, name: str) -> None:
        """The part called ``name`` is alive."""
        with self._lock:
            self._touched_at[name] = self._clock()

    def age(self, name: str) -> float:
        """Seconds since its last sign; since the beginning, if it never gave one."""
        with self._lock:
            return self._clock() - self._touched_at.get(name, self._begun_at)


class Watchdog:
    """Vouches for the process, and only while every part of it in ``parts`` gives signs of life.

    A part is silent after half of ``watchdog_usec``: the process is ended one to one and a half of it after
    the last sign. None: no watchdog is asked for.
    """

    def __init__(self, notifier: Notifier, liveness: Liveness, watchdog_usec: int | None, parts: Sequence[str]) -> None:
        self._notifier = notifier
        self._liveness = liveness
        self._silence_seconds_max = watchdog_usec / 2 / USEC if watchdog_usec else None
        self._parts = parts
        self._silent: list[str] = []

    def feed(self) -> bool:
        """Look, and vouch. To be called well within half of ``watchdog_usec``; False if a part is silent."""
        if self._silence_seconds_max is None:
            return True
        limit = self._silence_seconds_max
        silent = [part for part in self._parts if self._liveness.age(part) > limit]
        if silent and silent != self._silent:
            log.error("no sign of life for %.1f s from: %s; the watchdog will end this process", limit, silent)
        self._silent = silent
        if not silent:
            self._notifier.alive()
        return not silent
