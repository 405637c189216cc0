"""Follows the logs and evaluates the alarms as time goes on, in one thread."""

import threading
from collections.abc import Sequence

from cloudwatch.emf.arrival import why_dropped
from cloudwatch.emf.findings import LineKind
from console.console_state import Console
from console.log_follower import LogFollower

INTERVAL = 10  # seconds of the console's time; alarms on high resolution are evaluated that often
LOOK_SECONDS = 0.5  # real seconds


class MinuteLoop:
    """Reads new records twice a real second, and evaluates every 10 seconds of the console's time.

    ``stop`` ends its thread. The records of a period that arrive after its evaluation count in the next one, as in
    CloudWatch.
    """

    def __init__(self, console: Console, followers: Sequence[LogFollower]) -> None:
        self._console = console
        self._followers = followers
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="minutes", daemon=True)
        self._first = True
        self._told = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for follower in self._followers:
            follower.close()

    def turn(self) -> None:
        """Read what is new, then evaluate up to the last full interval."""
        with self._console.lock:
            now = self._console.clock.now()
            for follower in self._followers:
                self._read(follower, now)
            self._first = False
            until = int(now) // INTERVAL * INTERVAL
            if until > self._console.alarms.evaluated_until:
                self._console.alarms.evaluate(until)

    def _read(self, follower: LogFollower, now: float) -> None:
        try:
            for record in follower.new_records():
                if not (reason := "" if self._first else why_dropped(record[1], int(now * 1000))):
                    self._console.store.add_record(record)
                else:
                    follower.reader.findings.note(LineKind.DROPPED, reason, str(follower.path), "")
        except OSError as error:
            if self._told != (text := f"{follower.path} cannot be read: {error}"):
                self._told = text
                self._console.tell(now, text)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn()
            until_next = self._console.clock.real_seconds_until(self._console.alarms.evaluated_until + INTERVAL)
            self._stopping.wait(min(until_next, LOOK_SECONDS) if self._followers else until_next)
