"""Incident rehearsals: exactly the expected pages and alarms come, within the minutes that the runbook promises."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from alarms.definition_files import Definition, read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE
from alarms.other_version import other_version
from alarms.recording import MINUTE, Recording, read_recording
from alarms.replay import replay
from cli.screen import Screen
from local.system.postgres_server import PostgresServer
from tests.clips import Clips
from tests.faults import incidents
from tests.faults.fixtures import SystemMaker
from tests.faults.incidents import STALL_MINUTES, Incident
from tests.faults.rehearsal import PROMISE_MINUTES, Outcome, Rehearsal, outcome
from tests.faults.system_under_faults import SystemUnderFaults
from tests.faults.traffic import Traffic

SLACK_MINUTES = 1.5  # one second of delay on a busy machine is twelve seconds of compressed time
TICKET = "needs-attention"
# The minutes until the cause of an alarm shows in its metrics, from which the promise of the runbook counts. An upload
# is late when its promised moment has passed, and a message is old after 450 s.
SHOWS_AFTER_MINUTES = {"uploads-published-page": float(PROMISE_MINUTES), "oldest-message-age": 7.5}


@dataclass(frozen=True)
class Rehearsed:
    """An incident, the pages and hand-written alarms that it must cause, and no others.

    ``shows_after`` is SHOWS_AFTER_MINUTES where this incident has other minutes.
    """

    run: Incident
    pages: Sequence[str] = ()
    alarms: Sequence[str] = ()
    shows_after: Mapping[str, float] = field(default_factory=dict)

    @property
    def causes(self) -> set[str]:
        """The pages, the alarms, and the ticket that every alarm opens."""
        return {*self.pages, *self.alarms, *([TICKET] if self.alarms else [])}


@dataclass(frozen=True)
class Version:
    """The definitions of one git revision, and what each incident does to them."""

    definitions: Sequence[Definition]
    outcomes: Mapping[str, Outcome]

    def pages_text(self, incident: str) -> str:
        """The pages, each with the minutes from the start of the incident."""
        topic = read_variables(EXAMPLE)["PAGE_TOPIC_ARN"]
        pages = {d.stem for d in self.definitions if topic in d.parameters.get("AlarmActions", ())}
        notified = sorted(self.outcomes[incident].notified.items(), key=lambda each: each[1])
        return ", ".join(f"{stem} {minutes:.0f} min" for stem, minutes in notified if stem in pages) or "none"


INCIDENTS = {
    "queue away": Rehearsed(
        incidents.queue_unreachable,
        pages=("uploads-published-page",),
        alarms=("backlog-metric-missing",),
    ),
    "damaged clips": Rehearsed(incidents.all_videos_damaged, alarms=("refusals-high",)),
    "worker killed": Rehearsed(
        incidents.worker_killed,
        pages=("workers-down",),
        alarms=("worker-heartbeat-missing", "backlog-metric-missing"),
    ),
    "database away": Rehearsed(
        incidents.database_unreachable_for_api,
        pages=("api-availability-page",),
        alarms=("api-errors",),
    ),
    "log stalled": Rehearsed(
        incidents.log_of_api_stalled,
        alarms=("records-dropped",),
        shows_after={"records-dropped": STALL_MINUTES, TICKET: STALL_MINUTES},  # when the stall has ended
    ),
    "database slow": Rehearsed(
        incidents.database_slow_for_api,
        pages=("api-latency-page",),
        alarms=("api-latency-p99",),
    ),
    "storage slow": Rehearsed(
        incidents.storage_slow,
        pages=("uploads-published-page",),
        alarms=("api-latency-p99", "oldest-message-age"),
        shows_after={"uploads-published-page": 7, "oldest-message-age": 9.5},  # the first clips are still in time
    ),
    "bad release": Rehearsed(
        incidents.bad_release,
        pages=("clips-processed-page", "uploads-published-page"),
        alarms=("worker-errors", "dead-letters"),
        shows_after={"dead-letters": 3},  # the longest back-off between the attempts of a video
    ),
    "flood of one player": Rehearsed(
        incidents.flood_of_one_player,
        pages=("uploads-published-page",),
        alarms=("queue-depth-high", "oldest-message-age"),
    ),
    "deployment": Rehearsed(incidents.deployment_that_drains),
}


@pytest.mark.campaign("ten incidents, each as long as the minutes of its alarms, which are five seconds each")
@pytest.mark.timeout(900)
def test_exactly_the_expected_alarms_fire_in_time(
    make_system: SystemMaker, postgres: PostgresServer, clips: Clips, pytestconfig: pytest.Config
) -> None:
    """The incidents run at the same time, because most of their time is waiting."""
    clip = clips.plain().read_bytes()
    variables = read_variables(EXAMPLE)
    definitions = read_definitions(variables)
    recordings = recorded({name: Rehearsal(make_system(), clip) for name in INCIDENTS}, postgres)
    outcomes = {name: outcome(definitions, recording) for name, recording in recordings.items()}
    versions = {"now": Version(definitions, outcomes)}
    if revision := pytestconfig.getoption("--alarms-before"):
        before = other_version(revision, definitions, variables)
        replayed = {name: outcome(before, recording) for name, recording in recordings.items()}
        versions = {f"at {revision}": Version(before, replayed), **versions}
    show_pages(versions)
    promised = {d.stem: float(d.why["fires_within_minutes"]) for d in definitions if "fires_within_minutes" in d.why}
    problems = [problem for name in INCIDENTS for problem in differences(name, outcomes[name], promised)]
    assert not problems, "\n".join(problems)


@pytest.mark.campaign("a part of the rehearsals")
def test_one_failed_request_of_three_pages_nobody(system: SystemUnderFaults, postgres: PostgresServer) -> None:
    traffic = Traffic(system)
    with incidents.api_behind_a_proxy_of_postgres(system, postgres) as proxy, traffic.signed_in():
        proxy.set_rules({"service": "postgres", "reset": True})
        traffic.ask_for_rankings()
    assert len(traffic.failures) == 1
    recording = read_recording([system.emf_log])
    histories = replay(read_definitions(read_variables(EXAMPLE)), replace(recording, end=recording.end + 5 * MINUTE))
    fired = {history.definition.stem for history in histories if history.episodes}
    short = {f"api-availability-{window}" for window in ("fast-5m", "medium-30m", "slow-6h")}
    assert fired == short, "each pair has a long window, too, and that has too few events to decide"


def recorded(rehearsals: Mapping[str, Rehearsal], postgres: PostgresServer) -> dict[str, Recording]:
    with ThreadPoolExecutor(len(rehearsals)) as pool:
        runs = {name: pool.submit(INCIDENTS[name].run, each, postgres) for name, each in rehearsals.items()}
        for run in runs.values():
            run.result()
    for rehearsal in rehearsals.values():
        for process in rehearsal.system.processes:
            process.stop()
    return {name: rehearsal.recording() for name, rehearsal in rehearsals.items()}


def differences(name: str, found: Outcome, promised: Mapping[str, float]) -> list[str]:
    """What differs from the expected pages and alarms, one line each."""
    rehearsed = INCIDENTS[name]
    times, expected = {**found.notified, **found.fired}, rehearsed.causes
    shows_after = {**SHOWS_AFTER_MINUTES, **rehearsed.shows_after}
    problems = [f"{name}: {stem} should have fired" for stem in sorted(expected - times.keys())]
    problems += [
        f"{name}: {stem} should not have fired, after {times[stem]:.1f} min" for stem in sorted(times.keys() - expected)
    ]
    problems += [
        f"{name}: {stem} fired after {times[stem]:.1f} min; the runbook promises {promised[stem]:g}"
        for stem in sorted(expected & times.keys())
        if not 0 <= times[stem] <= promised[stem] + shows_after.get(stem, 0) + SLACK_MINUTES
    ]
    return problems


def show_pages(versions: Mapping[str, Version]) -> None:
    """Print the pages of each incident, a column for each version of the definitions, as docs/ALARMS.md has them."""
    screen = Screen()
    screen.line(f"\n| incident | {' | '.join(f'pages {name}' for name in versions)} |")
    screen.line(f"| --- |{' --- |' * len(versions)}")
    for incident in INCIDENTS:
        cells = (version.pages_text(incident) for version in versions.values())
        screen.line(f"| {incident} | {' | '.join(cells)} |")
