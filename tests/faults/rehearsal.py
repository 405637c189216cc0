"""Runs an incident on the real processes, then replays their EMF log through the alarms.

Time is compressed: a minute of the alarms takes MINUTE_SECONDS. The intervals of the processes are set accordingly, and
the timestamps of the log are stretched before the replay.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from alarms.definition_files import read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from alarms.recording import read_recording
from alarms.replay import History, replay
from tests.faults.system_under_faults import SystemUnderFaults

MINUTE_SECONDS = 3.0
STRETCH = 60 / MINUTE_SECONDS
HEALTHY_MINUTES = 7
INCIDENT_MINUTES = 10
REQUESTS_A_SECOND = 4
PIPE_BYTES = 4096  # the smallest pipe of Linux, so that a stall blocks the writer after a few records
INTERVALS = {
    "ANB_HEARTBEAT_SECONDS": "0.5",
    "ANB_BACKLOG_INTERVAL_SECONDS": str(MINUTE_SECONDS / 2),
    "REPORT_SECONDS": str(MINUTE_SECONDS / 2),
}
SCALING = ("worker-scale-up", "worker-scale-down")  # they scale the fleet; an idle fleet puts them in ALARM


@dataclass
class Rehearsal:
    """A system with an API, a worker and traffic.

    ``incident_at`` is in seconds since the epoch; ``histories`` stretches it, as it stretches the log.
    """

    system: SystemUnderFaults
    incident_at: float = 0.0
    variables: Mapping[str, str | int | float] = field(default_factory=lambda: read_variables(EXAMPLE))

    def run(self, begin_incident: Callable[[], None]) -> None:
        """Healthy minutes, then the incident. The waits are real, because alarms evaluate periods of time."""
        with self._traffic():
            time.sleep(HEALTHY_MINUTES * MINUTE_SECONDS)
            self.incident_at = time.time()
            begin_incident()
            time.sleep(INCIDENT_MINUTES * MINUTE_SECONDS)

    @contextmanager
    def _traffic(self) -> Iterator[None]:
        """Requests and uploads while the block runs. Requests that fail are part of the incident."""
        stopped = threading.Event()
        threads = [threading.Thread(target=work, args=(stopped,)) for work in (self._send_requests, self._add_uploads)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopped.set()
            for thread in threads:
                thread.join()

    def _send_requests(self, stopped: threading.Event) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.system.api_port}", timeout=10) as client:
            while not stopped.wait(1 / REQUESTS_A_SECOND):
                with suppress(httpx.TransportError):
                    client.get("/api/public/rankings")
                    client.get("/api/health/ready")

    def _add_uploads(self, stopped: threading.Event) -> None:
        while not stopped.wait(1.0):
            entry = self.system.accepted_video(send=False)
            self.system.outbox.deliver(entry)

    def histories(self) -> list[History]:
        """The history that each alarm would have had, by CloudWatch's rules."""
        documents = [json.loads(line) for line in self.system.emf_log.read_text().splitlines()]
        begin = max(_first(documents, "Queue"), _first(documents, "ApiRequest"))  # the processes start before this
        stretched = self.system.directory / "stretched.log"
        with stretched.open("w") as out:
            for document in documents:
                at = document["_aws"]["Timestamp"]
                if at >= begin:
                    document["_aws"]["Timestamp"] = round(begin + (at - begin) * STRETCH)
                    out.write(json.dumps(document) + "\n")
        self.incident_at = begin / 1000 + (self.incident_at - begin / 1000) * STRETCH
        recording = read_recording([stretched])
        return replay(read_definitions(self.variables), recording)

    def fired(self, histories: list[History]) -> dict[str, float]:
        """The alarms that fired, with the minutes from the start of the incident to the ALARM state."""
        return {
            h.definition.stem: (h.episodes[0].begins - self.incident_at) / 60
            for h in histories
            if h.episodes and h.definition.stem not in SCALING
        }


def _first(documents: Sequence[Mapping[str, Any]], record: str) -> float:
    """When the first record of a kind was written, in ms since the epoch."""
    return min(float(d["_aws"]["Timestamp"]) for d in documents if d["Record"] == record)


@contextmanager
def stallable_log(pipe: Path, log: Path) -> Iterator[threading.Event]:
    """A named pipe whose reader copies to ``log``. The reader pauses while the event is set."""
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    stalled, stopped = threading.Event(), threading.Event()

    def copy() -> None:
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with log.open("ab") as out:
            while not stopped.wait(0.02):
                if stalled.is_set():
                    continue
                with suppress(BlockingIOError):
                    out.write(os.read(descriptor, 1_000_000))
                    out.flush()
        os.close(descriptor)

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        yield stalled
    finally:
        stopped.set()
        thread.join()
