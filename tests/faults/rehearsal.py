"""Runs an incident on the real processes, then replays their EMF log through the alarms.

Time is compressed: a minute of the alarms takes MINUTE_SECONDS. The intervals of the processes and the promise of a
published video are compressed accordingly. Before the replay, the timestamps of the log are stretched, and the ages it
tells in seconds. What it tells in milliseconds, for example the latency of a request, stays as it is.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from alarms.definition_files import Definition, DefinitionKind
from alarms.recording import MINUTE, Recording
from alarms.replay import replay
from cloudwatch.alarm.state import AlarmState
from cloudwatch.emf import read_lines
from cloudwatch.store import MetricStore
from tests.faults.system_under_faults import SystemUnderFaults
from tests.faults.traffic import Traffic

MINUTE_SECONDS = 5.0  # so that the five minutes of the promise are 25 s, the least that the setting takes
STRETCH = MINUTE / MINUTE_SECONDS
PROMISE_MINUTES = 5
HEALTHY_MINUTES = PROMISE_MINUTES + 3  # the first upload is judged after the promise; the rest is a healthy record
REPEATED_MINUTES = 2
HISTORY_MINUTES = 360  # the longest window of a page
INCIDENT_MINUTES = 21  # until late uploads page: promised 12, from five minutes after the first late upload
RANKINGS_A_MINUTE, UPLOADS_A_MINUTE, PROBES_A_MINUTE = 10, 3, 1
HOUR = 3600
INTERVALS = {
    "ANB_HEARTBEAT_SECONDS": str(MINUTE_SECONDS / 4),
    "ANB_OUTBOX_INTERVAL_SECONDS": str(MINUTE_SECONDS / 4),
    "ANB_BACKLOG_INTERVAL_SECONDS": str(MINUTE_SECONDS / 2),
    "ANB_PUBLISH_WITHIN_SECONDS": str(PROMISE_MINUTES * MINUTE_SECONDS),
    "REPORT_SECONDS": str(MINUTE_SECONDS / 2),
}
SCALING = ("worker-scale-up", "worker-scale-down")  # they scale the fleet; an idle fleet puts them in ALARM


@dataclass(frozen=True)
class Outcome:
    """What an incident does to the alarms: each with the minutes from the start of the incident.

    ``notified`` are the composites whose actions ran: pages and tickets. ``fired`` are the metric alarms that were
    written by hand; those of the objectives' windows are left out, because their composites decide.
    """

    notified: dict[str, float]
    fired: dict[str, float]


class Rehearsal:
    """A system with an API, a worker and traffic. The real time of its incident is in seconds since the epoch."""

    def __init__(self, system: SystemUnderFaults, clip: bytes) -> None:
        self.system = system
        self.traffic = Traffic(system, clip)
        self._incident_at = 0.0

    def run(self, begin_incident: Callable[[], object], end_incident: Callable[[], object] = lambda: None) -> None:
        """A first upload is published, then come healthy minutes, then the incident.

        The waits are real, because alarms evaluate periods of time.
        """
        with self.traffic.signed_in():
            self.traffic.upload()
            self.system.wait_until(self.system.all_settled, "published")
            self._run(begin_incident, end_incident)

    def _run(self, begin_incident: Callable[[], object], end_incident: Callable[[], object]) -> None:
        with self.traffic.running(
            rankings=RANKINGS_A_MINUTE / MINUTE_SECONDS,
            uploads=UPLOADS_A_MINUTE / MINUTE_SECONDS,
            probes=PROBES_A_MINUTE / MINUTE_SECONDS,
        ):
            time.sleep(HEALTHY_MINUTES * MINUTE_SECONDS)
            self._incident_at = time.time()
            begin_incident()
            ends_at = self._incident_at + INCIDENT_MINUTES * MINUTE_SECONDS
            time.sleep(max(0.0, ends_at - time.time()))
            end_incident()

    def recording(self) -> Recording:
        """The log in the alarms' time. The incident begins at a full hour, after HISTORY_MINUTES without an incident.

        An objective looks back for hours. So the last healthy minutes are repeated until they are that long; with less
        history, the windows would fire earlier than they do.
        """
        store = MetricStore()
        incident_ms = round(self._incident_at) // HOUR * HOUR * 1000
        with self.system.emf_log.open() as lines:
            for point in read_lines(lines):
                stretched_ms = incident_ms + round((point.timestamp_ms - self._incident_at * 1000) * STRETCH)
                is_age = point.unit == "Seconds"
                values = tuple(value * STRETCH for value in point.values) if is_age else point.values
                for at_ms in _repeated(stretched_ms, incident_ms):
                    store.add(point._replace(timestamp_ms=at_ms, values=values))
        begin = incident_ms // 1000 - HISTORY_MINUTES * MINUTE
        return Recording(store, begin, incident_ms // 1000 + INCIDENT_MINUTES * MINUTE)


def _repeated(at_ms: int, incident_ms: int) -> Iterator[int]:
    """The times at which a record counts: its own in the incident, many before it, none in the first minutes."""
    step = REPEATED_MINUTES * MINUTE * 1000
    if at_ms >= incident_ms:
        yield at_ms
    elif at_ms >= incident_ms - step:
        yield from range(at_ms, incident_ms - HISTORY_MINUTES * MINUTE * 1000, -step)


def outcome(definitions: Sequence[Definition], recording: Recording) -> Outcome:
    """The alarms that a recording fires."""
    incident_at = recording.start + HISTORY_MINUTES * MINUTE
    notified: dict[str, float] = {}
    fired: dict[str, float] = {}
    for history in replay(definitions, recording):
        definition = history.definition
        if definition.kind is DefinitionKind.COMPOSITE_ALARM:
            times, found = [at for at, state in history.actions if state is AlarmState.ALARM], notified
        elif definition.objective or definition.stem in SCALING:
            continue
        else:
            times, found = [episode.begins for episode in history.episodes], fired
        if times:
            found[definition.stem] = (times[0] - incident_at) / MINUTE
    return Outcome(notified, fired)
