"""An incident on the running system, and what the alarms make of its own EMF log.

Time is compressed: a minute of the alarms is MINUTE_SECONDS of the processes, whose intervals are set accordingly, and
the timestamps of the log are stretched before it is replayed.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from alarms.command import EXAMPLE
from alarms.definitions import read_definitions, read_variables
from alarms.replay import History, read_recording, replay
from tests.faults.stage import Stage

MINUTE_SECONDS = 3.0
STRETCH = 60 / MINUTE_SECONDS
HEALTHY_MINUTES = 7
INCIDENT_MINUTES = 10
REQUESTS_A_SECOND = 4
INTERVALS = {
    "ANB_HEARTBEAT_SECONDS": "0.5",
    "ANB_BACKLOG_INTERVAL_SECONDS": str(MINUTE_SECONDS / 2),
    "REPORT_SECONDS": str(MINUTE_SECONDS / 2),
}
SCALING = ("worker-scale-up", "worker-scale-down")  # they steer the fleet, and are in ALARM when it is idle


@dataclass
class Rehearsal:
    """A stage with an API, a worker and traffic. ``incident_at`` is in stretched seconds since the epoch."""

    stage: Stage
    incident_at: float = 0.0
    variables: Mapping[str, str | int | float] = field(default_factory=lambda: read_variables(EXAMPLE))

    def play(self, begin: Callable[[], None]) -> None:
        """Healthy minutes, then the incident. Waits for time: it is what alarms are about."""
        with self._traffic():
            time.sleep(HEALTHY_MINUTES * MINUTE_SECONDS)
            self.incident_at = time.time()
            begin()
            time.sleep(INCIDENT_MINUTES * MINUTE_SECONDS)

    @contextmanager
    def _traffic(self) -> Iterator[None]:
        """Requests and uploads, as long as the block lasts; what fails is what the incident is about."""
        over = threading.Event()
        threads = [threading.Thread(target=work, args=(over,)) for work in (self._ask, self._upload)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _ask(self, over: threading.Event) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.stage.api_port}", timeout=10) as client:
            while not over.wait(1 / REQUESTS_A_SECOND):
                with suppress(httpx.TransportError):
                    client.get("/api/public/rankings")

    def _upload(self, over: threading.Event) -> None:
        while not over.wait(1.0):
            entry = self.stage.accepted_video(send=False)
            self.stage.outbox.send(entry)

    def histories(self, log: Path | None = None) -> list[History]:
        """What the alarms would have done, by CloudWatch's rules."""
        source, stretched = log or self.stage.emf_log, self.stage.directory / "stretched.log"
        origin = None
        with source.open() as lines, stretched.open("w") as out:
            for line in lines:
                document = json.loads(line)
                origin = origin or document["_aws"]["Timestamp"]
                document["_aws"]["Timestamp"] = round(origin + (document["_aws"]["Timestamp"] - origin) * STRETCH)
                out.write(json.dumps(document) + "\n")
        assert origin
        self.incident_at = origin / 1000 + (self.incident_at - origin / 1000) * STRETCH
        recording = read_recording([stretched])
        return replay(read_definitions(self.variables), recording, namespace=str(self.variables["NAMESPACE"]))

    def fired(self, histories: list[History]) -> dict[str, float]:
        """The alarms that fired, and how many minutes after the beginning of the incident."""
        return {
            h.definition.stem: (h.episodes[0].begins - self.incident_at) / 60
            for h in histories
            if h.episodes and h.definition.stem not in SCALING
        }


@contextmanager
def stallable_log(pipe: Path, log: Path) -> Iterator[threading.Event]:
    """A named pipe whose reader copies to ``log``, and stops reading while the event is set."""
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    stalled, over = threading.Event(), threading.Event()

    def copy() -> None:
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        with log.open("ab") as out:
            while not over.wait(0.02):
                with suppress(BlockingIOError):
                    if not stalled.is_set():
                        out.write(os.read(descriptor, 1_000_000))
                        out.flush()
        os.close(descriptor)

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        yield stalled
    finally:
        over.set()
        thread.join()
